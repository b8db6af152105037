'use strict';
// WebSockets of the stand-in (RFC 6455, 7692, 8441), over an HTTP/1.1 upgrade
// or an HTTP/2 extended CONNECT: Codex turns, the socket of events that
// answers are handed to (chatgpt-wire §3.10, §4.6), and an echo for the rest.
//
// Knobs a test can turn, as query parameters:
//   deflate=0      declines permessage-deflate
//   takeover=0     agrees on *_no_context_takeover
//   fragment=N     answers come in fragments of N bytes, a ping between them
//   flood=N        sends a message of N bytes at once
//   status=N       refuses with this status
//   extension=X    agrees on what nobody offered
//   silent=1       says nothing
//   vanish=N       cuts the connection after N client messages
const crypto = require('crypto');
const zlib = require('zlib');
const shapes = require('./shapes');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TAIL = Buffer.from([0, 0, 255, 255]);
const uuid = () => crypto.randomUUID();

function writeFrame(first, payload) {
  const n = payload.length;
  const head = n < 126 ? Buffer.from([first, n])
    : n < 65536 ? Buffer.from([first, 126, n >> 8, n & 255])
      : Buffer.concat([Buffer.from([first, 127]), Buffer.alloc(8)]);
  if (n >= 65536) head.writeBigUInt64BE(BigInt(n), 2);
  return Buffer.concat([head, payload]);
}

// [frame, rest], or null: more bytes are needed.
function readFrame(bytes) {
  if (bytes.length < 6) return null;
  const short = bytes[1] & 127, extra = short === 127 ? 8 : short === 126 ? 2 : 0;
  if (bytes.length < 6 + extra) return null;
  const n = extra === 8 ? Number(bytes.readBigUInt64BE(2)) : extra ? bytes.readUInt16BE(2) : short;
  const at = 6 + extra;
  if (bytes.length < at + n) return null;
  const mask = bytes.subarray(at - 4, at), payload = Buffer.from(bytes.subarray(at, at + n));
  for (let i = 0; i < n; i++) payload[i] ^= mask[i & 3];
  return [{ first: bytes[0], isMasked: bytes[1] >= 128, payload }, bytes.subarray(at + n)];
}

class Socket {
  constructor(stream, url, deflate, note) {
    Object.assign(this, { stream, url, deflate, note, bytes: Buffer.alloc(0), parts: [],
      work: Promise.resolve(), messages: 0, isClosed: false });
    const options = { windowBits: 15 };
    if (deflate) [this.packer, this.unpacker] = [zlib.createDeflateRaw(options), zlib.createInflateRaw(options)];
    stream.on('error', () => {});
    stream.on('data', data => this.onData(data));
    stream.on('end', () => stream.end());
  }

  // Through zlib, up to the flush; the windows stay.
  through(z, ...inputs) {
    return new Promise((done, fail) => {
      const out = [];
      const take = part => out.push(part);
      z.on('data', take).once('error', fail);
      for (const input of inputs) z.write(input);
      z.flush(zlib.constants.Z_SYNC_FLUSH, () => {
        z.off('data', take).off('error', fail);
        done(Buffer.concat(out));
      });
    });
  }

  async pack(payload) {
    if (this.deflate.resets) this.packer.reset();
    const out = await this.through(this.packer, payload);
    return out.subarray(0, out.length - TAIL.length);
  }

  async unpack(payload) {
    if (this.deflate.resets) this.unpacker.reset();
    return this.through(this.unpacker, payload, TAIL);
  }

  async send(text) {
    let payload = Buffer.from(text), first = 1;
    if (this.deflate) [payload, first] = [await this.pack(payload), 0x41];
    const size = Number(this.url.searchParams.get('fragment')) || payload.length || 1;
    for (let at = 0; at === 0 || at < payload.length; at += size) {
      const isLast = at + size >= payload.length;
      if (at) this.stream.write(writeFrame(0x89, Buffer.from('between')));
      this.stream.write(writeFrame((at ? 0 : first) | (isLast ? 0x80 : 0), payload.subarray(at, at + size)));
    }
    if (this.stream.writableNeedDrain) await new Promise(go => this.stream.once('drain', go));
  }

  onData(data) {
    this.bytes = Buffer.concat([this.bytes, data]);
    for (let found; !this.isClosed && (found = readFrame(this.bytes)); this.bytes = found[1])
      this.onFrame(found[0]);
  }

  onFrame({ first, isMasked, payload }) {
    const opcode = first & 15;
    this.note({ socket: this.url.pathname, opcode, isMasked, bytes: payload.length });
    if (opcode === 8) {
      this.isClosed = true;
      this.work = this.work.then(() => this.stream.end(writeFrame(0x88, payload.subarray(0, 2))));
    } else if (opcode === 9) {
      this.stream.write(writeFrame(0x8a, payload));
    } else if (opcode < 3) {
      if (opcode) this.parts = [];
      if (opcode) this.isPacked = (first & 0x40) !== 0;
      this.parts.push(payload);
      if (first & 0x80) {
        const whole = Buffer.concat(this.parts), isPacked = this.isPacked;
        this.work = this.work.then(async () => this.onMessage(isPacked ? await this.unpack(whole) : whole))
          .catch(() => this.stream.destroy());
      }
    }
  }

  async onMessage(payload) {
    const text = payload.toString();
    this.note({ socket: this.url.pathname, text: text.length < 4096 ? text : undefined, size: text.length });
    if (++this.messages === Number(this.url.searchParams.get('vanish'))) {
      this.stream.destroy();
      return;
    }
    if (this.url.searchParams.get('silent')) return;
    let body = null;
    try { body = JSON.parse(text); } catch { /* echoed */ }
    if (body && body.type === 'response.create') await codex(this, body);
    else if (Array.isArray(body)) await events(this, body);
    else if (!body || body.type !== 'response.processed') await this.send(text);
  }
}

const lastOf = value => Array.isArray(value) ? lastOf(value.at(-1)) : value;

function promptOf(body) {
  const item = lastOf(body.input ?? '');
  if (typeof item === 'string') return item;
  const part = lastOf(item.content ?? '');
  return typeof part === 'string' ? part : part.text || '';
}

async function codex(socket, body) {
  const text = `You said ${Buffer.byteLength(promptOf(body))} bytes. Grüße 👋, one, two — done.`;
  const whole = shapes.response(text, 'resp_' + uuid(), 'msg_' + uuid(), body.model);
  for (const event of shapes.responseEvents(text, whole))
    await socket.send(event.slice(event.indexOf('data: ') + 6).trim());
}

// Commands of the page; a topic is answered with a turn's events.
async function events(socket, commands) {
  for (const { id, command } of commands) {
    if (command.type !== 'subscribe') continue;
    const topic = command.topic_id;
    await socket.send(JSON.stringify({ type: 'reply', id, reply: { topic_id: topic, catchups: [] } }));
    if (!topic.startsWith('conversation-turn-')) continue;
    const turn = topic.slice('conversation-turn-'.length), conversation = socket.url.searchParams.get('conversation') || uuid();
    const ids = { conversation, answer: uuid(), user: uuid(), model: 'auto' };
    let offset = 0;
    for (const item of shapes.deltaV1('Handed off to a socket, whole — 👋.', ids))
      await socket.send(JSON.stringify([{ type: 'message', topic_id: topic, offset: String(offset++), payload: {
        type: 'conversation-turn-stream', payload: { type: 'stream-item', conversation_id: conversation, turn_id: turn,
          stream_item_id: `it-${offset}`, parent_stream_item_id: `it-${offset - 1}`, encoded_item: item } } }]));
    await socket.send(JSON.stringify([{ type: 'message', topic_id: topic, offset: String(offset),
      payload: { type: 'conversation-turn-complete', payload: { conversation_id: conversation, turn_id: turn } } }]));
  }
}

// {agreed: header value, deflate} of the client's offer.
function agree(offer, url) {
  const extension = url.searchParams.get('extension');
  if (extension) return { agreed: extension };
  if (!(offer || '').includes('permessage-deflate') || url.searchParams.get('deflate') === '0') return {};
  const resets = url.searchParams.get('takeover') === '0';
  return { deflate: { resets }, agreed: 'permessage-deflate' +
    (resets ? '; server_no_context_takeover; client_no_context_takeover' : '') };
}

async function start(stream, url, deflate, note) {
  const socket = new Socket(stream, url, deflate, note);
  const flood = Number(url.searchParams.get('flood') || 0);
  if (flood) await socket.send('flood '.repeat(Math.ceil(flood / 6)).slice(0, flood));
}

function upgradeH1(req, socket, note) {
  const url = new URL(req.url, 'https://stand.in');
  const status = url.searchParams.get('status');
  socket.on('error', () => {});
  note({ socket: url.pathname, upgrade: '1.1', offer: req.headers['sec-websocket-extensions'] });
  if (status) {
    socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
    return;
  }
  const { agreed, deflate } = agree(req.headers['sec-websocket-extensions'], url);
  const accept = crypto.createHash('sha1').update(req.headers['sec-websocket-key'] + GUID).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n` + (agreed ? `Sec-WebSocket-Extensions: ${agreed}\r\n` : '') + '\r\n');
  start(socket, url, deflate, note);
}

function upgradeH2(req, res, note) {
  const url = new URL(req.headers[':path'], 'https://stand.in');
  const status = Number(url.searchParams.get('status') || 200);
  note({ socket: url.pathname, upgrade: '2', offer: req.headers['sec-websocket-extensions'] });
  const { agreed, deflate } = agree(req.headers['sec-websocket-extensions'], url);
  res.stream.respond({ ':status': status, ...(agreed ? { 'sec-websocket-extensions': agreed } : {}) });
  if (status === 200) start(res.stream, url, deflate, note);
  else res.stream.end('no');
}

module.exports = { upgradeH1, upgradeH2 };
