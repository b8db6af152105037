'use strict';
// Chromium, configured by the PAC file, on the stand-in's chat page, with its
// exchanges recorded as a HAR.
//   node record.js PAC_URL CA_PEM HAR
// Prints one JSON line: the last bubble after each step.
const { chromium } = require('playwright-core');
const { launch, removeHome } = require('./chromium');

const [pac, ca, har] = process.argv.slice(2);
const CARD = '4111 1111 1111 1111';
const file = { name: 'Zahlen Q3 ü.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b\n1;2\n') };

// What the button or box did, once its answer is there.
async function answered(page, act) {
  const before = await page.locator('.assistant, .error').count();
  await act();
  const answer = page.locator('.assistant, .error').nth(before);
  await answer.and(page.locator('[data-done]')).waitFor({ timeout: 20000 });
  return answer.textContent();
}

async function say(page, text, button) {
  await page.fill('#prompt', text);
  await page.click(button);
}

async function steps(page) {
  const out = [];
  const step = async act => out.push(await answered(page, act));
  await page.goto('https://chatgpt.com/?delay=10');
  await step(() => say(page, 'Draft a note to the Lyon office, please 👋', '#send'));
  await step(() => say(page, 'Make it\nshorter', '#send'));
  await step(() => page.click('#again'));
  await step(() => say(page, 'Make it longer', '#edit'));
  await step(() => say(page, `Pay it with ${CARD} please`, '#send'));
  await page.setInputFiles('#file', file);
  await page.getByText('📎 Zahlen').waitFor();
  await step(() => say(page, 'Sum up this file for 519-21-7843', '#send'));
  return out;
}

(async () => {
  const browser = await launch(chromium, ca, pac);
  try {
    const context = await browser.newContext({ recordHar: { path: har, mode: 'full', content: 'embed' } });
    await context.addCookies([{ name: 'oai-did', value: 'd-1', domain: 'chatgpt.com', path: '/' }]);
    const page = await context.newPage();
    const out = await steps(page);
    await context.close();
    console.log(JSON.stringify(out));
  } finally {
    await browser.close();
    removeHome();
  }
})().catch(error => { console.error(error); process.exit(1); });
