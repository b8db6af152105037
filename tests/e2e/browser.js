'use strict';
// Chromium, configured by the PAC file, on the stand-in's chat page: a prompt
// that is answered token by token, then one that is blocked.
//   node browser.js PAC_URL CA_PEM SCREENSHOT
// Prints one JSON line of what a person would have seen.
const { chromium } = require('playwright-core');
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const [pac, ca, screenshot] = process.argv.slice(2);
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'pg-chromium-'));

// Trust as an administrator gives it: in the user's NSS database.
function trust() {
  const db = path.join(home, '.pki/nssdb');
  fs.mkdirSync(db, { recursive: true });
  const certutil = (...args) => execFileSync('certutil', ['-d', 'sql:' + db, ...args]);
  certutil('-N', '--empty-password');
  certutil('-A', '-t', 'C,,', '-n', 'promptgate', '-i', ca);
}

async function send(page, text) {
  const before = await page.locator('.message').count();
  await page.fill('#prompt', text);
  await page.click('#send');
  const answer = page.locator('.message').nth(before + 1);
  await answer.and(page.locator('[data-done]')).waitFor({ timeout: 20000 });
  return { text: await answer.textContent(), kind: await answer.getAttribute('class') };
}

(async () => {
  trust();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', env: { ...process.env, HOME: home },
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
      '--disable-component-update', '--no-first-run', '--proxy-pac-url=' + pac] });
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
    fs.rmSync(home, { recursive: true, force: true });
  }
})().catch(error => { console.error(error); process.exit(1); });
