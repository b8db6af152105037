// Service Management: a card for each service and instance, its numbers in a
// period beside those of the period before, and how the sources do.
import { get, isAbort } from './api.js';
import { linkTo } from './activities.js';
import { sparkline } from './chart.js';
import { h, say, state } from './dom.js';
import { change, count, duration, time } from './format.js';
import { modesPanel } from './modes.js';
import { boundsOf, dayBegins, describe, periodPicker } from './period.js';
import { rename } from './router.js';
import { NONE, fromAddress } from './view.js';

const SPANS = ['24h', '7d', '30d', 'all'];
const POINTS = 28;
const AT_ONCE = 3; // trends: each is one more walk over the store
const ROWS = 8; // activities that a card shows at first
const VIAS = { inline: 'Gateway (inline)', 'audit-log': 'Audit log', 'compliance-log': 'Compliance log' };

const iso = ms => new Date(ms).toISOString();

/** Parameters of the period and of the one before it; null: there is none. */
function periods(view) {
  const { since, until } = boundsOf(view);
  if (since === null)
    return { current: [['until', iso(until)]], before: null };
  return { current: [['since', iso(since)], ['until', iso(until)]],
    before: [['since', iso(since - (until - since))], ['until', iso(since)]] };
}

/** {service, instance, events, dlp, last, activities: Map} of each card. */
function gather(items, before) {
  const cards = new Map();
  const cardOf = item => {
    const key = JSON.stringify([item.service, item.instance]);
    if (!cards.has(key))
      cards.set(key, { service: item.service, instance: item.instance, events: 0, dlp: 0, eventsBefore: 0,
        dlpBefore: 0, last: '', activities: new Map() });
    return cards.get(key);
  };
  const rowOf = (card, name) => {
    if (!card.activities.has(name))
      card.activities.set(name, { name, events: 0, dlp: 0, before: 0 });
    return card.activities.get(name);
  };
  for (const item of items) {
    const card = cardOf(item);
    const row = rowOf(card, item.activity);
    row.events += item.events;
    row.dlp += item.dlp_events;
    card.events += item.events;
    card.dlp += item.dlp_events;
    if (item.last > card.last)
      card.last = item.last;
  }
  for (const item of before) {
    const card = cardOf(item);
    rowOf(card, item.activity).before += item.events;
    card.eventsBefore += item.events;
    card.dlpBefore += item.dlp_events;
  }
  return [...cards.values()].sort((a, b) => b.events - a.events);
}

const filtersOf = card => [['service', card.service || NONE], ['instance', card.instance || NONE]];

function delta(now, before, isCompared) {
  const text = isCompared ? change(now, before) : '';
  return text === '' ? null : h('span', { class: 'delta', title: `${count(before)} in the period before` }, text);
}

function figure(label, now, before, isCompared, link) {
  return h('div', { class: 'figure' }, h('span', { class: 'figure-label' }, label), link, delta(now, before, isCompared));
}

function activityRows(view, card, isCompared) {
  const rows = [...card.activities.values()].sort((a, b) => b.events - a.events || b.before - a.before);
  const shown = rows.length > ROWS + 1 ? ROWS : rows.length; // a button for one row would be as long
  const made = rows.map((row, i) => h('tr', { hidden: i >= shown },
    h('th', { scope: 'row' }, linkTo(view, [...filtersOf(card), ['activity', row.name]], row.name, { title: row.name })),
    h('td', null, count(row.events)), h('td', { class: row.dlp > 0 ? 'has-dlp' : null }, count(row.dlp)),
    isCompared && h('td', null, change(row.events, row.before) || '–')));
  const more = rows.length > shown && h('button', { type: 'button', class: 'link', onclick: event => {
    for (const row of made)
      row.hidden = false;
    event.target.remove();
    made[shown].querySelector('a').focus();
  } }, `${count(rows.length - shown)} more kinds`);
  return [h('table', { class: 'numbers' },
    h('caption', { class: 'unseen' }, `Activities of ${card.service} ${card.instance}`),
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Activity'), h('th', { scope: 'col' }, 'Events'),
      h('th', { scope: 'col' }, 'DLP'), isCompared && h('th', { scope: 'col' }, 'Change'))),
    h('tbody', null, made)), more];
}

function cardOf(view, card, isCompared) {
  const trend = h('div', { class: 'trend' });
  const name = card.service || 'no service';
  const element = h('article', { class: 'card', 'aria-label': `${name} ${card.instance}`, 'data-service': card.service, 'data-instance': card.instance },
    h('header', null, h('h2', null, name),
      h('p', { class: 'instance', title: card.instance }, card.instance || 'no workspace known'),
      card.last !== '' && h('p', { class: 'hint' }, 'last event ', time(card.last, 'ago'))),
    h('div', { class: 'figures' },
      figure('Monitored activity events', card.events, card.eventsBefore, isCompared,
        linkTo(view, filtersOf(card), count(card.events), { class: 'big', 'data-number': 'events' })),
      figure('Real-time DLP events', card.dlp, card.dlpBefore, isCompared,
        linkTo(view, [...filtersOf(card), ['type', '?*']], count(card.dlp), { class: card.dlp > 0 ? 'big dlp' : 'big', 'data-number': 'dlp' }))),
    trend, activityRows(view, card, isCompared));
  return { element, trend, card };
}

async function drawTrend({ trend, card }, period, signal) {
  try {
    const stats = await get('stats', [...period, ...filtersOf(card), ['buckets', POINTS], dayBegins()], signal);
    trend.replaceChildren(sparkline(stats.buckets.map(b => b.total), `${count(stats.total)} events over time`));
  } catch (error) {
    if (!isAbort(error))
      trend.replaceChildren(h('p', { class: 'hint' }, 'No trend: ', error.message));
  }
}

/** A few at a time, in the order of the cards. */
async function drawTrends(made, period, signal) {
  const waiting = [...made];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift())
      await drawTrend(next, period, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

// ---- sources ----

const SOURCES = ['Source', 'State', 'Events', 'Failed', 'Last event', 'How it does'];

function sourceRow(name, { chip, events, failures, last, words }, attributes) {
  return h('tr', attributes, h('th', { scope: 'row' }, name), h('td', null, chip ?? '–'), h('td', null, events ?? '–'), h('td', null, failures ?? '–'),
    h('td', null, last === undefined ? 'none yet' : time(last, 'ago')), h('td', { class: 'hint' }, words));
}

async function viaSource(view, item, signal) {
  const { items } = await get('activities', [['via', item.value || NONE], ['limit', 1]], signal);
  return sourceRow(VIAS[item.value] ?? (item.value || 'unknown'),
    { events: linkTo(view, [['via', item.value || NONE]], count(item.count)), last: items[0]?.time });
}

/** Its own state is live; of others only what they wrote is known. */
function nodeSource(view, health, name, numbers) {
  const isOwn = name === health.node;
  const node = health.nodes.find(n => n.name === name);
  const workers = health.roles.find(r => r.role === 'worker')?.running ?? 0;
  const stored = node?.delay_ms === undefined ? '' : `stored after ${duration(node.delay_ms)}`;
  return sourceRow(`Node ${name}`, {
    chip: isOwn ? h('span', { class: `chip status-${health.status}` }, health.status) : h('span', { class: 'chip' }, 'not known here'),
    events: linkTo(view, [['node', name]], count(numbers.events)),
    failures: numbers.failed > 0 ? linkTo(view, [['node', name], ['outcome', 'failure']], count(numbers.failed)) : '0',
    last: node?.last,
    words: isOwn ? [stored, stored && ' · ', `${count(workers)} worker${workers === 1 ? '' : 's'}, ${count(health.queues.records_pending)} records wait, `,
      h('a', { href: '/health' }, 'Health')] : stored,
  }, { 'data-node': name });
}

/** How far a log has been read: a second, or a place for each kind of event. */
function collectorSource(collector) {
  const { last, after, seen } = collector.cursor;
  const places = typeof after === 'object' && after !== null ? Object.values(after).filter(v => typeof v === 'string').sort() : [];
  const newest = places.at(-1);
  const read = typeof last === 'number' && last > 0 ? new Date(last * 1000).toISOString()
    : newest !== undefined && !Number.isNaN(Date.parse(newest)) ? newest : undefined;
  return sourceRow(`Collector ${collector.name}`, { last: read,
    chip: h('span', { class: `chip status-${collector.alarm ? 'warning' : 'good'}` }, collector.alarm ? 'failing' : 'good'),
    words: [collector.alarm && ['not read as it should be, the log says why (collect.alarm) · '], read === undefined ? 'how far it has been read is not known' : 'read up to there', seen === false && ', not one event yet'] },
  { 'data-collector': collector.name });
}

async function drawSources(place, view, period, signal) {
  try {
    const ask = more => get('stats', [...period, ['buckets', 0], ['top', 1000], ...more], signal);
    const [stats, failures, health] = await Promise.all([
      ask([['facet', 'via'], ['facet', 'node']]), ask([['facet', 'node'], ['outcome', 'failure']]), get('health', [], signal)]);
    const vias = await Promise.all(stats.facets.via.items.map(item => viaSource(view, item, signal)));
    const numberOf = (answer, name) => answer.facets.node.items.find(item => item.value === name)?.count ?? 0;
    // All that ever wrote here, also those that were silent in this period.
    const names = new Set([health.node, ...health.nodes.map(n => n.name)]);
    place.replaceChildren(h('table', { class: 'numbers' }, h('caption', { class: 'unseen' }, 'Sources'),
      h('thead', null, h('tr', null, SOURCES.map(name => h('th', { scope: 'col' }, name)))),
      h('tbody', null, vias, [...names].map(name => nodeSource(view, health, name, { events: numberOf(stats, name), failed: numberOf(failures, name) })),
        health.collectors.map(collectorSource))));
  } catch (error) {
    if (!isAbort(error))
      place.replaceChildren(h('p', { class: 'hint' }, error.message));
  }
}

// ---- the page ----

export function services(main, parameters, who) {
  const modes = modesPanel(who);
  let view = fromAddress(parameters);
  let abort = new AbortController();
  const cards = h('div', { class: 'cards' });
  const sources = h('div', null, h('p', { class: 'hint' }, 'Loading …'));
  const total = h('p', { class: 'total' });
  const picker = periodPicker(SPANS, chosen => {
    Object.assign(view, chosen);
    rename([['since', view.since], ...(view.until === '' ? [] : [['until', view.until]])], true);
    load();
  });

  function nothing() {
    return state('empty', 'No activities in this period',
      'As soon as traffic to a monitored service goes through the proxy, the service has a card here.',
      h('p', null, h('a', { href: '/health' }, 'How the gateway does')));
  }

  function draw(now, before, period) {
    const isCompared = before !== null;
    const all = gather(now.items, before?.items ?? []);
    const sum = key => all.reduce((n, card) => n + card[key], 0);
    total.replaceChildren(h('b', null, count(sum('events'))), ' events, ', h('b', null, count(sum('dlp'))), ' with findings',
      isCompared ? ' · compared with the period before' : '');
    const made = all.map(card => cardOf(view, card, isCompared));
    cards.replaceChildren(...(made.length === 0 ? [nothing()] : made.map(m => m.element)));
    say(`${count(made.length)} services and instances, ${describe(view)}`);
    return drawTrends(made, period, abort.signal);
  }

  async function load() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const { current, before } = periods(view);
    picker.show(view);
    cards.setAttribute('aria-busy', 'true');
    drawSources(sources, view, current, signal);
    modes.load(signal);
    try {
      const [now, old] = await Promise.all([get('services', current, signal),
        before === null ? null : get('services', before, signal)]);
      cards.removeAttribute('aria-busy');
      await draw(now, old, current);
    } catch (error) {
      if (isAbort(error))
        return;
      cards.removeAttribute('aria-busy');
      cards.replaceChildren(state('error', 'The numbers cannot be shown', error.message,
        h('button', { type: 'button', onclick: load }, 'Try again')));
    }
  }

  main.append(h('div', { class: 'page' },
    h('header', { class: 'page-head' }, h('h1', null, 'Service Management'), total,
      h('div', { class: 'tools' }, picker.element)),
    h('section', { class: 'panel sources', 'aria-label': 'Sources' }, h('h2', null, 'Sources'), sources), modes.element, cards));
  load();
  return {
    update(changed) {
      view = fromAddress(changed);
      load();
    },
    leave: () => abort.abort(),
  };
}
