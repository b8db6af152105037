'use strict';
// Scenarios of console.js: incidents, saved views.

/** The list of incidents is there. */
async function incidentsLoaded(page, act) {
  const answer = page.waitForResponse(r => new URL(r.url()).pathname === '/api/v1/incidents' && r.request().method() === 'GET' && r.ok());
  await act();
  await answer;
  await page.waitForSelector('.incidents-page .total b');
}

module.exports = ({ given, logIn, texts, rows, box, open, loaded, axe }) => ({
  // Selecting by keyboard and by mouse, a change of many, one in detail.
  async incidents(page) {
    await logIn(page, '/health');
    await incidentsLoaded(page, () => page.goto(`${given.url}/incidents?user=${given.many}`));
    const before = { rows: await rows(page).count(), total: await page.locator('.incidents-page .total').textContent(),
      status: await texts(page.locator('[data-facet=status] .value')) };
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Shift+X');
    const byKeys = await page.locator('.chosen').textContent();
    await rows(page).nth(1).locator('.c-select input').uncheck();
    const byMouse = await page.locator('.chosen').textContent();
    await page.selectOption('.bulk select', 'opened');
    await page.check('.bulk label input');
    await page.fill('.bulk > input', given.hostile);
    await incidentsLoaded(page, () => page.click('.bulk button[type=submit]'));
    await page.locator('.bulk').waitFor({ state: 'hidden' });
    const after = await rows(page).evaluateAll(all => all.map(tr => [tr.querySelector('.c-status').textContent, tr.querySelector('.c-owner').textContent]));
    await incidentsLoaded(page, () => box(page, 'status', 'new').locator('input').check());
    const filtered = { rows: await rows(page).count(), url: page.url() };
    await incidentsLoaded(page, () => page.goBack());
    await rows(page).first().locator('a').press('Enter');
    await page.waitForSelector('.drawer .turns .turn-text');
    const drawer = page.locator('.drawer');
    const detail = { text: await drawer.textContent(), focus: await page.evaluate(() => document.activeElement.tagName), url: page.url(),
      comments: await texts(drawer.locator('.comment')), samples: await texts(drawer.locator('.findings code')) };
    const axeFound = await axe(page);
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'hidden' });
    const made = await page.evaluate(() => [window.pwned ?? null, document.querySelectorAll('main img, main script, main iframe').length]);
    return { before, byKeys, byMouse, after, filtered, detail, axe: axeFound, made };
  },

  // A false positive offers an exception; whoever may only read has no form.
  async exception(page) {
    await logIn(page, '/health');
    await incidentsLoaded(page, () => page.goto(`${given.url}/incidents?user=${encodeURIComponent(given.one)}`));
    await rows(page).first().locator('a').click();
    await page.waitForSelector('.drawer form.triage');
    const none = await page.locator('.exception').count();
    await page.selectOption('.triage select', 'false-positive');
    const text = await page.locator('.exception').textContent();
    await page.fill('.triage textarea', 'An order number');
    await incidentsLoaded(page, () => page.click('.triage button[type=submit]'));
    await page.waitForSelector('.history .comment');
    return { none, text, status: await rows(page).first().locator('.c-status').textContent(),
      history: await texts(page.locator('.history li')) };
  },

  async reader(page) {
    await logIn(page, '/health');
    await incidentsLoaded(page, () => page.goto(`${given.url}/incidents`));
    const boxes = await page.locator('.incidents input[type=checkbox]').count();
    await rows(page).first().locator('a').click();
    await page.waitForSelector('.drawer .findings');
    return { boxes, forms: await page.locator('.drawer form').count(), text: await page.locator('.drawer').textContent() };
  },

  async views(page) {
    const saved = () => texts(page.locator('.views a'));
    const saves = act => Promise.all([page.waitForResponse(r => r.url().endsWith('/api/v1/views') && r.request().method() === 'GET'), act()]);
    await logIn(page, '/health');
    await open(page, '/activities?verdict=block&since=7d');
    await page.fill('.save-view input', given.hostile);
    await saves(() => page.click('.save-view button'));
    await page.waitForSelector('.views a');
    const names = await saved();
    await saves(() => page.click('.views button[aria-pressed=false]'));
    await page.waitForSelector('.views button[aria-pressed=true]');
    await open(page, '/activities');
    await loaded(page, () => page.click('.views a'));
    const opened = page.url();
    const checked = await box(page, 'verdict', 'block').locator('input').isChecked();
    await saves(() => page.locator('.views button').last().click());
    await page.waitForSelector('.views .hint');
    return { names, opened, checked, left: await saved() };
  },
});
