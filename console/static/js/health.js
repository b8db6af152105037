// How the node does: what an operator looks at first when something is odd.
import { get, isAbort } from './api.js';
import { h, state } from './dom.js';
import { modeChip } from './modes.js';
import { DAY, count, duration, size, time } from './format.js';

const EVERY_MS = 10000;

const SAID = { good: 'All is well', warning: 'Something wants attention', bad: 'Something is broken' };

function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.map(([key, value]) => [h('dt', null, key), h('dd', null, value)]));
}

function card(title, ...content) {
  return h('section', { class: 'card', 'aria-label': title }, h('h2', null, title), content);
}

const label = key => key.replace(/_total$/, '').replaceAll('_', ' ');
const number = ([key, n]) => [label(key), key.endsWith('bytes') ? size(n) : count(n)];

function expiry(text) {
  if (text === undefined)
    return 'none';
  const days = Math.floor((Date.parse(text) - Date.now()) / DAY);
  return [time(text, 'day'), ` · ${days < 0 ? 'ended' : `${count(days)} days left`}`];
}

function roles(items) {
  return h('table', { class: 'numbers' }, h('caption', { class: 'unseen' }, 'Roles'),
    h('thead', null, h('tr', null, ['Role', 'Running', 'Restarts'].map(t => h('th', { scope: 'col' }, t)))),
    h('tbody', null, items.map(r => h('tr', { class: r.running === 0 ? 'is-bad' : null },
      h('th', { scope: 'row' }, r.role), h('td', null, count(r.running)), h('td', null, r.restarts === undefined ? '–' : count(r.restarts))))));
}

// What a request waits for; what a storer takes for a record delays none.
const TIMES = { hold: 'a request was held, after its last byte', scan: 'an exchange was scanned', commit: 'a record to its acknowledgement' };

function bound(us) {
  if (us === null)
    return 'over 5.2 s';
  return us < 1000 ? `${us} µs` : duration(us / 1000);
}

function latency(times) {
  return [h('table', { class: 'numbers' }, h('caption', { class: 'unseen' }, 'Latency'),
    h('thead', null, h('tr', null, ['At most', 'p50', 'p95', 'p99', 'Measured'].map(t => h('th', { scope: 'col' }, t)))),
    h('tbody', null, Object.entries(times).map(([name, t]) => h('tr', { 'data-time': name },
      h('th', { scope: 'row', title: TIMES[name] }, name),
      ['p50_us', 'p95_us', 'p99_us'].map(key => h('td', null, t.count === 0 ? '–' : bound(t[key]))),
      h('td', null, t.count === 0 ? 'nothing yet' : count(t.count)))))),
  h('p', { class: 'hint' }, 'By the roles of this node, since it started. ',
    Object.entries(TIMES).map(([name, text]) => `${name}: ${text}`).join('; '), '.')];
}

/** Of other nodes only their records are known; this one may have none yet. */
function nodes(health) {
  const others = health.nodes.filter(n => n.name !== health.node);
  const own = health.nodes.find(n => n.name === health.node) ?? { name: health.node };
  return [h('table', { class: 'numbers names' }, h('caption', { class: 'unseen' }, 'Nodes'),
    h('thead', null, h('tr', null, ['Node', 'State', 'Last event', 'Stored after'].map(t => h('th', { scope: 'col' }, t)))),
    h('tbody', null, [own, ...others].map(n => h('tr', { 'data-node': n.name }, h('th', { scope: 'row' }, n.name),
      h('td', null, n === own ? h('span', { class: `chip status-${health.status}` }, health.status) : 'not known'),
      h('td', null, n.last === undefined ? 'none yet' : time(n.last, 'ago')),
      h('td', null, n.delay_ms === undefined ? 'not known' : duration(n.delay_ms)))))),
  others.length > 0 && h('p', { class: 'hint' }, 'Of other nodes this one has the records only: their own Health says how they do.')];
}

function draw(health) {
  return [
    h('section', { class: `panel verdict-panel status-${health.status}`, 'aria-label': 'Status' },
      h('p', { class: 'state-title' }, SAID[health.status] ?? health.status),
      (health.problems ?? []).length > 0 && h('ul', null, health.problems.map(p => h('li', null, p))),
      h('p', { class: 'hint' }, `Node ${health.node}, version ${health.version}, at `, time(health.time))),
    h('div', { class: 'cards' },
      card('Roles', roles(health.roles)),
      card('Nodes', nodes(health)),
      card('Added latency', latency(health.latency)),
      card('Store', facts([['activities', count(health.store.activities)], ['size', size(health.store.bytes)],
        ['oldest', health.store.oldest === undefined ? 'none' : time(health.store.oldest, 'minute')],
        ['newest', health.store.newest === undefined ? 'none' : time(health.store.newest)]])),
      card('Modes', facts((health.modes ?? []).map(m => [m.service, [modeChip(m.mode), m.is_own ? ' switched in the console' : '']]))),
      card('Queues', facts(Object.entries(health.queues).map(number))),
      card('Certificates', facts([['console ends', expiry(health.certificate.expires)], ['CA ends', expiry(health.ca.expires)],
        ...(health.ca.sha256 === undefined ? [] : [['CA SHA-256', h('code', null, health.ca.sha256)]])])),
      card('Drift of the service maps', facts(Object.entries(health.drift).map(number)),
        h('p', { class: 'hint' }, 'Requests that are not as the maps say; a number that grows means that a service has changed.')),
      card('Counters', facts(Object.entries(health.counters).map(number)))),
  ];
}

export function health(main) {
  const abort = new AbortController();
  const place = h('div', { class: 'stack' });
  let timer = null;

  async function load() {
    try {
      place.replaceChildren(...draw(await get('health', [], abort.signal)));
    } catch (error) {
      if (isAbort(error))
        return;
      place.replaceChildren(state('error', 'The state cannot be shown', error.message));
    }
    timer = setTimeout(load, EVERY_MS);
  }

  main.append(h('div', { class: 'page' }, h('header', { class: 'page-head' }, h('h1', null, 'Health'),
    h('p', { class: 'total' }, 'renewed every ten seconds')), place));
  load();
  return {
    leave() {
      abort.abort();
      clearTimeout(timer);
    },
  };
}
