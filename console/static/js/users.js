// Users: who does how much, and what was found with it.
import { get } from './api.js';
import { linkTo } from './activities.js';
import { h, say, state } from './dom.js';
import { count, size, time } from './format.js';
import { periodPage, tableBox } from './page.js';
import { NONE } from './view.js';

const PAGE = 100;

// sort: as the API calls it.
const COLUMNS = [
  { sort: 'user', label: 'User' },
  { sort: 'risk', label: 'Risk', title: 'from 0 to 99: what was found, by severity; blocked counts twice' },
  { sort: 'events', label: 'Activities' },
  { sort: 'prompts', label: 'Prompts' },
  { sort: 'files', label: 'Files', title: 'sent and fetched' },
  { sort: 'bytes', label: 'Sent', title: 'bytes of prompts and files; sorted by all bytes' },
  { label: 'Received', title: 'bytes of answers and files' },
  { sort: 'dlp_events', label: 'DLP events', title: 'activities in which something was found' },
  { sort: 'blocked', label: 'Blocked' },
  { sort: 'last', label: 'Last' },
];

export const riskChip = risk => h('span', { class: `chip level-${risk >= 50 ? 'high' : risk >= 20 ? 'medium' : 'low'}` }, count(risk));

export function users(main, parameters) {
  function head(column, sort, isUp, page) {
    if (column.sort === undefined)
      return h('th', { scope: 'col', title: column.title }, column.label);
    const isOn = column.sort === sort;
    const next = isOn && isUp === (column.sort === 'user') ? (isUp ? 'desc' : 'asc') : '';
    return h('th', { scope: 'col', 'aria-sort': isOn ? (isUp ? 'ascending' : 'descending') : null },
      h('button', { type: 'button', class: 'link', title: column.title,
        onclick: () => page().set(['sort', column.sort], ['order', next]) }, column.label,
      isOn && h('span', { 'aria-hidden': 'true' }, isUp ? ' ▲' : ' ▼')));
  }

  function row(view, u) {
    const filters = [['user', u.user || NONE]];
    const link = (more, n, attributes) => (n === 0 ? '0' : linkTo(view, [...filters, ...more], count(n), attributes));
    return h('tr', { 'data-user': u.user },
      h('th', { scope: 'row' }, linkTo(view, filters, u.user || 'nobody known', { title: u.user })),
      h('td', null, riskChip(u.risk)), h('td', null, link([], u.events)), h('td', null, link([['activity', 'prompt*']], u.prompts)),
      h('td', null, count(u.files_up + u.files_down)), h('td', null, size(u.bytes_up)), h('td', null, size(u.bytes_down)),
      h('td', null, link([['type', '?*']], u.dlp_events, { class: 'dlp-link' })), h('td', null, link([['verdict', 'block']], u.blocked)),
      h('td', null, time(u.last, 'ago')));
  }

  async function load({ view, period, option, signal }) {
    const sort = COLUMNS.some(c => c.sort === option('sort')) ? option('sort') : 'risk';
    const order = option('order') ?? (sort === 'user' ? 'asc' : 'desc');
    const ask = cursor => get('users', [...period, ['sort', sort], ['order', order], ['limit', PAGE],
      ...(cursor === null ? [] : [['cursor', cursor]])], signal);
    let found = await ask(null);
    if (found.items.length === 0)
      return { total: '', content: state('empty', 'Nobody was active in this period', 'Choose a longer one above.') };
    const more = h('button', { type: 'button', class: 'more', hidden: found.next === null, onclick: async () => {
      more.disabled = true;
      try {
        found = await ask(found.next);
        body.append(...found.items.map(u => row(view, u)));
        more.hidden = found.next === null;
      } catch (error) {
        say(error.message);
      }
      more.disabled = false;
    } }, 'More');
    const box = tableBox('Users', COLUMNS.map(c => head(c, sort, order === 'asc', () => page)), found.items.map(u => row(view, u)));
    const body = box.querySelector('tbody');
    box.append(more);
    return { total: [h('b', null, count(found.total)), ' people'], content: [box,
      h('p', { class: 'hint' }, 'Risk is 100 · points ∕ (points + 50): an activity in which something was found has 1, 4 or 10 points by its severity, a blocked one twice as many.')] };
  }

  const page = periodPage(main, parameters, 'Users', load);
  return page;
}
