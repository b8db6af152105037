'use strict';
// Scenarios of console.js: the policy, its modes, detectors, reports.
module.exports = ({ given, logIn, texts, wrong }) => ({
  async policy(page) {
    await logIn(page, '/policy');
    await page.waitForSelector('tr[data-rule]');
    const rules = await page.locator('tr[data-rule]').evaluateAll(all => all.map(tr => [tr.dataset.rule, tr.querySelector('.hits').textContent]));
    const box = await page.locator('.try').count();
    if (box === 0)
      return { rules, box };
    await page.fill('.try textarea', given.text);
    await page.click('.try button[type=submit]');
    await page.waitForSelector('.tried .outcome');
    const tried = { outcome: await page.locator('.outcome').textContent(), marks: await texts(page.locator('.tried-text mark')),
      findings: await texts(page.locator('.tried .findings li')), html: await page.locator('.tried img, .tried script').count() };
    await page.setInputFiles('.try input[type=file]', { name: 'a.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([0xff, 0xfe, 0, 1]) });
    const send = async name => {
      await page.waitForFunction(n => document.querySelector('.try textarea').value.startsWith(n), name);
      await page.click('.try button[type=submit]');
      await page.waitForSelector('.tried .outcome');
      return { outcome: await page.locator('.outcome').textContent(), text: await page.locator('.tried').textContent() };
    };
    const binary = (await send('a.bin')).outcome;
    await page.setInputFiles('.try input[type=file]', { name: 'bill.pdf', mimeType: 'application/pdf', buffer: Buffer.from(given.pdf, 'base64') });
    const document = await send('bill.pdf');
    await page.setInputFiles('.try input[type=file]', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from(`card ${given.card}`) });
    await page.waitForFunction(() => document.querySelector('.try textarea').value.startsWith('card '));
    await page.click('.try button[type=submit]');
    await page.waitForSelector('.tried .outcome');
    const file = await page.locator('.outcome').textContent();
    await page.locator('tr[data-rule] .hits a').first().click();
    await page.waitForSelector('tr[data-id]');
    return { rules, box, tried, binary, document, file, behind: { url: page.url(), rows: await page.locator('tr[data-id]').count() },
      pwned: await page.evaluate(() => window.pwned ?? null) };
  },

  async detectors(page) {
    await logIn(page, '/detectors');
    await page.waitForSelector('tr[data-detector]');
    const shown = () => page.locator('tr[data-detector]:visible').evaluateAll(all => all.map(tr => tr.dataset.detector));
    const all = await shown();
    const first = await page.locator('tr[data-detector="payment-card"]').innerText();
    const note = await page.locator('.stack > .hint').textContent();
    await page.fill('input[type=search]', 'payment-card');
    return { all, first, note, found: await shown() };
  },

  async modes(page) {
    await logIn(page, '/services');
    await page.waitForSelector('.modes li[data-service=chatgpt]');
    const item = page.locator('.modes li[data-service=chatgpt]');
    const before = await item.locator('.chip').textContent();
    if (await item.locator('select').count() === 0)
      return { before, isSwitch: false };
    await item.locator('select').selectOption('monitor');
    await item.locator('button').click();
    await page.waitForSelector('.modes li[data-service=chatgpt] .mode-monitor', { timeout: 60000 });
    const after = await item.locator('.chip').textContent();
    await page.goto(`${given.url}/health`);
    await page.waitForSelector('.card[aria-label=Modes]');
    const health = await page.locator('.card[aria-label=Modes]').textContent();
    await page.goto(`${given.url}/policy`);
    await page.waitForSelector('tr[data-rule]');
    return { before, isSwitch: true, after, health, policy: await page.locator('.stack > p').first().textContent() };
  },

  async reports(page) {
    await logIn(page, '/reports');
    await page.waitForSelector('.report-sum .spark');
    const text = await page.locator('main').innerText();
    const card = page.locator('.report-incidents');
    const incidents = { figures: await texts(card.locator('.figure .big')),
      rows: await card.locator('tbody tr').evaluateAll(all => all.map(tr => [...tr.children].map(c => c.textContent))) };
    await page.emulateMedia({ media: 'print' });
    const hidden = await page.locator('.top').isHidden();
    const pages = (await page.pdf()).toString('latin1').match(/\/Type\s*\/Page\b/g).length;
    return { text, hidden, pages, incidents };
  },
});
