'use strict';
// Chromium, configured by the PAC file, on the stand-in's chat page, with its
// exchanges recorded as a HAR.
//   node record.js PAC_URL CA_PEM HAR
// Prints one JSON line: the last bubble after each step, and what came by
// WebSocket. Playwright leaves the messages of WebSockets out of its HAR: they
// are added here from the browser's own events, as its developer tools do.
const { chromium } = require('playwright-core');
const fs = require('fs');
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

// The WebSockets of a page as developer tools export them.
async function watchSockets(context, page) {
  const client = await context.newCDPSession(page);
  const all = new Map();
  let toWall = 0; // of a monotonic time
  const list = fields => Object.entries(fields).map(([name, value]) => ({ name, value }));
  const note = type => ({ requestId, timestamp, response: { opcode, payloadData } }) =>
    all.get(requestId).messages.push({ type, time: timestamp + toWall, opcode, data: payloadData });
  client.on('Network.webSocketCreated', ({ requestId, url }) => {
    const socket = { url, messages: [] };
    socket.closed = new Promise(done => { socket.close = done; });
    all.set(requestId, socket);
  });
  client.on('Network.webSocketWillSendHandshakeRequest', ({ requestId, timestamp, wallTime, request }) => {
    toWall = wallTime - timestamp;
    Object.assign(all.get(requestId), { from: wallTime, sent: list(request.headers) });
  });
  client.on('Network.webSocketHandshakeResponseReceived', ({ requestId, response }) =>
    Object.assign(all.get(requestId), { status: response.status, got: list(response.headers) }));
  client.on('Network.webSocketFrameSent', note('send'));
  client.on('Network.webSocketFrameReceived', note('receive'));
  client.on('Network.webSocketClosed', ({ requestId, timestamp }) =>
    all.get(requestId).close(all.get(requestId).to = timestamp + toWall));
  await client.send('Network.enable');
  return all;
}

// Over HTTP/2 the browser tells the status that came, 200.
function socketEntry({ url, from, to, sent, got, status, messages }) {
  const httpVersion = status === 200 ? 'HTTP/2.0' : 'HTTP/1.1';
  return { startedDateTime: new Date(from * 1000).toISOString(), time: (to - from) * 1000, _resourceType: 'websocket',
    _webSocketMessages: messages,
    request: { method: 'GET', url, httpVersion, headers: sent, queryString: [], cookies: [],
      headersSize: -1, bodySize: 0 },
    response: { status, statusText: '', httpVersion, headers: got, cookies: [],
      content: { size: 0, mimeType: '' }, redirectURL: '', headersSize: -1, bodySize: -1 },
    cache: {}, timings: { send: 0, wait: 0, receive: 0 } };
}

function addSockets(sockets) {
  const made = JSON.parse(fs.readFileSync(har));
  const entries = made.log.entries.filter(e => !/^wss:/.test(e.request.url));
  made.log.entries = entries.concat([...sockets.values()].map(socketEntry))
    .sort((a, b) => Date.parse(a.startedDateTime) - Date.parse(b.startedDateTime));
  fs.writeFileSync(har, JSON.stringify(made));
}

// Says each message; resolves to what came, once `last` has come that often or
// the socket was closed, and once it is closed.
const talk = ([url, messages, last, times]) => new Promise(done => {
  const socket = new WebSocket(url), got = [];
  let left = times;
  socket.onopen = () => messages.forEach(m => socket.send(JSON.stringify(m)));
  socket.onmessage = ({ data }) => {
    got.push(data);
    if (data.includes(last) && --left === 0) socket.close();
  };
  socket.onclose = ({ code }) => done({ got, code });
});

// An answer that comes by the socket of events; a Codex turn, and a blocked one.
async function sockets(page) {
  const turn = input => ({ type: 'response.create', model: 'gpt-5-codex', stream: true, store: false,
    instructions: 'be brief', input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }] });
  const codex = 'wss://chatgpt.com/backend-api/codex/responses';
  return [
    await page.evaluate(talk, ['wss://ws.chatgpt.com/ws/user/user-ana?verify=v&conversation=c-socket',
      [[], [{ id: 1, command: { type: 'subscribe', topic_id: 'conversation-turn-t1', offset: '0' } }]],
      'conversation-turn-complete', 1]),
    await page.evaluate(talk, [codex, [turn('Fix the build 👋'), turn('Now the tests')], 'response.completed', 2]),
    await page.evaluate(talk, [codex, [turn(`Charge ${CARD}`)], 'response.completed', 1]),
  ];
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
    const watched = await watchSockets(context, page);
    const shown = await steps(page);
    const talks = await sockets(page);
    await Promise.all([...watched.values()].map(s => s.closed));
    await context.close();
    addSockets(watched);
    console.log(JSON.stringify({ shown, talks }));
  } finally {
    await browser.close();
    removeHome();
  }
})().catch(error => { console.error(error); process.exit(1); });
