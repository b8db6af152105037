// One activity beside the table: everything on its record, its findings marked
// in its text, the conversation around it, what else its user did.
import { get, isAbort } from './api.js';
import { chip, personOf, severityOf } from './columns.js';
import { h, state } from './dom.js';
import { drawer } from './drawer.js';
import { count, size, time } from './format.js';
import { markContent, markSample, ofText } from './masked.js';

const RELATED = 8;
const TURNS = 50;
// Shown in places of their own; all else on a record comes as a list of facts.
const PLACED = new Set(['id', 'time', 'activity', 'verdict', 'severity', 'reason', 'text', 'files', 'findings', 'evidence']);

const labelOf = key => key.replaceAll('_', ' ');

/** Any value of a record as text, deep as it may be. */
function valueOf(value, key) {
  if (Array.isArray(value))
    return value.every(v => typeof v !== 'object') ? value.join(', ') : h('ul', null, value.map(v => h('li', null, valueOf(v))));
  if (value !== null && typeof value === 'object')
    return facts(Object.entries(value));
  if (typeof value === 'number' && key?.endsWith('bytes'))
    return `${size(value)} (${count(value)})`;
  return String(value);
}

export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.map(([key, value]) => [h('dt', null, labelOf(key)), h('dd', null, valueOf(value, key))]));
}

export function section(title, ...content) {
  return h('section', null, h('h3', null, title), content);
}

function textOf(record) {
  const own = (record.findings ?? []).filter(ofText);
  const { text } = record;
  if (text === undefined)
    return null;
  if (text.content !== undefined)
    return [h('pre', { class: 'text', tabindex: 0, 'aria-label': 'Text' }, markContent(text.content, own)),
      text.hidden !== undefined && h('details', null, h('summary', null, 'Hidden text'), h('pre', { class: 'text' },
        markContent(text.hidden, (record.findings ?? []).filter(f => f.where === 'hidden'))))];
  if (text.sample !== undefined)
    return [h('p', { class: 'text' }, markSample(text.sample, own)),
      h('p', { class: 'hint' }, `The first characters of ${size(text.bytes ?? 0)}, findings masked.`)];
  return h('p', { class: 'hint' }, `${size(text.bytes ?? 0)} of text, of which no sample is kept.`);
}

export function finding(f) {
  return h('li', null, h('div', null, h('b', null, f.type ?? f.detector), ' ', chip('level', f.severity),
    f.count > 1 && h('span', { class: 'hint' }, ` ×${count(f.count)}`)),
  f.sample !== undefined && h('code', null, f.sample),
  h('p', { class: 'hint' }, [f.detector, f.group, f.where && `in ${f.where}`, f.confidence && `${f.confidence} confidence`,
    f.document && `of ${f.document}`].filter(Boolean).join(' · ')));
}

function file(f, record) {
  const { name, text, ...rest } = f;
  const own = (record.findings ?? []).filter(x => x.where === 'file');
  return h('li', null, h('b', { class: 'file' }, name ?? f.id ?? 'a file'), facts(Object.entries(rest)),
    text?.content !== undefined && h('pre', { class: 'text' }, record.files.length === 1 ? markContent(text.content, own) : text.content),
    text?.content === undefined && text?.sample !== undefined && h('p', { class: 'text' }, record.files.length === 1 ? markSample(text.sample, own) : text.sample));
}

/** A turn of a conversation, or another activity of the user. */
export function line(record, current, addressOf) {
  const text = record.text?.content ?? record.text?.sample ?? '';
  const names = (record.files ?? []).map(f => f.name ?? f.id).filter(Boolean);
  const side = /^response/.test(record.activity) ? 'answer' : 'person';
  return h('li', { class: `turn ${side}${record.id === current ? ' here' : ''}`, 'aria-current': record.id === current ? 'true' : null },
    h('a', { href: addressOf(record) }, time(record.time), ' ', h('span', null, record.activity)), ' ', chip('verdict', record.verdict),
    names.map(n => h('span', { class: 'file' }, n)),
    text !== '' && h('p', { class: 'turn-text' }, record.text.content === undefined
      ? markSample(text, (record.findings ?? []).filter(ofText)) : markContent(text, (record.findings ?? []).filter(ofText))));
}

/** addressOf(record); onClose(). */
export function detailDrawer(who, addressOf, addressOfUser, addressOfConversation, onClose) {
  const panel = drawer({ noun: 'Activity', whyGone: 'It may be older than what is kept.', fill, onClose });
  const { title, body } = panel;
  let wantsContent = false;
  const may = right => who.rights.includes(right);

  async function into(place, work) {
    const signal = panel.signal();
    try {
      place.replaceChildren(...[await work(signal)].flat().filter(Boolean));
    } catch (error) {
      if (!isAbort(error) && !signal.aborted)
        place.replaceChildren(state('error', 'Not shown', error.message));
    }
  }

  async function conversation(record, signal) {
    const page = await get(`conversations/${encodeURIComponent(record.conversation_id)}`,
      [['limit', TURNS], ...(wantsContent ? [['content', '1']] : [])], signal);
    return [h('ol', { class: 'turns' }, page.items.map(r => line(r, record.id, addressOf))),
      h('p', null, h('a', { href: addressOfConversation(record) }, page.next === null ? 'Filter by this conversation' : 'All of this conversation'))];
  }

  async function related(record, signal) {
    const { user } = record.actor;
    const until = new Date(Date.parse(record.time) + 3600000).toISOString();
    const page = await get('activities', [['user', user], ['until', until], ['limit', RELATED + 1]], signal);
    const others = page.items.filter(r => r.id !== record.id).slice(0, RELATED);
    return [others.length === 0 ? h('p', { class: 'hint' }, 'Nothing else until an hour after it.')
      : h('ol', { class: 'turns' }, others.map(r => line(r, record.id, addressOf))),
    h('p', null, h('a', { href: addressOfUser(user) }, `All of ${user}`))];
  }

  /** Sealed to a key that no console has: it is saved, and opened where the key is. */
  function evidence(record) {
    const name = `evidence-${record.id}.json`;
    const place = h('div', { 'aria-live': 'polite' });
    const fetchIt = signal => get(`activities/${encodeURIComponent(record.id)}/evidence`, [], signal).then(({ items }) => {
      const url = URL.createObjectURL(new Blob([JSON.stringify({ id: record.id, items })], { type: 'application/json' }));
      return [h('p', null, h('a', { href: url, download: name }, `Save ${count(items.length)} sealed ${items.length === 1 ? 'part' : 'parts'}`)),
        h('p', { class: 'hint' }, 'To read it, with the secret key: ', h('code', null, `promptgate evidence open --key KEY ${record.id}`))];
    });
    return section('Evidence', h('p', { class: 'hint' }, 'The text around what was found is kept, sealed to the key of whoever investigates.'),
      may('evidence') ? [h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => into(place, fetchIt) }, 'Sealed evidence'),
        h('p', { class: 'hint' }, 'Opening is recorded.')), place]
        : h('p', { class: 'hint' }, 'Your role may not open it.'));
  }

  function actions(record) {
    return may('content') && !wantsContent && [h('button', { type: 'button', onclick: () => panel.load(record.id, true) },
      'Show the whole text'), h('p', { class: 'hint' }, 'Opening is recorded.')];
  }

  function draw(record) {
    const around = h('div', { 'aria-live': 'polite' }, h('p', { class: 'hint' }, 'Loading …'));
    const others = h('div', null, h('p', { class: 'hint' }, 'Loading …'));
    title.textContent = record.activity;
    const rest = Object.entries(record).filter(([key]) => !PLACED.has(key));
    const simple = rest.filter(([, v]) => typeof v !== 'object');
    body.replaceChildren(
      h('p', { class: 'drawer-lead' }, chip('verdict', record.verdict), ' ', chip('level', severityOf(record)), ' ',
        personOf(record), ' · ', time(record.time)),
      ...[
        record.reason !== undefined && h('p', { class: 'reason' }, record.reason),
        record.text !== undefined && section('Text', textOf(record), h('div', { class: 'actions' }, actions(record))),
        record.evidence === true && evidence(record),
        record.findings?.length > 0 && section('Findings', h('ul', { class: 'findings' }, record.findings.map(finding))),
        record.files?.length > 0 && section('Files', h('ul', { class: 'files' }, record.files.map(f => file(f, record)))),
        section('Record', facts([['id', record.id], ['time', record.time], ...simple])),
        ...rest.filter(([, v]) => typeof v === 'object' && v !== null)
          .map(([key, v]) => section(labelOf(key), Array.isArray(v) ? valueOf(v) : facts(Object.entries(v)))),
        record.conversation_id !== undefined && section('Conversation', around),
        record.actor?.user !== undefined && section('More of this user', others),
      ].filter(Boolean));
    if (record.conversation_id !== undefined)
      into(around, signal => conversation(record, signal));
    if (record.actor?.user !== undefined)
      into(others, signal => related(record, signal));
  }

  async function fill(id, signal, isWhole = false) {
    wantsContent = isWhole;
    draw(await get(`activities/${encodeURIComponent(id)}`, wantsContent ? [['content', '1']] : [], signal));
  }

  return panel.face;
}
