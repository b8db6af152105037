'use strict';
// Administration as OpenAI's platform and ChatGPT's workspaces answer it
// (facts/openai-admin.md 2 and 3), for whatever id is asked for.
//
// The secret of a new key is made of its name, so that a test can tell it and
// no request holds it.  Knobs in the body's name: "fail-403" answers with that
// status, "challenge" with a page, "retry" with 503 the first time.  ?gzip=1:
// the answer is compressed; ?slow=MS: it comes in two halves.
const crypto = require('crypto');
const zlib = require('zlib');

const KINDS = { admin_api_keys: ['organization.admin_api_key', 'key'], certificates: ['certificate', 'cert'],
  invites: ['organization.invite', 'invite'], projects: ['organization.project', 'proj'],
  service_accounts: ['organization.project.service_account', 'svc_acct'], users: ['organization.user', 'user'],
  groups: ['group', 'group'], roles: ['role', 'role'], spend_alerts: ['organization.spend_alert', 'alert'],
  api_keys: ['organization.project.service_account.api_key', 'key'], rate_limits: ['project.rate_limit', 'rl'] };

const secretOf = name => 'sk-planted-' + crypto.createHash('sha256').update('secret of ' + name).digest('hex');
const idOf = (kind, name) => `${kind}_` + crypto.createHash('sha256').update(String(name)).digest('hex').slice(0, 12);
const tried = new Set();

function checkpoint(body) {
  const data = body.project_ids.map(p => ({ object: 'checkpoint.permission', id: idOf('cp', p), project_id: p,
    created_at: 1790000000 }));
  return { object: 'list', data, first_id: data[0].id, last_id: data.at(-1).id, has_more: false };
}

function created(parts, body) {
  const [object, prefix] = KINDS[parts.at(-1)] || [parts.at(-1), 'x'];
  const name = body.name || body.role_name || body.email || body.user_id || body.group_id || 'x';
  const out = { object, id: body.user_id || idOf(prefix, name), created_at: 1790000000, ...body };
  if (parts.at(-1) === 'admin_api_keys')
    Object.assign(out, { owner: { id: 'user-1', name: 'Ana', role: 'owner' }, value: secretOf(name) });
  if (parts.at(-1) === 'api_keys') out.value = secretOf(name);
  if (parts.at(-1) === 'service_accounts')
    Object.assign(out, { role: 'member', api_key: body.create_service_account_only ? null
      : { id: idOf('key', name), name: 'Secret Key', value: secretOf(name) } });
  if (parts.at(-1) === 'roles' && body.role_id) out.role = { id: body.role_id, name: 'Admin' };
  if (parts.at(-1) === 'certificates') delete out.certificate;
  return out;
}

function platform(method, parts, body) {
  const last = parts.at(-1);
  if (method === 'DELETE') return { object: 'deleted', id: last, deleted: true };
  if (parts.includes('checkpoints')) return checkpoint(body);
  if (last === 'activate' || last === 'deactivate')
    return { object: `organization.certificate.${last}`, data: body.certificate_ids.map(id =>
      ({ id, name: 'cert ' + id, active: last === 'activate' })) };
  if (last === 'archive') return { object: 'organization.project', id: parts.at(-2), name: 'Blue', status: 'archived' };
  if (last in KINDS) return created(parts, body);
  const [object] = KINDS[parts.at(-2)] || [last];
  return { object, id: last, ...body };
}

function console_(parts, body) {
  if (parts.at(-1) === 'service_accounts')
    return { id: idOf('svc_acct', body.id), object: 'service_account',
      secret: [{ sensitive_id: secretOf(body.id), created: 1790000000 }] };
  if (body.action === 'create')
    return { result: 'success', key: { sensitive_id: secretOf(body.name), object: 'api_key', name: body.name,
      created: 1790000000, last_use: null, publishable: false } };
  return { result: 'success' };
}

function workspace(method, parts, body) {
  if (method === 'POST' && parts.at(-1) === 'invites')
    return { account_invites: body.email_addresses.filter(e => e.includes('@')).map(e =>
      ({ id: idOf('inv', e), email_address: e, role: body.role })),
    errored_emails: body.email_addresses.filter(e => !e.includes('@')).map(email => ({ email, error: 'invalid' })) };
  return { success: true };
}

function answer(res, url, status, type, text) {
  const headers = { 'content-type': type };
  let bytes = Buffer.from(text);
  if (url.searchParams.get('gzip')) {
    headers['content-encoding'] = 'gzip';
    bytes = zlib.gzipSync(bytes);
  }
  headers['content-length'] = bytes.length;
  res.writeHead(status, headers);
  const slow = Number(url.searchParams.get('slow') || 0);
  if (!slow) return void res.end(bytes);
  res.write(bytes.subarray(0, bytes.length / 2));
  setTimeout(() => res.end(bytes.subarray(bytes.length / 2)), slow);
}

module.exports.routes = (readBody, note) => {
  async function serve(req, res, url) {
    const text = (await readBody(req)).toString();
    let body = {};
    try { body = JSON.parse(text || '{}'); } catch { /* answered as if it were empty */ }
    const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    note({ path: url.pathname, method: req.method, keys: Object.keys(body) });
    const fail = /^fail-(\d+)$/.exec(body.name || '');
    if (body.name === 'challenge') return answer(res, url, 200, 'text/html', '<!DOCTYPE html><title>Just a moment</title>');
    const isFirst = body.name === 'retry' && !tried.has(url.pathname);
    tried.add(url.pathname);
    if (fail || isFirst)
      return answer(res, url, fail ? Number(fail[1]) : 503, 'application/json',
        JSON.stringify({ error: { code: 'refused', message: 'Refused.', param: null, type: 'invalid_request_error' } }));
    const made = parts[0] === 'backend-api' ? workspace(req.method, parts, body)
      : parts.includes('dashboard') ? console_(parts, body) : platform(req.method, parts, body);
    answer(res, url, 200, 'application/json', JSON.stringify(made));
  }
  const paths = /^\/(v1\/(organization|projects|dashboard|fine_tuning\/checkpoints)|dashboard|backend-api\/accounts)\//;
  return ['POST', 'PATCH', 'DELETE', 'PUT'].map(method => [method, paths, serve]);
};
