'use strict';
// Files coming down (wire facts 6): links, and the bytes that they lead to.
//
// A file is its id: file_SIZE, or file_SIZEcard with a card number at its end;
// lines of text, always the same.  A request for a link may say where it leads
// to: ?at=estuary (default), storage, blob.  Requests for bytes: Range, and
//   abort=N  the connection is cut after N bytes
//   slow=MS  between pieces of 64 KiB
//   data=…   these bytes in base64url, whatever the id says
//   moved=…  a redirect to where a link would lead (storage, blob); a request
//            for a link takes it, too
const PIECE = 65536;
const LINE = 'a line of a report, one of many, 63 bytes to its end; promptgate\n';
const BLOCK = Buffer.alloc(LINE.length * 1024, LINE);
const CARD = Buffer.from('card 4111 1111 1111 1111\n');

const sleep = ms => new Promise(done => setTimeout(done, ms));

function sizeOf(id) {
  const found = /^file_(\d+)(card)?$/.exec(id);
  return found ? { bytes: Number(found[1]), hasCard: Boolean(found[2]) } : null;
}

// Bytes from..to of the file.
function slice(file, from, to) {
  if (file.data) return file.data.subarray(from, to);
  const out = Buffer.alloc(to - from);
  for (let at = from; at < to;) {
    const start = at % BLOCK.length;
    const n = Math.min(BLOCK.length - start, to - at);
    BLOCK.copy(out, at - from, start, start + n);
    at += n;
  }
  const card = file.bytes - CARD.length;
  if (file.hasCard && to > card) CARD.copy(out, Math.max(0, card - from), Math.max(0, from - card));
  return out;
}

const hosts = {
  estuary: id => `https://chatgpt.com/backend-api/estuary/content?id=${id}&ts=49&p=fs&cid=1&v=0`,
  storage: id => `https://files.oaiusercontent.com/${id}?se=2027&sp=r&sv=2024-08-04`,
  blob: id => `https://prod7.blob.core.windows.net/made-up/${id}?se=2027&sp=r`,
};

function isMoved(res, url, id) {
  const to = url.searchParams.get('moved');
  if (!to) return false;
  res.writeHead(302, { location: `${hosts[to](id)}&sig=${Math.random().toString(16).slice(2)}`,
    'content-type': 'text/html' });
  res.end('<a>moved</a>');
  return true;
}

function link(json) {
  return (req, res, url) => {
    const path = url.pathname.split('/');
    const name = (url.searchParams.get('sandbox_path') || 'report.txt').split('/').pop();
    const id = url.searchParams.get('file') || path.find(p => p.startsWith('file_'));
    const more = url.searchParams.get('more') || '';
    if (isMoved(res, url, id)) return;
    json(res, 200, { status: 'success', file_name: name, creation_time: null, metadata: {},
      mime_type: url.searchParams.get('mime') || 'text/plain', file_size_bytes: sizeOf(id).bytes,
      download_url: hosts[url.searchParams.get('at') || 'estuary'](id) +
        `&sig=${Math.random().toString(16).slice(2)}${more}` });
  };
}

async function send(res, file, from, to, url) {
  const abort = Number(url.searchParams.get('abort') || Infinity);
  const slow = Number(url.searchParams.get('slow') || 0);
  let wake = () => {};
  res.on('drain', () => wake()).on('close', () => wake());
  for (let at = from; at < to && !res.destroyed; at += PIECE) {
    const end = Math.min(at + PIECE, to, from + abort);
    const isFull = !res.write(slice(file, at, end));
    if (end === from + abort) {
      await sleep(50);
      (res.stream || res.socket).destroy();
      return;
    }
    if (slow) await sleep(slow);
    else if (isFull) await new Promise(go => { wake = go; });
  }
  res.end();
}

// multipart/byteranges (RFC 9110 14.6)
function sendSeveral(res, file, ranges) {
  const parts = ranges.split(',').map(r => r.split('-').map(Number)).flatMap(([first, last]) => [
    `\r\n--gap\r\nContent-Type: text/plain\r\nContent-Range: bytes ${first}-${last}/${file.bytes}\r\n\r\n`,
    slice(file, first, last + 1)]);
  const body = Buffer.concat([...parts, '\r\n--gap--\r\n'].map(p => Buffer.from(p)));
  res.writeHead(206, { 'content-type': 'multipart/byteranges; boundary=gap', 'content-length': body.length });
  res.end(body);
}

async function bytes(req, res, url) {
  const file = sizeOf(url.searchParams.get('id') || url.pathname.split('/').pop());
  const range = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range || '');
  if (file !== null && isMoved(res, url, url.searchParams.get('id'))) return;
  if (file !== null && url.searchParams.has('data')) {
    file.data = Buffer.from(url.searchParams.get('data'), 'base64url');
    file.bytes = file.data.length;
  }
  if (file === null) {
    res.writeHead(422, { 'content-type': 'application/json' });
    res.end('{"detail":"no such file"}');
    return;
  }
  const several = /^bytes=(\d+-\d+(,\d+-\d+)+)$/.exec(req.headers.range || '');
  if (several) {
    sendSeveral(res, file, several[1]);
    return;
  }
  const from = range ? Number(range[1]) : 0;
  const to = range && range[2] ? Math.min(Number(range[2]) + 1, file.bytes) : file.bytes;
  res.writeHead(range ? 206 : 200, { 'content-type': 'application/octet-stream',
    'content-length': to - from, 'accept-ranges': 'bytes',
    ...(range ? { 'content-range': `bytes ${from}-${to - 1}/${file.bytes}` } : {}) });
  await send(res, file, from, to, url);
}

exports.routes = json => [
  ['GET', /^\/backend-(api|anon)\/files\/(download\/[^/]+|[^/]+\/download)$/, link(json)],
  ['GET', /^\/backend-(api|anon)\/conversation\/[^/]+\/interpreter\/download$/, link(json)],
  ['GET', /^\/backend-(api|anon)\/conversation\/[^/]+\/attachment\/[^/]+\/download$/, link(json)],
  ['GET', /^\/backend-(api|anon)\/estuary\/content$/, bytes],
  ['GET', /^\/(made-up\/)?file_/, bytes],
];
