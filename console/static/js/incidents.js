// Incidents: what is to be looked at, many at once or one in detail.
import { get, isAbort, send } from './api.js';
import { chip } from './columns.js';
import { h, say, state } from './dom.js';
import { facetRail } from './facets.js';
import { count, time } from './format.js';
import { STATUSES, incidentDrawer, statusChip } from './incident.js';
import { describe, periodPicker } from './period.js';
import { rename } from './router.js';
import { stepOf } from './table.js';
import { add, drop } from './view.js';

const PAGE = 100;
const SELECTED_MAX = 500; // of one change
const PERIODS = ['24h', '7d', '30d', 'all'];
const FILTERS = [
  { name: 'status', label: 'Status' }, { name: 'severity', label: 'Severity' }, { name: 'rule', label: 'Rule' },
  { name: 'owner', label: 'Owner' }, { name: 'user', label: 'User' }, { name: 'service', label: 'Service' },
];
const RAIL = { filters: FILTERS, usual: FILTERS.map(f => f.name), key: 'incident-facets', mayExclude: false };

function readAddress(parameters) {
  const view = { since: parameters.get('since') || '30d', until: parameters.get('until') ?? '', filters: new Map() };
  for (const { name } of FILTERS)
    for (const value of parameters.getAll(name))
      if (value !== '')
        add(view, name, value);
  return { view, openId: parameters.get('id') };
}

const toPairs = view => [['since', view.since], ...(view.until === '' ? [] : [['until', view.until]]),
  ...[...view.filters].flatMap(([name, values]) => values.map(value => [name, value]))];
const toApi = view => toPairs(view).filter(([name, value]) => name !== 'since' || value !== 'all');
const isTyping = element => element.matches?.('input:not([type=checkbox]), select, textarea');

export function incidents(main, parameters, who) {
  const mayChange = who.rights.includes('triage');
  let now = readAddress(parameters);
  let abort = new AbortController();
  let items = [];
  let next = null; // cursor
  let current = null; // id that the keyboard is on
  const selected = new Set();
  let lastSelected = null; // for a range by Shift

  const addressOf = id => `/incidents?${new URLSearchParams([...toPairs(now.view), ['id', id]])}`;
  const writeAddress = isNewStep => rename(now.openId === null ? toPairs(now.view) : [...toPairs(now.view), ['id', now.openId]], isNewStep);

  // ---- parts ----

  const total = h('p', { class: 'total' });
  const notice = h('div');
  const period = periodPicker(PERIODS, changeView);
  const rail = facetRail((name, value, isOn) => {
    (isOn ? add : drop)(now.view, name, value);
    changeView({});
  }, () => load(), RAIL);
  const drawer = incidentDrawer(who, () => load(true), close);
  const all = h('input', { type: 'checkbox', 'aria-label': 'Select all that are shown', onchange: () => selectAll(all.checked) });
  const body = h('tbody');
  const more = h('button', { type: 'button', class: 'more', hidden: true, onclick: () => loadMore() }, 'More');
  const heads = [['severity', 'Severity'], ['rule', 'Rule'], ['user', 'User'], ['service', 'Service'], ['status', 'Status'], ['owner', 'Owner'],
    ['count', 'Activities'], ['count', 'Findings'], ['time', 'Last']];
  const table = h('div', { class: 'table-box' }, h('table', { class: 'activities incidents' },
    h('caption', { class: 'unseen' }, 'Incidents, the latest first'),
    h('thead', null, h('tr', null, mayChange && h('th', { scope: 'col', class: 'c-select' }, all),
      heads.map(([name, label]) => h('th', { scope: 'col', class: `c-${name}` }, label)))), body), more);

  const chosen = h('b', { class: 'chosen' });
  const status = h('select', { 'aria-label': 'Status of those selected' }, h('option', { value: '' }, 'Status …'),
    STATUSES.map(([value, label]) => h('option', { value }, label)));
  const comment = h('input', { 'aria-label': 'Comment for those selected', placeholder: 'Comment', maxlength: 4000, autocomplete: 'off' });
  const toMe = h('input', { type: 'checkbox' });
  const said = h('span', { class: 'hint', role: 'status' });
  const bulk = h('form', { class: 'bulk panel', hidden: true, 'aria-label': 'Change those selected', onsubmit: changeSelected }, chosen,
    status, h('label', null, toMe, ' Assign to me'), comment, h('button', { type: 'submit' }, 'Apply'),
    h('button', { type: 'button', onclick: () => selectAll(false) }, 'Select none'), said);

  // ---- rows ----

  function row(incident) {
    const link = h('a', { href: addressOf(incident.id), class: 'open' }, incident.rule);
    const box = mayChange && h('input', { type: 'checkbox', checked: selected.has(incident.id), 'aria-label': `Select ${incident.rule}`,
      onclick: event => select(incident.id, event.target.checked, event.shiftKey) });
    const element = h('tr', { 'data-id': incident.id, class: incident.id === now.openId ? 'open' : null },
      mayChange && h('td', { class: 'c-select' }, box),
      h('td', { class: 'c-severity' }, chip('level', incident.severity)), h('td', { class: 'c-rule', title: incident.rule }, link),
      h('td', { class: 'c-user', title: incident.user }, incident.user ?? ''), h('td', { class: 'c-service' }, incident.service ?? ''),
      h('td', { class: 'c-status' }, statusChip(incident.status)), h('td', { class: 'c-owner', title: incident.owner }, incident.owner ?? ''),
      h('td', { class: 'c-count' }, count(incident.activities)), h('td', { class: 'c-count' }, count(incident.findings)),
      h('td', { class: 'c-time' }, time(incident.last, 'minute')));
    element.addEventListener('click', event => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.target.closest('.c-select') || String(getSelection()) !== '')
        return;
      event.preventDefault();
      open(incident.id, true);
    });
    element.addEventListener('focusin', () => { current = incident.id; });
    return element;
  }

  const rowOf = id => body.querySelector(`tr[data-id="${CSS.escape(id)}"]`);

  // ---- selection ----

  function select(id, isOn, isRange) {
    const ids = items.map(i => i.id);
    const [a, b] = [ids.indexOf(isRange && lastSelected !== null ? lastSelected : id), ids.indexOf(id)].sort((x, y) => x - y);
    for (const one of ids.slice(Math.max(0, a), b + 1))
      if (isOn && selected.size < SELECTED_MAX)
        selected.add(one);
      else if (!isOn)
        selected.delete(one);
    lastSelected = id;
    showSelection();
  }

  function selectAll(isOn) {
    selected.clear();
    for (const { id } of isOn ? items.slice(0, SELECTED_MAX) : [])
      selected.add(id);
    showSelection();
  }

  function showSelection() {
    for (const tr of body.children) {
      tr.classList.toggle('selected', selected.has(tr.dataset.id));
      const box = tr.querySelector('.c-select input');
      if (box !== null)
        box.checked = selected.has(tr.dataset.id);
    }
    all.checked = selected.size > 0 && selected.size === items.length;
    all.indeterminate = selected.size > 0 && !all.checked;
    bulk.hidden = selected.size === 0;
    chosen.textContent = `${count(selected.size)} selected`;
    said.textContent = '';
  }

  async function changeSelected(event) {
    event.preventDefault();
    const change = { ...(status.value === '' ? {} : { status: status.value }), ...(toMe.checked ? { owner: who.user } : {}),
      ...(comment.value.trim() === '' ? {} : { comment: comment.value.trim() }) };
    if (Object.keys(change).length === 0) {
      said.textContent = 'Choose a status, an owner or a comment.';
      return;
    }
    try {
      const { changed } = await send('POST', 'incidents', { ids: [...selected], ...change });
      bulk.reset();
      selectAll(false);
      await load(true);
      say(`${count(changed)} changed`);
      if (now.openId !== null) {
        drawer.hide();
        await drawer.show(now.openId, false);
      }
    } catch (error) {
      said.textContent = error.message;
    }
  }

  // ---- loading ----

  function nothing() {
    const isFiltered = now.view.filters.size > 0;
    return state('empty', 'No incidents here', isFiltered ? 'None passes all filters.'
      : 'Nothing was stopped or alerted on in this period.',
    isFiltered && h('button', { type: 'button', onclick: () => changeView({ filters: new Map() }) }, 'Drop the filters'),
    now.view.since !== 'all' && h('button', { type: 'button', onclick: () => changeView({ since: 'all', until: '' }) }, 'Search all time'));
  }

  /** isAgain: the same view; what is shown stays until the answer is there. */
  async function load(isAgain) {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    period.show(now.view);
    if (isAgain !== true)
      rail.show(now.view, null);
    try {
      const page = await get('incidents', [...toApi(now.view), ['counts', 1], ['limit', PAGE]], signal);
      if (signal.aborted)
        return;
      const hadFocus = body.contains(document.activeElement) ? current : null;
      ({ items, next } = page);
      for (const id of selected)
        if (!items.some(i => i.id === id))
          selected.delete(id);
      body.replaceChildren(...items.map(row));
      more.hidden = next === null;
      rail.show(now.view, page.facets);
      total.replaceChildren(h('b', null, count(page.total)), page.total === 1 ? ' incident' : ' incidents');
      notice.replaceChildren(...(items.length === 0 ? [nothing()] : []));
      table.hidden = items.length === 0;
      showSelection();
      if (hadFocus !== null)
        focus(hadFocus);
      if (isAgain !== true)
        say(`${count(page.total)} incidents, ${describe(now.view)}`);
    } catch (error) {
      if (isAbort(error))
        return;
      table.hidden = true;
      notice.replaceChildren(state('error', 'Incidents cannot be shown', error.message,
        h('button', { type: 'button', onclick: () => load() }, 'Try again')));
    }
  }

  async function loadMore() {
    const { signal } = abort;
    if (next === null)
      return;
    more.disabled = true;
    try {
      const page = await get('incidents', [...toApi(now.view), ['limit', PAGE], ['cursor', next]], signal);
      if (!signal.aborted) {
        items.push(...page.items);
        next = page.next;
        body.append(...page.items.map(row));
        more.hidden = next === null;
        showSelection();
      }
    } catch (error) {
      if (!isAbort(error))
        say(error.message);
    }
    more.disabled = false;
  }

  // ---- changes ----

  function changeView(change) {
    Object.assign(now.view, change);
    selected.clear();
    writeAddress(true);
    load();
  }

  function markOpen() {
    for (const tr of body.children)
      tr.classList.toggle('open', tr.dataset.id === now.openId);
  }

  function open(id, isNewStep) {
    now.openId = id;
    writeAddress(isNewStep);
    page.classList.add('has-drawer');
    markOpen();
    drawer.show(id, isNewStep);
  }

  function hide() {
    page.classList.remove('has-drawer');
    drawer.hide();
    markOpen();
  }

  const focus = id => rowOf(id)?.querySelector('a').focus();

  function close() {
    const id = now.openId;
    now.openId = null;
    writeAddress(true);
    hide();
    focus(id);
  }

  function move(step) {
    const i = items.findIndex(item => item.id === (current ?? now.openId));
    const to = items[i < 0 ? 0 : Math.min(Math.max(i + step, 0), items.length - 1)];
    if (to === undefined)
      return;
    focus(to.id);
    if (drawer.isOpen())
      open(to.id, false);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
      return;
    if (stepOf(event) !== 0) {
      event.preventDefault();
      move(stepOf(event));
    } else if (event.key === 'x' && mayChange && current !== null) {
      select(current, !selected.has(current), false);
    } else if (event.key === 'X' && mayChange && current !== null) {
      select(current, true, true);
    } else if (event.key === 'Escape' && drawer.isOpen()) {
      close();
    }
  }

  // ---- the page ----

  const page = h('div', { class: 'page incidents-page' },
    h('header', { class: 'page-head' }, h('h1', null, 'Incidents'), total, h('div', { class: 'tools' }, period.element)),
    h('div', { class: 'columns' }, rail.element, h('div', { class: 'results' }, bulk, notice, table), drawer.element),
    h('p', { class: 'keys hint' }, h('kbd', null, 'j'), h('kbd', null, 'k'), ' move ', mayChange && [h('kbd', null, 'x'), ' select ',
      h('kbd', null, 'Shift'), h('kbd', null, 'x'), ' up to here '], h('kbd', null, 'Enter'), ' open ', h('kbd', null, 'Esc'), ' close'));
  main.append(page);
  document.addEventListener('keydown', onKey);
  load();
  if (now.openId !== null)
    open(now.openId, false);

  return {
    update(changed) {
      const before = JSON.stringify(toPairs(now.view));
      now = readAddress(changed);
      if (JSON.stringify(toPairs(now.view)) !== before)
        load();
      if (now.openId !== null)
        open(now.openId, false);
      else if (drawer.isOpen())
        hide();
    },
    leave() {
      abort.abort();
      document.removeEventListener('keydown', onKey);
    },
  };
}
