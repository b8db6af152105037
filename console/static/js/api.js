// The console's API (openapi.yaml) as functions.

let csrf = '';

export class ApiError extends Error {
  constructor(status, word, message) {
    super(message);
    this.status = status;
    this.word = word;
  }
}

/** To the login and back: the session has ended. */
function logIn() {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
  return new Promise(() => {}); // nothing more happens on this page
}

async function errorOf(answer) {
  let said = {};
  try {
    said = await answer.json();
  } catch {
    // Not the console's own answer: its status must do.
  }
  return new ApiError(answer.status, said.error ?? 'http', said.message ?? `The console answered ${answer.status}.`);
}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;
    throw new ApiError(0, 'network', 'The console cannot be reached. Is it running, and are you on its network?');
  }
  if (answer.status === 401)
    return logIn();
  if (!answer.ok)
    throw await errorOf(answer);
  return answer;
}

export function address(path, parameters) {
  const text = new URLSearchParams(parameters ?? []).toString();
  return `/api/v1/${path}${text === '' ? '' : `?${text}`}`;
}

/** parameters: a list of [name, value]. */
export async function get(path, parameters, signal) {
  const answer = await call(address(path, parameters), { signal });
  return answer.json();
}

export async function post(path, body) {
  const answer = await call(address(path), { method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf } });
  return answer.json();
}

/** A file as it is, and words about it. */
export async function postFile(path, parameters, file) {
  const answer = await call(address(path, parameters), { method: 'POST', body: file,
    headers: { 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': csrf } });
  return answer.json();
}

export async function session() {
  const who = await get('session');
  csrf = who.csrf;
  return who;
}

/** A change; its answer, or null where there is none. */
export async function send(method, path, body) {
  const headers = { 'X-CSRF-Token': csrf, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
  const answer = await call(address(path), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

/** Also where the session came from, if that has a place for it. */
export async function logOut() {
  const answer = await send('POST', 'logout');
  location.assign(answer?.end_session ?? '/login');
}

export const isAbort = error => error.name === 'AbortError';
