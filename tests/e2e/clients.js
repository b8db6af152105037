'use strict';
// One POST through the proxy with each of Node's clients:
//   node clients.js KIND PROXY_URL CA_PEM URL BODY
// prints the status on a line, then the body.
const fs = require('fs');
const http = require('http');
const https = require('https');
const tls = require('tls');
const undici = require('undici');

const [kind, proxy, caFile, address, body] = process.argv.slice(2);
const ca = fs.readFileSync(caFile);
const headers = { 'content-type': 'application/json' };
const agent = () => new undici.ProxyAgent({ uri: proxy, requestTls: { ca } });

async function nodeHttps() {
  const url = new URL(address);
  const socket = await new Promise((good, bad) => http.request(proxy, {
    method: 'CONNECT', path: `${url.hostname}:443`, headers: { host: `${url.hostname}:443` },
  }).on('connect', (_, s) => good(s)).on('error', bad).end());
  const through = new https.Agent(); // as https-proxy-agent does it
  through.createConnection = () => tls.connect({ socket, servername: url.hostname, ca });
  return new Promise((good, bad) => https.request(url, { method: 'POST', headers, agent: through },
    async res => {
      let text = '';
      for await (const part of res) text += part;
      good([res.statusCode, text]);
    }).on('error', bad).end(body));
}

async function undiciRequest() {
  const res = await undici.request(address, { method: 'POST', headers, body, dispatcher: agent() });
  return [res.statusCode, await res.body.text()];
}

async function undiciFetch() {
  const res = await undici.fetch(address, { method: 'POST', headers, body, dispatcher: agent() });
  return [res.status, await res.text()];
}

async function nodeFetch() {
  const res = await fetch(address, { method: 'POST', headers, body, dispatcher: agent() });
  return [res.status, await res.text()];
}

async function playwright() {
  const { request } = require('playwright-core');
  const context = await request.newContext({ proxy: { server: proxy }, ignoreHTTPSErrors: true });
  const res = await context.post(address, { headers, data: body });
  return [res.status(), await res.text()];
}

// A message and its echo; the answer of the socket where the upgrade is refused.
async function webSocket() {
  const socket = new undici.WebSocket(address, { dispatcher: agent() });
  return new Promise(good => {
    let text = '';
    socket.onopen = () => socket.send(body);
    socket.onmessage = event => {
      text += event.data;
      if (/response\.completed|promptgate/.test(text)) socket.close();
    };
    socket.onclose = event => good([event.code, text]);
  });
}

const kinds = { nodeHttps, undiciRequest, undiciFetch, nodeFetch, playwright, webSocket };
kinds[kind]().then(([status, text]) => {
  process.stdout.write(`${status}\n${text}`, () => process.exit(0));
}).catch(error => { console.error(error); process.exit(1); });
