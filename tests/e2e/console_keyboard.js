'use strict';
// Scenarios of console.js without a mouse: what Tab comes by on each page and
// whether one sees where one is, and what keys do.

/** What Tab must come by, in order: elements as their way from the root. */
const expectedStops = () => {
  const wayOf = element => (element === document.body ? '' : `${wayOf(element.parentElement)}/${element.localName}${[...element.parentElement.children].indexOf(element)}`);
  window.wayOf = wayOf;
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }) && e.closest('[inert]') === null)
    .map(wayOf);
};

/** Where the focus is, and whether that can be seen; null: on nothing. */
const stopNow = () => {
  const e = document.activeElement;
  if (e === null || e === document.body || e === document.documentElement)
    return null;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const at = document.elementFromPoint(Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.y + Math.min(box.height, innerHeight - 60) / 2, 0), innerHeight - 1));
  const isMarked = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  const isThere = box.width > 0 && box.height > 0 && at !== null && (e.contains(at) || at.contains(e) || at.closest('label')?.control === e);
  return { way: window.wayOf(e), what: `${e.localName} ${e.getAttribute('aria-label') ?? e.textContent.slice(0, 40)}`, isSeen: isMarked && isThere };
};

const outline = () => ({
  headings: [...document.querySelectorAll('h1, h2')].filter(e => e.checkVisibility()).map(e => e.tagName),
  landmarks: [['banner', 'body > header'], ['main', 'main'], ['navigation', 'nav']].filter(([, s]) => document.querySelectorAll(s).length === 1).map(([name]) => name),
});

module.exports = ({ given, logIn, rows }) => {
  const focusedRow = page => page.evaluate(() => document.activeElement.closest('tr')?.dataset.id ?? null);

  /** Rows by keys, a detail opened and closed by them. */
  async function walkRows(page, address) {
    await page.goto(given.url + address);
    await page.waitForSelector('tr[data-id]');
    const all = await rows(page).evaluateAll(list => list.map(tr => tr.dataset.id));
    const moved = [];
    await rows(page).first().locator('a').focus();
    for (const key of ['ArrowDown', 'j', 'ArrowUp', 'k', 'ArrowUp']) {
      await page.keyboard.press(key);
      moved.push(await focusedRow(page));
    }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.closest('.drawer') !== null);
    await page.keyboard.press('Escape');
    await page.locator('.drawer').waitFor({ state: 'hidden' });
    const closed = [await focusedRow(page), !page.url().includes('id=')];
    return { rows: all, moved, closed };
  }

  /** What a button opens, opened and closed by keys: its name, open, open then, where the focus is. */
  async function popup(page, selector) {
    const summary = page.locator(`${selector} > summary`);
    const isOpen = () => page.locator(selector).evaluate(e => e.open);
    const name = e => e.getAttribute('aria-label') ?? e.textContent;
    await summary.focus();
    await page.keyboard.press('Enter');
    const opened = await isOpen();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Escape');
    return [await summary.evaluate(name), opened, await isOpen(), await page.evaluate(`(${name})(document.activeElement)`)];
  }

  return {
    async walk(page) {
      const seen = {};
      await logIn(page, '/health');
      await page.waitForSelector('.card');
      for (const [address, ready] of given.pages) {
        await page.goto(given.url + address);
        await page.waitForSelector(ready);
        await page.waitForLoadState('networkidle');
        const expected = await page.evaluate(expectedStops);
        const order = [];
        const unseen = [];
        for (let i = 0; i < expected.length + 2; i++) {
          await page.keyboard.press('Tab');
          const stop = await page.evaluate(stopNow);
          if (stop === null || stop.way === order[0])
            break; // through
          order.push(stop.way);
          if (!stop.isSeen)
            unseen.push(stop.what);
        }
        seen[address] = { expected, order, unseen, ...await page.evaluate(outline) };
      }
      return seen;
    },

    async keys(page) {
      await logIn(page, '/services');
      await page.waitForSelector('.card');
      await page.evaluate(() => document.activeElement.blur());
      await page.goto(`${given.url}/services`);
      await page.waitForSelector('.card');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter'); // the first: skips to the content
      const skipped = await page.evaluate(() => document.activeElement.localName);
      const seen = { skipped, activities: await walkRows(page, '/activities'), incidents: await walkRows(page, '/incidents?since=all') };
      await page.goto(`${given.url}/activities`);
      await page.waitForSelector('tr[data-id]');
      await rows(page).first().locator('a').press('Enter');
      await page.waitForFunction(() => document.activeElement.closest('.drawer') !== null);
      seen.popups = [await popup(page, '.picker:has(.popup input)'), await popup(page, '.picker:has(.popup a)'), await popup(page, '.account')];
      seen.kept = await page.locator('.drawer').isVisible();
      return seen;
    },
  };
};
