'use strict';
// Chromium on one page of an in-scope host, straight to an address or by PAC.
//   node client_profile.js PATH CA_PEM pac PAC_URL | direct PORT
const { chromium } = require('playwright-core');
const { launch, launchDirect, removeHome } = require('./chromium');

const [path, ca, way, target] = process.argv.slice(2);

(async () => {
  const browser = await (way === 'pac' ? launch(chromium, ca, target)
    : launchDirect(chromium, ca, `MAP chatgpt.com:443 127.0.0.1:${target}`));
  try {
    const page = await browser.newPage();
    await page.context().addCookies(['a', 'b', 'c'].map(name => ({ name, value: name + '1', url: 'https://chatgpt.com/' })));
    await page.goto('https://chatgpt.com' + path);
    await page.waitForFunction(() => document.title === 'done', null, { timeout: 20000 });
    console.log(JSON.stringify({ title: await page.title() }));
  } finally {
    await browser.close();
    removeHome();
  }
})().catch(error => { console.error(error); process.exit(1); });
