'use strict';
// Scenarios of console.js: pages about people.
const fs = require('fs');

module.exports = ({ given, logIn, texts, wrong }) => ({
  async users(page) {
    const names = () => page.locator('tr[data-user]').evaluateAll(all => all.map(tr => tr.dataset.user));
    const sorted = async act => {
      await Promise.all([page.waitForResponse(r => new URL(r.url()).pathname === '/api/v1/users' && r.ok()), act()]);
      await page.waitForSelector('.stack:not([aria-busy]) tr[data-user]');
      return names();
    };
    await logIn(page, '/users');
    await page.waitForSelector('tr[data-user]');
    const first = await names();
    const byName = await sorted(() => page.getByRole('button', { name: 'User' }).click());
    const byNameDown = await sorted(() => page.getByRole('button', { name: 'User' }).click());
    const url = page.url();
    await page.locator('tr[data-user="ana@example.com"] a[href*="verdict=block"]').click();
    await page.waitForSelector('tr[data-id]');
    const total = Number(await page.locator('.activities-page .total b').first().textContent());
    return { first, byName, byNameDown, url, blocked: { total, rows: await page.locator('tr[data-id]').count() },
      pwned: await page.evaluate(() => window.pwned ?? null) };
  },

  async audit(page) {
    await logIn(page, '/services');
    await page.waitForSelector('.page');
    const link = await page.locator('#nav a[href="/audit"]').isVisible();
    await page.click('#nav a[href="/audit"]');
    await page.waitForSelector('tr[data-id]');
    const text = await page.locator('main').textContent();
    const count = await page.locator('tr[data-id]').count();
    await page.selectOption('select[aria-label=Kind]', 'console.activities.exported');
    await page.waitForURL('**activity=console.activities.exported**');
    await page.waitForSelector('.stack:not([aria-busy]) tr[data-id]');
    return { link, text, rows: count, kinds: await texts(page.locator('tr[data-id] td:nth-child(4)')) };
  },

  // Opened twice, saved once.
  async evidence(page) {
    const asked = [];
    page.on('request', r => r.url().endsWith('/evidence') && asked.push(r.url()));
    await logIn(page, '/health');
    let saved;
    let unopened;
    const times = 2;
    for (let i = 0; i < times; i++) {
      await page.goto(`${given.url}/activities?since=all&id=${given.id}`);
      const button = page.locator('.drawer').getByRole('button', { name: 'Sealed evidence' });
      await button.waitFor();
      unopened ??= [...asked];
      await button.click();
      const link = page.locator('.drawer a[download]');
      await link.waitFor();
      const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
      saved = fs.readFileSync(await download.path(), 'utf8');
    }
    return { times, unopened, saved };
  },

  async noEvidence(page) {
    await logIn(page, '/health');
    await page.goto(`${given.url}/activities?since=all&id=${given.id}`);
    await page.locator('.drawer').getByRole('heading', { name: 'Evidence' }).waitFor();
    const buttons = await page.locator('.drawer').getByRole('button', { name: 'Sealed evidence' }).count();
    const status = await page.evaluate(id => fetch(`/api/v1/activities/${id}/evidence`).then(r => r.status), given.id);
    wrong.length = 0; // the 403
    return { buttons, status, text: await page.locator('.drawer').textContent() };
  },

  async auditRefused(page) {
    await logIn(page, '/audit');
    await page.waitForSelector('.state.error');
    wrong.length = 0; // the 403
    return { link: await page.locator('#nav a[href="/audit"]').isVisible(), text: await page.locator('.state').textContent() };
  },
});
