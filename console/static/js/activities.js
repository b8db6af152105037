// Activities: filters, numbers over time, the table, one of them in detail.
// This file holds the state and passes it around; each part draws itself.
import { address, get, isAbort } from './api.js';
import { chart } from './chart.js';
import { chosenColumns, columnPicker, columnsOf } from './columns.js';
import { detailDrawer } from './detail.js';
import { h, say, state } from './dom.js';
import { facetRail } from './facets.js';
import { count } from './format.js';
import { follow } from './live.js';
import { omnibar } from './omnibar.js';
import { dayBegins, describe, periodPicker } from './period.js';
import { rename } from './router.js';
import { activityTable, stepOf } from './table.js';
import { savedViews } from './views.js';
import { CONVERSATION, PERIODS, add, drop, emptyView, fromAddress, isFiltered, toAddress, toApi } from './view.js';

const PAGE = 100;
const BUCKETS = 80;
const VALUES = 200; // of a filter, for completion
const RECOUNT_MS = 3000; // in live mode
const GROUPINGS = ['verdict', 'severity', 'activity', 'service', 'category', 'via'];

function readAddress(parameters) {
  const by = parameters.get('by');
  return {
    view: fromAddress(parameters),
    by: GROUPINGS.includes(by) ? by : 'verdict',
    columns: parameters.has('columns') ? columnsOf(parameters.get('columns').split(',')) : chosenColumns(),
    hasOwnColumns: parameters.has('columns'),
    openId: parameters.get('id'),
    isLive: parameters.get('live') === '1',
  };
}

const isTyping = element => element.matches?.('input:not([type=checkbox]):not([type=radio]), select, textarea');

export function activities(main, parameters, who) {
  let now = readAddress(parameters);
  let next = null; // cursor
  let isLoadingMore = false;
  let abort = new AbortController();
  let values = new Map(); // of filters, for completion under this view
  let stopLive = null;
  let recount = null; // timer

  // ---- addresses ----

  function pairs(view = now.view) {
    const all = toAddress(view);
    if (now.by !== 'verdict')
      all.push(['by', now.by]);
    if (now.hasOwnColumns)
      all.push(['columns', now.columns.map(c => c.name).join(',')]);
    if (now.isLive)
      all.push(['live', '1']);
    return all;
  }

  const pathOf = list => `/activities?${new URLSearchParams(list)}`;
  const addressOf = record => pathOf([...pairs(), ['id', record.id]]);
  const addressOfFilter = (name, value) => {
    const view = { ...emptyView(), since: now.view.since, until: now.view.until };
    add(view, name, value);
    return pathOf(pairs(view));
  };

  function writeAddress(isNewStep) {
    rename(now.openId === null ? pairs() : [...pairs(), ['id', now.openId]], isNewStep);
  }

  // ---- parts ----

  const bar = omnibar(valuesOf, ({ filters, q }) => changeView({ filters, q }),
    why => notice.replaceChildren(state('note', 'Not understood', why)));
  const period = periodPicker(PERIODS.map(([value]) => value), changeView);
  const rail = facetRail((name, value, isOn) => {
    (isOn ? add : drop)(now.view, name, value);
    changeView({});
  }, () => loadNumbers(abort.signal));
  const views = savedViews(who, '/activities', () => new URLSearchParams(pairs()).toString());
  rail.element.prepend(views.element);
  const bars = chart((since, until) => changeView({ since, until }));
  const table = activityTable(addressOf, record => open(record.id, true), loadMore);
  const drawer = detailDrawer(who, addressOf, user => addressOfFilter('user', user),
    record => pathOf([['since', 'all'], [CONVERSATION, record.conversation_id]]), close);
  const columns = columnPicker(chosen => {
    now.columns = chosen;
    now.hasOwnColumns = true;
    table.setColumns(chosen);
    writeAddress(false);
  });
  const total = h('p', { class: 'total' });
  const notice = h('div');
  const live = h('button', { type: 'button', class: 'live', 'aria-pressed': 'false', onclick: () => setLive(!now.isLive) }, 'Live');
  const grouping = h('select', { 'aria-label': 'Chart by', onchange: () => {
    now.by = grouping.value;
    writeAddress(false);
    loadNumbers(abort.signal);
  } }, GROUPINGS.map(name => h('option', { value: name }, `by ${name === 'via' ? 'source' : name}`)));
  const exports = [['csv', 'CSV'], ['jsonl', 'JSON lines']].map(([kind, label]) =>
    ({ kind, link: h('a', { download: '' }, label) }));
  const exportMenu = h('details', { class: 'picker' }, h('summary', { class: 'button' }, 'Export'),
    h('div', { class: 'popup' }, exports.map(e => e.link), h('p', { class: 'hint' }, 'All that the filter shows.')));

  // ---- loading ----

  function valuesOf(name) {
    if (!values.has(name))
      values.set(name, get('stats', [...toApi(now.view), ['facet', name], ['top', VALUES], ['buckets', 0]])
        .then(stats => stats.facets[name].items));
    return values.get(name);
  }

  async function loadNumbers(signal) {
    clearTimeout(recount);
    recount = null;
    try {
      const stats = await get('stats', [...toApi(now.view), ['by', now.by], ['buckets', BUCKETS], dayBegins(), ['top', rail.top()],
        ...rail.wanted().map(name => ['facet', name])], signal);
      if (signal.aborted)
        return;
      bars.show(stats);
      rail.show(now.view, stats.facets);
      total.replaceChildren(h('b', null, count(stats.total)), stats.total === 1 ? ' activity' : ' activities', ' · ',
        h('b', null, count(stats.dlp_events)), ' with findings');
      if (stopLive === null)
        say(`${count(stats.total)} activities, ${describe(now.view)}`);
    } catch (error) {
      if (!isAbort(error))
        total.textContent = error.message;
    }
  }

  async function loadRows(signal) {
    try {
      const page = await get('activities', [...toApi(now.view), ['limit', PAGE]], signal);
      if (signal.aborted)
        return;
      next = page.next;
      table.clear();
      table.append(page.items, next !== null);
      table.setOpen(now.openId);
      notice.replaceChildren(...(page.items.length === 0 ? [nothing()] : []));
    } catch (error) {
      if (isAbort(error))
        return;
      table.clear();
      notice.replaceChildren(state('error', 'These activities cannot be shown', error.message,
        h('button', { type: 'button', onclick: load }, 'Try again')));
    }
  }

  function nothing() {
    const actions = [];
    if (isFiltered(now.view))
      actions.push(h('button', { type: 'button', onclick: () => changeView({ filters: new Map(), q: '' }) }, 'Drop the filters'));
    if (now.view.since !== 'all' || now.view.until !== '')
      actions.push(h('button', { type: 'button', onclick: () => changeView({ since: 'all', until: '' }) }, 'Search all time'));
    return state('empty', 'No activities here', isFiltered(now.view)
      ? 'Nothing in this period passes all filters.'
      : 'Nothing was recorded in this period. Does traffic go through the proxy? Health shows how the gateway does.', actions);
  }

  async function loadMore() {
    if (isLoadingMore || next === null)
      return;
    const { signal } = abort;
    isLoadingMore = true;
    try {
      const page = await get('activities', [...toApi(now.view), ['limit', PAGE], ['cursor', next]], signal);
      if (!signal.aborted) {
        next = page.next;
        table.append(page.items, next !== null);
      }
    } catch (error) {
      if (!isAbort(error))
        say(error.message);
    } finally {
      isLoadingMore = false;
    }
  }

  function load() {
    abort.abort();
    abort = new AbortController();
    isLoadingMore = false;
    next = null;
    values = new Map();
    show();
    loadRows(abort.signal);
    loadNumbers(abort.signal);
  }

  /** What does not wait for an answer. */
  function show() {
    bar.show(now.view);
    period.show(now.view);
    rail.show(now.view, null);
    columns.show(now.columns);
    grouping.value = now.by;
    live.setAttribute('aria-pressed', String(now.isLive));
    for (const { kind, link } of exports)
      link.href = address(`activities.${kind}`, toApi(now.view));
  }

  // ---- changes ----

  function changeView(change) {
    Object.assign(now.view, change);
    writeAddress(true);
    restartLive();
    load();
  }

  function open(id, isNewStep) {
    now.openId = id;
    writeAddress(isNewStep);
    table.setOpen(id);
    page.classList.add('has-drawer');
    drawer.show(id, isNewStep);
  }

  function close() {
    const id = now.openId;
    now.openId = null;
    writeAddress(true);
    hide();
    table.focus(id);
  }

  function hide() {
    page.classList.remove('has-drawer');
    drawer.hide();
    table.setOpen(null);
  }

  // ---- live ----

  /** Why the stream cannot say what this view shows; null: it can. */
  function whyNotLive() {
    if (now.view.q !== '')
      return 'Live mode knows filters, but no words: take the words away first.';
    return now.view.until !== '' ? 'This period has ended: choose one that goes on until now.' : null;
  }

  function setLive(isOn) {
    const why = isOn ? whyNotLive() : null;
    if (why !== null) {
      notice.replaceChildren(state('note', 'Not live', why));
      return;
    }
    now.isLive = isOn;
    writeAddress(false);
    show();
    restartLive();
  }

  function restartLive() {
    stopLive?.();
    stopLive = null;
    live.removeAttribute('data-state');
    if (now.isLive && whyNotLive() !== null)
      now.isLive = false;
    if (!now.isLive)
      return;
    let isFirst = true;
    const filters = toApi(now.view).filter(([name]) => name !== 'since');
    stopLive = follow(filters, onActivity, words => {
      live.dataset.state = words;
      live.title = { live: 'New activities come by themselves', connecting: 'Connecting …', ended: 'The stream has ended' }[words];
      if (words === 'live' && isFirst)
        load(); // what came before the stream was there
      isFirst = isFirst && words !== 'live';
    });
  }

  function onActivity(record) {
    notice.replaceChildren();
    table.prepend(record);
    recount ??= setTimeout(() => loadNumbers(abort.signal), RECOUNT_MS);
  }

  // ---- keyboard ----

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
      return;
    if (event.key === '/') {
      event.preventDefault();
      bar.focus();
    } else if (stepOf(event) !== 0) {
      event.preventDefault();
      const record = table.move(stepOf(event));
      if (record !== null && drawer.isOpen())
        open(record.id, false);
    } else if (event.key === 'Escape' && drawer.isOpen()) {
      close();
    }
  }

  // ---- the page ----

  const page = h('div', { class: 'page activities-page' },
    h('header', { class: 'page-head' }, h('h1', null, 'Activities'), total, h('div', { class: 'tools' }, live, columns.element, exportMenu)),
    h('div', { class: 'query' }, bar.element, period.element),
    h('div', { class: 'columns' }, rail.element,
      h('div', { class: 'results' }, h('section', { class: 'panel over-time', 'aria-label': 'Over time' }, grouping, bars.element),
        notice, table.element),
      drawer.element),
    h('p', { class: 'keys hint' }, h('kbd', null, '/'), ' filter ', h('kbd', null, 'j'), h('kbd', null, 'k'), ' move ',
      h('kbd', null, 'Enter'), ' open ', h('kbd', null, 'Esc'), ' close'));
  main.append(page);
  document.addEventListener('keydown', onKey);
  table.setColumns(now.columns);
  load();
  restartLive();
  if (now.openId !== null)
    open(now.openId, false);

  return {
    update(changed) {
      const before = JSON.stringify(toAddress(now.view));
      const wasLive = now.isLive;
      now = readAddress(changed);
      table.setColumns(now.columns);
      if (JSON.stringify(toAddress(now.view)) !== before)
        load();
      else
        show();
      if (now.isLive !== wasLive || before !== JSON.stringify(toAddress(now.view)))
        restartLive();
      if (now.openId !== null)
        open(now.openId, false);
      else if (drawer.isOpen())
        hide();
    },
    leave() {
      abort.abort();
      stopLive?.();
      clearTimeout(recount);
      bars.leave();
      table.leave();
      views.leave();
      document.removeEventListener('keydown', onKey);
    },
  };
}

/** From other pages: to the activities behind a number. */
export function linkTo(view, filters, content, attributes) {
  const pairs = [['since', view.since], ...(view.until === '' ? [] : [['until', view.until]]), ...filters];
  return h('a', { href: `/activities?${new URLSearchParams(pairs)}`, ...attributes }, content);
}

