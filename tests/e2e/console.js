'use strict';
// The console's pages in Chromium.
//   node console.js SCENARIO '{"url":…,"ca":…,"user":…,"password":…,…}'
// Prints one JSON line of what a person would have seen.  Whatever a page
// writes to the browser's console as an error ends it.
const fs = require('fs');
const { chromium } = require('playwright-core');
const { launch, removeHome } = require('./chromium');

const [scenario, text] = process.argv.slice(2);
const given = JSON.parse(text);
const DIRECT = 'data:,function FindProxyForURL(){return "DIRECT"}';
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const wrong = [];

async function logIn(page, path = '/services', password = given.password) {
  await page.goto(`${given.url}/login?next=${encodeURIComponent(path)}`);
  await page.fill('#username', given.user);
  await page.fill('#password', password);
  const answer = page.waitForResponse(r => r.request().method() === 'POST' && new URL(r.url()).pathname === '/login');
  await page.click('button[type=submit]');
  await answer; // the session is there before the next page is asked for
}

const total = page => page.locator('.activities-page .total b').first().textContent().then(t => Number(t.replace(/\D/g, '')));
const rows = page => page.locator('tr[data-id]');
const texts = locator => locator.allTextContents();

/** Numbers and rows of this view are there. */
async function loaded(page, act) {
  const answers = ['/api/v1/activities', '/api/v1/stats'].map(path =>
    page.waitForResponse(r => new URL(r.url()).pathname === path && r.ok()));
  await act();
  await Promise.all(answers);
  await page.waitForFunction(() => document.querySelector('.activities-page .total b') !== null &&
    document.querySelector('tr[data-id], .state') !== null);
}

const open = (page, address) => loaded(page, () => page.goto(given.url + address));

const box = (page, facet, value) => page.locator(`[data-facet="${facet}"] li`).filter({
  has: page.locator('.value', { hasText: new RegExp(`^${value.replace(/[.*]/g, '\\$&')}$`) }) });

/** What axe-core calls serious or critical. */
async function axe(page) {
  await page.evaluate(AXE); // by the debugger: the page's own policy stays
  return page.evaluate(async () => {
    const found = await window.axe.run(document);
    return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
      .map(v => `${v.id}: ${v.nodes.map(n => `${n.target} ${n.failureSummary}`).join('; ')}`);
  });
}

/** Serious findings of each [name, address, what shows that it is there], light and dark, on a desk and a tablet. */
async function look(page, pages) {
  const found = {};
  await logIn(page, '/health');
  for (const [name, address, ready] of pages)
    for (const scheme of ['light', 'dark'])
      for (const [width, height] of [[1440, 900], [1024, 768]]) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height });
        await page.goto(given.url + address);
        await page.waitForSelector(ready);
        await page.waitForLoadState('networkidle');
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        found[`${name} ${scheme} ${width}`] = [...await axe(page), ...(wide ? ['wider than the window'] : [])];
      }
  return found;
}

const scenarios = {
  ...require('./console_people')({ given, logIn, texts, wrong }),
  ...require('./console_policy')({ given, logIn, texts, wrong }),
  ...require('./console_incidents')({ given, logIn, texts, rows, box, open, loaded, axe }),
  ...require('./console_sso')({ given, axe, wrong }),
  ...require('./console_demo')({ given, logIn, open }),
  ...require('./console_keyboard')({ given, logIn, rows }),

  look: page => look(page, given.pages),

  async login(page) {
    await logIn(page, '/activities?since=1h&verdict=block', 'not the password');
    const refused = await page.locator('[role=alert]').textContent();
    wrong.length = 0; // the 401 of this page
    await logIn(page, '/activities?since=1h&verdict=block');
    await page.waitForSelector('.activities-page');
    const landed = page.url();
    await page.click('.account summary');
    const menu = await page.locator('.account-box').textContent();
    await page.click('text=Sign out');
    await page.waitForURL('**/login');
    await page.goto(`${given.url}/services`);
    return { refused, landed, menu, after: page.url() };
  },

  async services(page) {
    await logIn(page);
    await page.waitForSelector('.card .spark');
    const cards = await page.locator('.card').evaluateAll(all => all.map(card => ({
      service: card.dataset.service, instance: card.dataset.instance,
      events: card.querySelector('[data-number=events]').textContent, dlp: card.querySelector('[data-number=dlp]').textContent,
      activities: Object.fromEntries([...card.querySelectorAll('tbody tr')].map(tr =>
        [tr.querySelector('th').textContent, tr.querySelector('td').textContent])),
    })));
    const sources = await page.locator('.sources').textContent();
    await page.locator('[data-instance=Sales] [data-number=dlp]').click();
    await page.waitForSelector('tr[data-id]');
    const behind = { url: page.url(), rows: await rows(page).count() };
    await page.goBack();
    await page.waitForSelector('.card');
    await page.selectOption('select[aria-label=Period]', 'custom');
    await page.fill('.custom input >> nth=0', '2001-01-01T00:00');
    await page.fill('.custom input >> nth=1', '2001-01-02T00:00');
    await page.click('.custom button');
    await page.waitForSelector('.state.empty');
    return { cards, sources, behind, custom: page.url() };
  },

  async filters(page) {
    await logIn(page, '/health');
    await open(page, '/activities');
    const all = await total(page);
    const count = Number(await box(page, 'verdict', 'block').locator('.count').textContent());
    await loaded(page, () => box(page, 'verdict', 'block').locator('input').check());
    const blocked = { count, total: await total(page), rows: await rows(page).count(), url: page.url() };
    const line = await page.inputValue('.omnibar');
    await loaded(page, () => page.reload());
    const again = { total: await total(page), isChecked: await box(page, 'verdict', 'block').locator('input').isChecked() };
    await loaded(page, () => page.goBack());
    const back = await total(page);
    // Left out instead, and taken back.
    const out = box(page, 'verdict', 'block').locator('button');
    await loaded(page, () => out.click());
    const left = { total: await total(page), url: page.url(), line: await page.inputValue('.omnibar'), pressed: await out.getAttribute('aria-pressed'),
      focus: await page.evaluate(() => document.activeElement.getAttribute('aria-label')) };
    await loaded(page, () => out.click());
    left.back = await total(page);
    // Columns are remembered.
    await page.click('summary:has-text("Columns")');
    await page.check('.popup input[value=host]');
    const shown = await texts(page.locator('thead th'));
    await open(page, '/activities');
    const later = await texts(page.locator('thead th'));
    return { all, blocked, line, again, back, left, shown, later };
  },

  async omnibar(page) {
    await logIn(page, '/health');
    await open(page, '/activities');
    await page.keyboard.press('/');
    await page.keyboard.type('verd');
    const names = await texts(page.locator('[role=option] .name'));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=option] .value');
    const values = await texts(page.locator('[role=option] .value'));
    await loaded(page, async () => {
      await page.keyboard.type('blo');
      await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
    });
    const blocked = { line: await page.inputValue('.omnibar'), total: await total(page) };
    await loaded(page, async () => {
      await page.fill('.omnibar', 'user:ana* "quarterly numbers"');
      await page.keyboard.press('Enter');
    });
    const words = { total: await total(page), url: page.url() };
    const lines = [];
    for (const line of given.lines) {
      await loaded(page, async () => {
        await page.fill('.omnibar', line);
        await page.keyboard.press('Enter');
      });
      lines.push([await page.inputValue('.omnibar').then(text => text.trim()), await total(page)]);
    }
    await page.fill('.omnibar', 'verdict:block OR user:ana');
    await page.keyboard.press('Enter');
    const problem = await page.locator('.state.note').textContent();
    // Behind a comma and with a sign, too.
    await page.fill('.omnibar', '');
    await page.keyboard.type('-verdict:block,al');
    await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 2);
    const behind = await texts(page.locator('[role=option] .value'));
    await page.keyboard.press('Escape');
    await loaded(page, async () => {
      await page.fill('.omnibar', 'user:nobody');
      await page.keyboard.press('Enter');
    });
    const none = await page.locator('.state.empty').textContent();
    await loaded(page, () => page.click('text=Drop the filters'));
    return { names, values, blocked, words, lines, problem, behind, none, all: await total(page) };
  },

  async exports(page) {
    await logIn(page, '/health');
    await open(page, '/activities?verdict=block');
    await page.click('summary:has-text("Export")');
    const files = {};
    for (const label of ['CSV', 'JSON lines']) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.popup').getByText(label, { exact: true }).click()]);
      files[label] = { name: download.suggestedFilename(), text: fs.readFileSync(await download.path(), 'utf8') };
    }
    return { files, total: await total(page) };
  },

  async detail(page) {
    await logIn(page, '/health');
    await open(page, `/activities?conversation_id=${given.conversation}&activity=prompt*`);
    await rows(page).locator('a').last().click();
    await page.waitForSelector('.drawer .turn.here');
    const drawer = page.locator('.drawer');
    const first = { url: page.url(), text: await drawer.textContent(), turns: await texts(drawer.locator('.turns >> nth=0').locator('.turn-text')),
      focus: await page.evaluate(() => document.activeElement.tagName) };
    await page.keyboard.press('k');
    await drawer.locator('section >> nth=0').locator('mark').first().waitFor(); // the conversation has such marks too
    const second = { marks: await texts(drawer.locator('section >> nth=0').locator('mark')), title: await drawer.locator('mark').first().getAttribute('title') };
    await loaded(page, () => page.reload());
    await page.waitForSelector('.drawer mark');
    const axeFound = await axe(page);
    await page.click('text=Show the whole text');
    await page.waitForSelector('.drawer pre.text');
    const whole = { text: await drawer.locator('pre.text').first().textContent(), marks: await texts(drawer.locator('pre.text mark')) };
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'hidden' });
    const focused = await page.evaluate(() => document.activeElement.closest('tr')?.dataset.id);
    return { first, second, whole, focused, url: page.url(), axe: axeFound };
  },

  async hostile(page) {
    await logIn(page, '/health');
    await open(page, '/activities?q=hostile');
    const row = rows(page).first();
    const table = await row.textContent();
    await row.locator('a').click();
    await page.waitForSelector('.drawer .turn.here');
    const drawer = await page.locator('.drawer').textContent();
    await page.click('text=Show the whole text');
    await page.waitForSelector('.drawer pre.text');
    const whole = await page.locator('.drawer pre.text').first().textContent();
    await page.goto(`${given.url}/activities?since=7d&user=${encodeURIComponent(given.hostile)}&q=${encodeURIComponent(given.hostile)}`);
    await page.waitForSelector('.state');
    const line = await page.inputValue('.omnibar');
    const made = await page.evaluate(() => [window.pwned ?? null, document.querySelectorAll('main img, main script, main iframe').length]);
    return { table, drawer, whole, line, made };
  },

  async paging(page) {
    // Pages of three: what is shown is put together from many.
    await page.route('**/api/v1/activities?*', route => route.continue({ url: route.request().url().replace('limit=100', 'limit=3') }));
    await logIn(page, '/health');
    await open(page, '/activities');
    await page.locator('.more').waitFor({ state: 'hidden' });
    return { total: await total(page), ids: await rows(page).evaluateAll(all => all.map(tr => tr.dataset.id)) };
  },

  async zoom(page) {
    await logIn(page, '/health');
    await open(page, '/activities');
    await page.locator('.plot svg').waitFor();
    const all = await total(page);
    const area = await page.locator('.plot').boundingBox();
    await loaded(page, async () => { // the older half: nothing was there yet
      await page.mouse.move(area.x + 5, area.y + 50);
      await page.mouse.down();
      await page.mouse.move(area.x + area.width / 2, area.y + 50, { steps: 5 });
      await page.mouse.up();
    });
    const older = { total: await total(page), url: page.url() };
    await loaded(page, () => page.goBack());
    await page.locator('.plot').focus();
    await loaded(page, async () => {
      await page.keyboard.press('ArrowLeft'); // the last bar
      await page.keyboard.press('Shift+ArrowLeft');
      await page.keyboard.press('Enter');
    });
    return { all, older, newest: await total(page), url: page.url() };
  },

  async live(page) {
    await logIn(page, '/health');
    await open(page, '/activities?verdict=allow');
    const before = await rows(page).count();
    await loaded(page, () => page.click('button.live'));
    await page.waitForSelector('.live[data-state=live]');
    console.log('ready');
    await page.waitForFunction(word => [...document.querySelectorAll('tr.fresh')].some(tr => tr.textContent.includes(word)), given.word);
    const after = await rows(page).count();
    await page.click('button.live');
    return { before, after, first: await rows(page).first().textContent(), pressed: await page.getAttribute('button.live', 'aria-pressed') };
  },

  async looks(page) {
    const found = await look(page, [['services', '/services', '.card .spark'], ['activities', '/activities', 'tr[data-id]'],
      ['health', '/health', '.card'], ['empty', '/activities?user=nobody', '.state.empty']]);
    // A theme of one's own wins over the system's.
    await page.click('.account summary');
    await page.check('input[value=light]');
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.reload();
    await page.waitForSelector('.page');
    const kept = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    return { found, ground, kept };
  },

  async weight(page) {
    await logIn(page, '/health');
    await page.waitForSelector('.card');
    const client = await page.context().newCDPSession(page);
    await client.send('Network.enable');
    await client.send('Network.setCacheDisabled', { cacheDisabled: true });
    let bytes = 0;
    client.on('Network.loadingFinished', event => { bytes += event.encodedDataLength; });
    await open(page, '/activities');
    await page.waitForLoadState('networkidle');
    const first = bytes;
    const ms = [];
    for (let i = 0; i < 7; i++) { // until rows can be opened, the cache off
      await page.goto(`${given.url}/activities`, { waitUntil: 'commit' });
      await page.waitForSelector('tr[data-id] a');
      ms.push(await page.evaluate(() => performance.now()));
    }
    return { bytes: first, ms };
  },
};

(async () => {
  const browser = await launch(chromium, given.ca, DIRECT);
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
    context.setDefaultTimeout(20000);
    const page = await context.newPage();
    page.on('console', message => message.type() === 'error' && wrong.push(message.text()));
    page.on('pageerror', error => wrong.push(String(error.stack)));
    page.on('dialog', dialog => { wrong.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
    const seen = await scenarios[scenario](page).catch(async error => {
      const text = await page.locator('body').innerText().catch(() => '');
      throw new Error(`${error.message}\n${wrong.join('\n')}\non ${page.url()}:\n${text.slice(0, 800)}`);
    });
    if (wrong.length > 0)
      throw new Error(wrong.join('\n'));
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
    removeHome();
  }
})().catch(error => { console.error(error); process.exit(1); });
