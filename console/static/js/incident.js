// One incident beside the list: what was found, the conversation in order,
// what was said and done about it, and the form to go on.
import { get, isAbort, send } from './api.js';
import { chip } from './columns.js';
import { facts, finding, line, section } from './detail.js';
import { h, newId, say, state } from './dom.js';
import { drawer } from './drawer.js';
import { exceptionOf } from './exception.js';
import { count, time } from './format.js';

export const STATUSES = [['new', 'New'], ['opened', 'Opened'], ['false-positive', 'False positive'], ['resolved', 'Resolved'],
  ['suppressed', 'Suppressed']];
export const labelOfStatus = value => STATUSES.find(([name]) => name === value)?.[1] ?? value;
export const statusChip = value => h('span', { class: `chip status-${value}` }, labelOfStatus(value));

const RECORDS = 50;
const TURNS = 50;
const COMMENT_MAX = 4000;

const addressOf = record => `/activities?${new URLSearchParams([['since', 'all'], ['id', record.id]])}`;

function change(c) {
  const said = [
    c.activity !== undefined && ['opened again by ', h('a', { href: addressOf({ id: c.activity }) }, 'an activity')],
    c.activity === undefined && c.status !== undefined && ['status ', statusChip(c.status)],
    c.owner !== undefined && (c.owner === '' ? 'no owner any more' : ['owner ', h('b', null, c.owner)]),
  ].filter(Boolean).flatMap((part, i) => (i > 0 ? [', ', part] : [part]));
  return h('li', { class: 'turn person' }, h('p', { class: 'hint' }, time(c.time), ' ', c.user ?? 'promptgate', said.length > 0 && ': ', said),
    c.comment !== undefined && h('p', { class: 'comment' }, c.comment));
}

/** What an activity adds: who, what, and what was found, masked. */
function record(r) {
  return h('li', null, h('div', null, h('a', { href: addressOf(r) }, time(r.time)), ' ', r.activity, ' ', chip('verdict', r.verdict)),
    r.reason !== undefined && h('p', { class: 'hint' }, r.reason),
    (r.findings ?? []).length > 0 && h('ul', { class: 'findings' }, r.findings.map(finding)));
}

function exceptionBox(incident, records) {
  const { file, how, text } = exceptionOf(incident, records);
  return section('An exception for the next time', h('p', { class: 'hint' }, `For ${file}. ${how}`),
    h('pre', { class: 'text exception', tabindex: 0, 'aria-label': 'Exception' }, text),
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: async () => {
      await navigator.clipboard.writeText(text);
      say('Copied');
    } }, 'Copy'), h('p', { class: 'hint' }, 'Nothing changes until it is in the file and the gateway has read it.')));
}

/** onChanged(): lists are to be loaded again; onClose(). */
export function incidentDrawer(who, onChanged, onClose) {
  const panel = drawer({ noun: 'Incident', whyGone: 'It goes with the last of its activities.', fill, onClose });
  const { title, body } = panel;
  const mayChange = who.rights.includes('triage');

  function form(incident, records) {
    const ids = { status: newId('status'), owner: newId('owner'), comment: newId('comment') };
    const status = h('select', { id: ids.status }, STATUSES.map(([value, label]) => h('option', { value }, label)));
    const owner = h('input', { id: ids.owner, value: incident.owner ?? '', maxlength: 128, autocomplete: 'off', spellcheck: 'false' });
    const comment = h('textarea', { id: ids.comment, rows: 2, maxlength: COMMENT_MAX });
    const said = h('p', { class: 'hint', role: 'status' });
    const exception = h('div');
    const showException = () =>
      exception.replaceChildren(...(status.value === 'false-positive' ? [exceptionBox(incident, records)] : []));
    status.value = incident.status;
    status.addEventListener('change', showException);
    showException();
    async function save(event) {
      event.preventDefault();
      const body = {
        ...(status.value === incident.status ? {} : { status: status.value }),
        ...(owner.value.trim() === (incident.owner ?? '') ? {} : { owner: owner.value.trim() }),
        ...(comment.value.trim() === '' ? {} : { comment: comment.value.trim() }),
      };
      if (Object.keys(body).length === 0) {
        said.textContent = 'Nothing was changed.';
        return;
      }
      try {
        await send('POST', `incidents/${incident.id}`, body);
        say('Saved');
        onChanged();
        await panel.load(incident.id);
      } catch (error) {
        said.textContent = error.message;
      }
    }
    return [h('form', { class: 'triage', onsubmit: save, 'aria-label': 'Work on it' },
      h('label', { for: ids.status }, 'Status'), status,
      h('label', { for: ids.owner }, 'Owner'), h('div', { class: 'actions' }, owner, h('button', { type: 'button', onclick: () => { owner.value = who.user; } }, 'Me')),
      h('label', { for: ids.comment }, 'Comment'), comment,
      h('div', { class: 'actions' }, h('button', { type: 'submit' }, 'Save'), said)), exception];
  }

  async function conversation(incident, place, signal) {
    const id = incident.conversation_id;
    try {
      const page = await get(`conversations/${encodeURIComponent(id)}`, [['limit', TURNS]], signal);
      place.replaceChildren(h('ol', { class: 'turns' }, page.items.map(r => line(r, null, addressOf))),
        h('p', null, h('a', { href: `/activities?${new URLSearchParams([['since', 'all'], ['conversation_id', id]])}` },
          page.next === null ? 'Among the activities' : 'All of this conversation')));
    } catch (error) {
      if (!isAbort(error))
        place.replaceChildren(state('error', 'Not shown', error.message));
    }
  }

  function draw({ incident, history, activities }, signal) {
    const records = h('ol', { class: 'files' }, activities.items.map(record));
    const around = h('div', { 'aria-live': 'polite' }, h('p', { class: 'hint' }, 'Loading …'));
    title.textContent = incident.rule;
    body.replaceChildren(...[
      h('p', { class: 'drawer-lead' }, chip('level', incident.severity), ' ', statusChip(incident.status), ' ', incident.user ?? ''),
      section('About', facts([['findings', count(incident.findings)], ['activities', count(incident.activities)],
        ...(incident.service === undefined ? [] : [['service', incident.service]]),
        ...(incident.owner === undefined ? [] : [['owner', incident.owner]])]),
      h('p', { class: 'hint' }, 'From ', time(incident.first), ' to ', time(incident.last))),
      mayChange && section('Work on it', form(incident, activities.items)),
      section('What was found', records, activities.next !== null && h('p', { class: 'hint' }, `The first ${RECORDS} of ${count(incident.activities)}.`)),
      incident.conversation_id !== undefined && section('Conversation', around),
      section('History', history.length === 0 ? h('p', { class: 'hint' }, 'Nothing was done yet.')
        : h('ol', { class: 'turns history' }, history.toReversed().map(change))),
    ].filter(Boolean));
    if (incident.conversation_id !== undefined)
      conversation(incident, around, signal);
  }

  async function fill(id, signal) {
    draw(await get(`incidents/${encodeURIComponent(id)}`, [['limit', RECORDS]], signal), signal);
  }

  return panel.face;
}
