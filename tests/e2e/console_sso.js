'use strict';
// A scenario of console.js: a person who comes by an OpenID provider.

module.exports = ({ given, axe, wrong }) => ({
  async sso(page) {
    await page.goto(`${given.url}/activities?since=1h`);
    await page.waitForURL('**/login?next=**');
    const found = {};
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      found[scheme] = await axe(page);
    }
    // By the keyboard: the link stands before the field that has the focus.
    await page.keyboard.press('Shift+Tab');
    const focused = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press('Enter');
    await page.click('#go'); // the provider's page
    await page.waitForURL('**/activities?since=1h');
    await page.waitForSelector('.activities-page');
    await page.click('.account summary');
    const menu = await page.locator('.account-box').textContent();
    await page.click('text=Sign out');
    await page.waitForURL(`${given.idp}/logout?**`);
    const out = await page.title();
    await page.goto(`${given.url}/services`);
    await page.waitForURL('**/login?next=**');
    return { found, focused, menu, out, after: page.url() };
  },

  async ssoRefused(page) {
    await page.goto(`${given.url}/login/oidc`);
    await page.click('#go');
    await page.waitForSelector('[role=alert]');
    wrong.length = 0; // the 403 of this page
    const found = await axe(page);
    return { found, text: await page.locator('main').textContent(), links: await page.locator('a').allTextContents() };
  },
});
