// Audit: what was done in the console, by whom, newest first.
import { get } from './api.js';
import { h, say, state } from './dom.js';
import { count, time } from './format.js';
import { periodPage, tableBox } from './page.js';
import { chip } from './columns.js';

const PAGE = 100;
const KINDS = [['', 'All'], ['console.login.*', 'Logins'], ['console.logout.*', 'Logouts'], ['console.content.viewed', 'Content viewed'],
  ['console.evidence.opened', 'Evidence opened'], ['console.activities.exported', 'Exports'], ['console.incident.changed', 'Incidents changed'],
  ['console.*.tried', 'Tried against the policy'], ['console.mode.changed', 'Mode changes']];

const incidentLink = id => h('a', { href: `/incidents?since=all&id=${encodeURIComponent(id)}`, title: id }, String(id).slice(0, 8));

/** What stands in the details, in one line, whatever it is. */
function said(details) {
  return Object.entries(details ?? {}).flatMap(([key, value], i) => [i > 0 && ' · ', `${key.replaceAll('_', ' ')}: `,
    key === 'incidents' && Array.isArray(value) ? value.flatMap((id, k) => [k > 0 && ', ', incidentLink(id)])
      : typeof value === 'string' ? value : JSON.stringify(value)]);
}

function row(record) {
  const { target } = record;
  return h('tr', { 'data-id': record.id },
    h('th', { scope: 'row' }, time(record.time)), h('td', null, record.actor.user ?? 'nobody known'), h('td', null, record.actor.ip ?? ''),
    h('td', null, record.activity.replace(/^console\./, '').replace(/[._]/g, ' ')), h('td', null, chip('outcome', record.outcome)),
    h('td', { class: 'text-cell' }, target !== undefined && [`${target.type} `,
      target.type === 'activity' ? h('a', { href: `/activities?since=all&id=${encodeURIComponent(target.id)}` }, target.id) : target.id ?? '', ' '],
    said(record.details)));
}

export function audit(main, parameters) {
  const kind = h('select', { 'aria-label': 'Kind', onchange: () => page.set(['activity', kind.value]) },
    KINDS.map(([value, label]) => h('option', { value }, label)));
  const user = h('input', { type: 'search', 'aria-label': 'User', placeholder: 'User', onchange: () => page.set(['user', user.value.trim()]) });

  async function load({ period, option, signal }) {
    kind.value = KINDS.some(([value]) => value === option('activity')) ? option('activity') : '';
    user.value = option('user') ?? '';
    const filters = [...period, ['limit', PAGE], ...[kind.value && ['activity', kind.value], user.value && ['user', user.value]].filter(Boolean)];
    let found = await get('audit', filters, signal);
    if (found.items.length === 0)
      return { total: '', content: state('empty', 'Nothing of that kind was done in this period', 'Choose a longer one above, or all kinds.') };
    let shown = found.items.length;
    const total = h('span', null, `${count(shown)} records`);
    const more = h('button', { type: 'button', class: 'more', hidden: found.next === null, onclick: async () => {
      more.disabled = true;
      try {
        found = await get('audit', [...filters, ['cursor', found.next]], signal);
        box.querySelector('tbody').append(...found.items.map(row));
        shown += found.items.length;
        total.textContent = `${count(shown)} records`;
        more.hidden = found.next === null;
      } catch (error) {
        say(error.message);
      }
      more.disabled = false;
    } }, 'More');
    const box = tableBox('Audit records, newest first', ['Time', 'User', 'Address', 'What', 'Outcome', 'About'], found.items.map(row), { class: 'numbers roomy records' });
    box.append(more);
    return { total, content: box };
  }

  const page = periodPage(main, parameters, 'Audit', load, { tools: [kind, user] });
  return page;
}
