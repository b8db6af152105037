'use strict';
// Chromium, configured by the PAC file, on the stand-in's chat page: a prompt
// that is answered token by token, then one that is blocked.
//   node browser.js PAC_URL CA_PEM SCREENSHOT
// Prints one JSON line of what a person would have seen.
const { chromium } = require('playwright-core');
const { launch, removeHome } = require('./chromium');

const [pac, ca, screenshot] = process.argv.slice(2);

async function send(page, text) {
  const before = await page.locator('.message').count();
  await page.fill('#prompt', text);
  await page.click('#send');
  const answer = page.locator('.message').nth(before + 1);
  await answer.and(page.locator('[data-done]')).waitFor({ timeout: 20000 });
  return { text: await answer.textContent(), kind: await answer.getAttribute('class') };
}

(async () => {
  const browser = await launch(chromium, ca, pac);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 640 } });
    await page.goto('https://chatgpt.com/?delay=30');
    const passed = await send(page, 'Draft a note to the Lyon office');
    const growth = await page.evaluate(() => window.growth);
    const blocked = await send(page, 'Pay it with 4111 1111 1111 1111 please');
    const protocol = await page.evaluate(() =>
      performance.getEntriesByType('navigation')[0].nextHopProtocol);
    await page.screenshot({ path: screenshot });
    console.log(JSON.stringify({ passed, blocked, protocol,
      steps: new Set(growth.map(g => g[1])).size, spread: growth.at(-1)[0] - growth[0][0] }));
  } finally {
    await browser.close();
    removeHome();
  }
})().catch(error => { console.error(error); process.exit(1); });
