'use strict';
// Calls through the proxy, over connections that stay open, one of each person
// to each host:
//   node calls.js PROXY_URL CA_PEM 1|2
// Each line of standard input is a call, {who, host, method, path, headers,
// body}; each line out is its answer, {status, headers, body}.  Ends with its input.
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const readline = require('readline');
const tls = require('tls');

const [proxy, ca, version] = process.argv.slice(2);
const roots = fs.readFileSync(ca);
const open = new Map();

function tunnel(host) {
  const { hostname, port } = new URL(proxy);
  return new Promise((done, failed) => {
    const request = http.request({ host: hostname, port, method: 'CONNECT', path: `${host}:443`,
      headers: { host: `${host}:443` } });
    request.on('connect', (answer, socket) => {
      if (answer.statusCode !== 200) return failed(new Error(`CONNECT ${answer.statusCode}`));
      const secure = tls.connect({ socket, servername: host, ca: roots,
        ALPNProtocols: [version === '2' ? 'h2' : 'http/1.1'] }, () => done(secure));
      secure.on('error', failed);
    });
    request.on('error', failed).end();
  });
}

async function connection({ who, host }) {
  const key = `${who} ${host}`;
  if (open.has(key)) return open.get(key);
  const socket = await tunnel(host);
  let made;
  if (version === '2') {
    made = http2.connect(`https://${host}`, { createConnection: () => socket });
    made.on('error', () => {});
  } else {
    made = new http.Agent({ keepAlive: true, maxSockets: 1 });
    made.createConnection = () => socket;
  }
  open.set(key, made);
  return made;
}

function over2(session, call) {
  return new Promise((done, failed) => {
    const stream = session.request({ ':method': call.method, ':path': call.path, ...call.headers },
      { endStream: !call.body });
    const parts = [];
    let headers = {};
    stream.on('response', got => { headers = { ...got }; });
    stream.on('data', part => parts.push(part)).on('error', failed);
    stream.on('end', () => done({ status: headers[':status'], headers, body: Buffer.concat(parts).toString() }));
    if (call.body) stream.end(call.body);
  });
}

function over1(agent, call) {
  const headers = { ...call.headers };
  if (call.body) headers['content-length'] = Buffer.byteLength(call.body);
  return new Promise((done, failed) => {
    const request = http.request({ host: call.host, port: 443, agent, method: call.method, path: call.path,
      headers: { host: call.host, ...headers } }, answer => {
      const parts = [];
      answer.on('data', part => parts.push(part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers,
        body: Buffer.concat(parts).toString() }));
    });
    request.on('error', failed).end(call.body || '');
  });
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const call = JSON.parse(line);
    const made = await connection(call);
    console.log(JSON.stringify(await (version === '2' ? over2 : over1)(made, call)));
  }
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
