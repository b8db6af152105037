'use strict';
// Scenarios of console.js on the made-up week of `promptgate demo`: what says
// so on each page, and the pictures of docs/.
const path = require('path');

module.exports = ({ given, logIn, open }) => ({
  async demo(page) {
    await page.goto(`${given.url}/login`);
    const marks = { '/login': await page.locator('.demo').innerText() };
    await logIn(page, '/health');
    for (const address of given.pages) {
      await page.goto(given.url + address);
      await page.waitForSelector('h1');
      marks[address] = await page.locator('#demo').innerText();
    }
    return marks;
  },

  // given.shots: name, address, what shows that it is there, and what to do.
  async pictures(page) {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await logIn(page, '/health');
    for (const shot of given.shots) {
      await page.setViewportSize({ width: shot.width ?? 1360, height: shot.height ?? 850 });
      await page.emulateMedia({ colorScheme: shot.scheme ?? 'light' });
      if (shot.address.startsWith('/activities'))
        await open(page, shot.address);
      else
        await page.goto(given.url + shot.address);
      for (const selector of shot.click ?? [])
        await page.locator(selector).first().click();
      for (const [selector, text] of shot.fill ?? [])
        await page.fill(selector, text);
      for (const selector of shot.then ?? [])
        await page.locator(selector).first().click();
      await page.waitForSelector(shot.ready);
      await page.mouse.move(900, 10); // no row is lit up
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: path.join(given.folder, `${shot.name}.png`) });
    }
    return given.shots.length;
  },
});
