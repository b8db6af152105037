'use strict';
// A stand-in for ChatGPT and the OpenAI API: HTTP/1.1 and HTTP/2 over TLS, a
// chat page, prompts answered as SSE, uploads, downloads
// (files_down.js), WebSockets (sockets.js), and faults on demand.
//
//   node standin.js --port 9443 --cert good.pem --key good.key
//        [--clear-port 9480] [--journal FILE] [--h1] [--chunk 1,3,7]
//        [--delay MS] [--host 127.0.0.1] [--weak]
//
// Every prompt that arrives is appended to the journal (one JSON line) before
// it is answered.  Knobs a test can turn per request, as query parameters:
//   chunk=1,3,7   the answer's bytes arrive in pieces of these sizes
//   delay=20      milliseconds between pieces
//   encoding=gzip|br|deflate   size=N text bytes
//   abort=N cuts the connection after N bytes
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const crypto = require('crypto');
const zlib = require('zlib');
const path = require('path');
const admin = require('./admin');
const filesDown = require('./files_down');
const shapes = require('./shapes');
const signin = require('./signin');
const sockets = require('./sockets');

function options(argv) {
  const out = { port: 9443, host: '127.0.0.1', delay: 15 };
  for (let i = 0; i < argv.length; i++) {
    const key = argv[i].replace(/^--/, '').replace(/-/g, '_');
    if (key === 'h1' || key === 'weak') out[key] = true;
    else out[key] = argv[++i];
  }
  return out;
}
const opt = options(process.argv.slice(2));
const journal = opt.journal ? fs.openSync(opt.journal, 'a') : null;
const page = fs.readFileSync(path.join(__dirname, 'chat.html'));

const sleep = ms => new Promise(done => setTimeout(done, ms));
const uuid = () => crypto.randomUUID();
const hang = res => (res.stream || res.socket || res).destroy();

function note(entry) {
  if (journal !== null) fs.writeSync(journal, JSON.stringify(entry) + '\n');
}

async function readBody(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts);
}

async function readJson(req) {
  const decode = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync,
    deflate: zlib.inflateSync }[req.headers['content-encoding']];
  const raw = await readBody(req);
  return { bytes: raw.length, body: JSON.parse(decode ? decode(raw) : raw) };
}

function json(res, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  res.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*',
    'content-length': body.length, 'alt-svc': 'h3=":443"; ma=86400' });
  res.end(body);
}

function pieces(buffer, sizes) {
  const out = [];
  for (let at = 0, i = 0; at < buffer.length; i++) {
    const n = Math.max(1, sizes[i % sizes.length]);
    out.push(buffer.subarray(at, at + n));
    at += n;
  }
  return out;
}

// One flushed block an event, as a server that streams compressed does.
async function compress(encoding, events) {
  const z = { gzip: zlib.createGzip, deflate: zlib.createDeflate,
    br: zlib.createBrotliCompress }[encoding]();
  const flush = encoding === 'br' ? zlib.constants.BROTLI_OPERATION_FLUSH
    : zlib.constants.Z_SYNC_FLUSH;
  const out = [];
  let parts = [];
  z.on('data', d => parts.push(d));
  for (const event of events) {
    z.write(event);
    await new Promise(done => z.flush(flush, done));
    out.push(Buffer.concat(parts));
    parts = [];
  }
  await new Promise(done => { z.once('end', done); z.end(); });
  out.push(Buffer.concat(parts));
  return out;
}

// Writes events one by one, or cut as told, compressed as told.
async function stream(res, url, events) {
  const chunk = url.searchParams.get('chunk') || opt.chunk;
  const delay = Number(url.searchParams.get('delay') ?? opt.delay);
  const encoding = url.searchParams.get('encoding');
  const abort = Number(url.searchParams.get('abort') || 0);
  const headers = { 'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache' };
  let list = events.map(e => Buffer.from(e));
  if (encoding) {
    headers['content-encoding'] = encoding;
    list = await compress(encoding, list);
  }
  if (chunk) list = pieces(Buffer.concat(list), chunk.split(',').map(Number));
  res.writeHead(200, headers);
  let sent = 0;
  for (const part of list) {
    if (res.destroyed || res.writableEnded) return;
    if (abort && sent + part.length > abort) {
      res.write(part.subarray(0, abort - sent));
      await sleep(30);
      hang(res);
      return;
    }
    res.write(part);
    sent += part.length;
    if (delay) await sleep(delay);
  }
  res.end();
}

function answerTo(prompt, url) {
  const size = Number(url.searchParams.get('size') || 0);
  if (size) return 'lorem ipsum dolor '.repeat(Math.ceil(size / 18));
  return `You said ${Buffer.byteLength(prompt)} bytes. Grüße 👋, ` +
    'here is a list: one, two, three — done.';
}

function userText(body) {
  return (body.messages || []).filter(m => (m.author || m).role === 'user')
    .flatMap(m => (m.content && m.content.parts) || [])
    .filter(p => typeof p === 'string').join('\n');
}

async function conversation(req, res, url) {
  const { bytes, body } = await readJson(req);
  const user = (body.messages || [])[0] || {};
  const ids = { conversation: body.conversation_id || uuid(), answer: uuid(),
    user: user.id || uuid(), model: body.model || 'auto' };
  note({ path: url.pathname, message_id: user.id, bytes,
    conversation_id: ids.conversation, action: body.action });
  const text = answerTo(userText(body), url);
  const wantsDelta = (body.supported_encodings || []).includes('v1');
  await stream(res, url,
    wantsDelta ? shapes.deltaV1(text, ids) : shapes.legacy(text, ids));
}

const asText = value =>
  typeof value === 'string' ? value : JSON.stringify(value);

// A conversation as it is fetched again: ?turns=N of a user and an assistant.
function history(req, res, url) {
  const mapping = {};
  let last = null;
  for (let i = 0; i < 2 * Number(url.searchParams.get('turns')); i++) {
    const id = uuid();
    mapping[id] = { id, parent: last, children: [], message: { id, create_time: 1700000000 + i,
      author: { role: i % 2 ? 'assistant' : 'user' }, content: { content_type: 'text', parts: ['one more'] } } };
    if (last) mapping[last].children.push(id);
    last = id;
  }
  json(res, 200, { conversation_id: url.pathname.split('/').at(-1), current_node: last, mapping });
}

async function chatCompletions(req, res, url) {
  const { bytes, body } = await readJson(req);
  const text = answerTo(asText(body.messages.at(-1).content), url);
  const id = 'chatcmpl-' + uuid();
  note({ path: url.pathname, model: body.model, bytes });
  if (body.stream) await stream(res, url, shapes.chatChunks(text, id, body.model));
  else json(res, 200, shapes.chatCompletion(text, id, body.model));
}

async function responses(req, res, url) {
  const { bytes, body } = await readJson(req);
  const text = answerTo(asText(body.input), url);
  const whole = shapes.response(text, 'resp_' + uuid(), 'msg_' + uuid(), body.model);
  note({ path: url.pathname, model: body.model, bytes });
  if (body.stream) await stream(res, url, shapes.responseEvents(text, whole));
  else json(res, 200, whole);
}

// Big bodies: ?bytes=N down; counted and hashed up.
async function download(req, res, url) {
  const total = Number(url.searchParams.get('bytes') || 1048576);
  const block = Buffer.alloc(65536, 'promptgate download block\n');
  let wake = () => {};
  res.on('drain', () => wake()).on('close', () => wake());
  res.writeHead(200, { 'content-type': 'application/octet-stream',
    'content-length': total });
  for (let left = total; left > 0; left -= block.length) {
    const part = left < block.length ? block.subarray(0, left) : block;
    if (!res.write(part)) await new Promise(go => { wake = go; });
    if (res.destroyed) return;
  }
  res.end();
}

async function upload(req, res, url) {
  const hash = crypto.createHash('sha256');
  let bytes = 0;
  try {
    for await (const part of req) { bytes += part.length; hash.update(part); }
  } catch (error) {
    note({ path: url.pathname, aborted: true, bytes });
    return;
  }
  const sha256 = hash.digest('hex');
  note({ path: url.pathname, bytes, sha256 });
  json(res, 201, { bytes, sha256 });
}

// A file's name, then its bytes on another host, as browsers send them
// (wire facts 5.1).
async function announce(req, res, url) {
  const { body } = await readJson(req);
  const file_id = 'file-' + uuid().replaceAll('-', '').slice(0, 22);
  note({ path: url.pathname, file_id, file_name: body.file_name });
  json(res, 200, { status: 'success', file_id, upload_url:
    `https://files.oaiusercontent.com/${file_id}?se=2027-01-01&sp=w&sv=2020&sr=b&sig=c2ln` });
}

// A place for bytes whose name comes after them (wire facts 5.3).
async function reserve(req, res, url) {
  await readBody(req);
  const reservation_id = 'file_' + uuid().replaceAll('-', '');
  note({ path: url.pathname, reservation_id });
  json(res, 200, { eligible: true, reservation_id, upload_url:
    `https://files.oaiusercontent.com/files/${reservation_id}/raw?se=2027-01-01&sp=w&sig=c2ln` });
}

async function claim(req, res, url) {
  const { body } = await readJson(req);
  const file_id = url.pathname.split('/').at(-2);
  note({ path: url.pathname, file_id, file_name: body.file_name });
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of ['started', 'file_ready', 'completed'])
    res.write(JSON.stringify({ file_id, event: `file.processing.${event}` }) + '\n');
  res.end();
}

const session = { user: { id: 'user-ana', name: 'Ana', email: 'ana@example.com' },
  expires: '2027-01-01T00:00:00Z', authProvider: 'auth0',
  account: { id: '8f4d1f7e-0000-4000-8000-000000000001', planType: 'team' } };

const routes = [
  ...signin.routes(readBody, note),
  ['HEAD', /./, (req, res) => {
    res.writeHead(200, { 'content-length': '1234', 'x-standin': 'head' });
    res.end();
  }],
  ['GET', /^\/$/, (req, res) => {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8',
      'alt-svc': 'h3=":443"; ma=86400' });
    res.end(page);
  }],
  ['POST', /^\/backend-(api|anon|alt)(\/f)?\/conversation$/, conversation],
  ['GET', /^\/backend-api\/conversation\/[^/]+$/, history, req => req.url.includes('?turns=')],
  ['POST', /^\/v1\/chat\/completions$/, chatCompletions],
  ['POST', /^\/v1\/responses$/, responses],
  ['GET', /^\/api\/auth\/session$/, (req, res) => json(res, 200, session)],
  ['GET', /^\/backend-api\/me$/, (req, res) => json(res, 200, session.user)],
  ['POST', /\/conversation\/prepare$/, async (req, res, url) => {
    note({ path: url.pathname, bytes: (await readBody(req)).length });
    json(res, 200, { status: 'ok', conduit_token: 'made-up' });
  }],
  ['GET', /^\/download$/, download],
  ...filesDown.routes(json),
  ...admin.routes(readBody, note),
  ['OPTIONS', /./, (req, res) => {
    res.writeHead(204, { 'access-control-allow-origin': '*', 'access-control-allow-methods': '*',
      'access-control-allow-headers': 'content-type, x-ms-blob-type, x-ms-version' });
    res.end();
  }],
  ['POST', /^\/backend-(api|anon)\/files$/, announce],
  ['POST', /^\/backend-(api|anon)\/files\/[^/]+\/uploaded$/, async (req, res) => {
    await readBody(req);
    json(res, 200, { status: 'success' });
  }],
  ['POST', /\/files\/upload_reservations$/, reserve],
  ['POST', /\/files\/upload_reservations\/[^/]+\/claim_and_finish$/, claim],
  ['PUT', /^\/file-/, upload],
  ['PUT', /^\/(files|upload)/, upload],
  ['POST', /^\/upload/, upload],
  ['POST', /\/estuary\/upload_content_bytes$/, upload],
  ['GET', /^\/never$/, () => {}],
  ['GET', /^\/status\/\d+$/, (req, res, url) => {
    const status = Number(url.pathname.split('/')[2]);
    res.writeHead(status, { 'x-standin': 'status' });
    res.end(status === 204 || status === 304 ? undefined : 'body\n');
  }],
  ['GET', /^\/trailers$/, (req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-checksum' });
    res.write('with trailers\n');
    res.addTrailers({ 'x-checksum': 'abc' });
    res.end();
  }],
  ['GET', /^\/headers$/, (req, res) => json(res, 200,
    { headers: req.headers, version: req.httpVersion })],
];

function handle(req, res) {
  const url = new URL(req.url, 'https://stand.in');
  res.on('error', () => {});
  req.on('error', () => {});
  const route = routes.find(([method, pattern, , holds]) =>
    method === req.method && pattern.test(url.pathname) && (!holds || holds(req)));
  const serve = route ? route[2] : async () => {
    const bytes = (await readBody(req)).length;
    if (req.method !== 'GET') note({ path: url.pathname, method: req.method, bytes });
    json(res, 404, { detail: 'Not Found', method: req.method, bytes });
  };
  Promise.resolve(serve(req, res, url)).catch(error => {
    if (res.headersSent) hang(res);
    else json(res, 400, { detail: String(error.message) });
  });
}

function listen(server, port) {
  server.on('upgrade', (req, socket) => sockets.upgradeH1(req, socket, note));
  server.on('connect', (req, res) => {
    if (req.headers[':protocol'] === 'websocket') sockets.upgradeH2(req, res, note);
    else hang(res);
  });
  server.on('sessionError', () => {});
  server.on('clientError', (error, socket) => socket.destroy());
  server.on('tlsClientError', () => {});
  server.keepAliveTimeout = 60000;
  server.listen(Number(port), opt.host, () =>
    console.log(`stand-in on ${opt.host}:${server.address().port}`));
}

const tls = { cert: fs.readFileSync(opt.cert), key: fs.readFileSync(opt.key),
  ciphers: opt.weak ? 'DEFAULT:@SECLEVEL=0' : undefined,
  allowHTTP1: true, settings: { maxConcurrentStreams: 256, enableConnectProtocol: true } };
listen(opt.h1 ? require('https').createServer(tls, handle)
  : http2.createSecureServer(tls, handle), opt.port);
if (opt.clear_port) listen(http.createServer(handle), opt.clear_port);
