'use strict';
// Signing in and out as the hosts of sign-in answer it (facts/openai-admin.md
// 2.2).  Whose a browser is, is known by its cookie `oai-did`.
//
// What only answers bring (cookies, tokens) is made of names that a test knows.
// A password that begins with "Wrong" or a code of zeros is refused; one that
// begins with "Challenge" is answered by a page with status 200, the
// answer to one that begins with "Slow" never ends.  ?fail=STATUS
// makes a sign-out fail.
const crypto = require('crypto');

const CHALLENGE = '<!DOCTYPE html><html><title>Just a moment...</title></html>';
const COOKIE = '__Secure-next-auth.session-token';
const mails = new Map(); // of devices, and of sessions

const secretOf = name => 'planted-' + crypto.createHash('sha256').update('secret of ' + name).digest('hex');
const cookieOf = (req, name) => {
  const found = new RegExp(`(?:^|; )${name.replace('.', '\\.')}=([^;]*)`).exec(req.headers.cookie || '');
  return found ? found[1] : '';
};

function tokenOf(mail) {
  const claims = { sub: 'auth0|x', 'https://api.openai.com/profile': { email: mail } };
  return `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${secretOf('id ' + mail)}`;
}

function send(res, status, value, headers = {}) {
  const isPage = typeof value === 'string';
  const bytes = Buffer.from(isPage ? value : JSON.stringify(value));
  res.writeHead(status, { 'content-type': isPage ? 'text/html' : 'application/json',
    'content-length': bytes.length, ...headers });
  res.end(bytes);
}

function check(res, word, isWrong, code) {
  if (word.startsWith('Slow')) { // its end never comes
    res.writeHead(200, { 'content-type': 'application/json' });
    return res.write('{"page":');
  }
  if (word.startsWith('Challenge')) return send(res, 200, CHALLENGE);
  if (isWrong) return send(res, 401, { error: { code, message: 'Incorrect: ' + word } });
  send(res, 200, { continue_url: '/next', page: { type: 'next' }, ticket: secretOf('ticket ' + word) });
}

function steps(req, res, url, body) {
  const device = cookieOf(req, 'oai-did');
  const path = url.pathname;
  const form = new URLSearchParams(body);
  const json = () => JSON.parse(body || '{}');
  const mail = mails.get(device) || 'nobody@corp.example';
  if (path.endsWith('/csrf')) return send(res, 200, { csrfToken: secretOf('csrf ' + device) });
  if (path.startsWith('/api/auth/signin/'))
    return send(res, 200, { url: 'https://auth.openai.com/api/accounts/authorize?state=' + device });
  if (path.endsWith('/authorize/continue')) {
    mails.set(device, json().username.value);
    return send(res, 200, { continue_url: '/log-in/password', page: { type: 'login_password' } });
  }
  if (path.endsWith('/authorize')) return send(res, 302, '', { location: '/log-in' });
  if (path.endsWith('/password/verify'))
    return check(res, json().password, json().password.startsWith('Wrong'), 'invalid_username_or_password');
  if (path.endsWith('/validate') || path.endsWith('/mfa/verify'))
    return check(res, json().code, /^0+$/.test(json().code), 'wrong_code');
  if (path.startsWith('/sso/saml/acs/'))
    return form.get('SAMLResponse') ? send(res, 302, '', { location: '/sso/signin-consent' })
      : send(res, 400, { error: { code: 'no_assertion' } });
  if (path.startsWith('/api/auth/callback/')) {
    const session = secretOf('session ' + device);
    mails.set(session, mail);
    return send(res, 302, '', url.searchParams.get('error') ? { location: '/auth/error' }
      : { location: '/', 'set-cookie': `${COOKIE}=${session}; Path=/; HttpOnly; Secure; SameSite=Lax` });
  }
  if (path === '/api/auth/session') {
    const name = mails.get(cookieOf(req, COOKIE));
    return send(res, 200, name ? { accessToken: secretOf('access ' + name), expires: '2027-01-01T00:00:00Z',
      user: { id: 'user-' + name, email: name } } : {});
  }
  if (path === '/oauth/token')
    return send(res, 200, { access_token: secretOf('grant ' + form.get('code')), id_token: tokenOf(form.get('code').split('~')[0]),
      refresh_token: secretOf('refresh ' + form.get('code')), expires_in: 3600 });
  if (path.endsWith('/onboarding/login'))
    return send(res, 200, { user: { session: { sensitive_id: 'sess-' + secretOf('onboarding') } } });
  const status = Number(url.searchParams.get('fail') || 200);
  send(res, status, status === 200 ? { url: 'https://chatgpt.com/' } : { detail: 'no' },
    path === '/api/auth/signout' && status === 200 ? { 'set-cookie': `${COOKIE}=; Path=/; Max-Age=0` } : {});
}

module.exports.routes = (readBody, note) => {
  async function serve(req, res, url) {
    const body = (await readBody(req)).toString();
    note({ path: url.pathname, method: req.method, bytes: body.length });
    steps(req, res, url, body);
  }
  const get = /^\/(api\/auth\/(csrf|callback\/[^/]+)|api\/accounts\/authorize|auth\/logout|logout|v2\/logout)$/;
  const post = new RegExp('^/(api/auth/(signin/[^/]+|signout)|backend-api/(auth|accounts)/logout(_all)?|oauth/token|' +
    'api/accounts/(authorize/continue|(password|mfa)/verify|(email|phone)-otp/validate|logout|user/register)|' +
    'sso/saml/acs/[^/]+|(v1/)?dashboard/onboarding/login)$');
  // A session that was made here; others are the chat page's.
  const isMadeHere = req => cookieOf(req, COOKIE).startsWith('planted-');
  return [['GET', get, serve], ['POST', post, serve], ['GET', /^\/api\/auth\/session$/, serve, isMadeHere]];
};
