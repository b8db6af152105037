'use strict';
// Chromium's own WebSocket through the gateway, on the stand-in's page: a Codex
// turn, one that is blocked, and a socket that no map allows.
//   node browser_socket.js PAC_URL CA_PEM
// Prints one JSON line of what a page would have seen.
const { chromium } = require('playwright-core');
const { launch, removeHome } = require('./chromium');

const [pac, ca] = process.argv.slice(2);

// In the page: sends each text once the answer to the one before is complete.
function talk([path, texts]) {
  return new Promise(done => {
    const seen = { messages: [], extensions: '' }, rest = [...texts];
    const socket = new WebSocket('wss://chatgpt.com' + path);
    const next = () => {
      if (!rest.length) socket.close(1000);
      else socket.send(JSON.stringify({ type: 'response.create', model: 'gpt-5-codex', input: rest.shift() }));
    };
    socket.onopen = () => { seen.extensions = socket.extensions; next(); };
    socket.onmessage = event => {
      seen.messages.push(event.data);
      if (JSON.parse(event.data).type === 'response.completed') next();
    };
    socket.onclose = event => done({ ...seen, code: event.code, wasClean: event.wasClean });
  });
}

(async () => {
  const browser = await launch(chromium, ca, pac);
  try {
    const page = await browser.newPage();
    await page.goto('https://chatgpt.com/');
    const path = '/backend-api/codex/responses';
    const passed = await page.evaluate(talk, [path, ['a first turn', 'a second turn']]);
    const blocked = await page.evaluate(talk, [path, ['a third turn', 'pay with 4111 1111 1111 1111']]);
    const refused = await page.evaluate(talk, ['/api/auth/session', []]);
    console.log(JSON.stringify({ passed, blocked, refused }));
  } finally {
    await browser.close();
    removeHome();
  }
})().catch(error => { console.error(error); process.exit(1); });
