// Reports: a week, or another period, on a few sheets of paper.
import { get } from './api.js';
import { linkTo } from './activities.js';
import { sparkline } from './chart.js';
import { h, state } from './dom.js';
import { change, count, size, time } from './format.js';
import { boundsOf, dayBegins, describe } from './period.js';
import { periodPage } from './page.js';
import { riskChip } from './users.js';
import { NONE } from './view.js';

const TOP = 10;
const GROUP_MIN = 5; // people, where they are pseudonyms: fewer can be told apart
const DAYS = 28; // points of the line, about

const iso = ms => new Date(ms).toISOString();

function card(title, ...content) {
  return h('section', { class: 'card', 'aria-label': title }, h('h2', null, title), content);
}

/** rows: [name, link, ...numbers]. */
function table(caption, heads, rows, none) {
  return rows.length === 0 ? h('p', { class: 'hint' }, none) : h('table', { class: 'numbers' },
    h('caption', { class: 'unseen' }, caption), h('thead', null, h('tr', null, heads.map(t => h('th', { scope: 'col' }, t)))),
    h('tbody', null, rows.map(([first, ...rest]) => h('tr', null, h('th', { scope: 'row' }, first), rest.map(cell => h('td', null, cell))))));
}

/** Values of a facet that have one. */
const valuesOf = (stats, facet) => stats.facets[facet].items.filter(i => i.value !== '');

function byFacet(view, title, facet, label, stats, before) {
  const old = new Map((before === null ? [] : valuesOf(before, facet)).map(i => [i.value, i.count]));
  const rows = valuesOf(stats, facet).slice(0, TOP).map(i => [linkTo(view, [[facet, i.value]], i.value), count(i.count),
    before === null ? '' : change(i.count, old.get(i.value) ?? 0) || '–']);
  return card(title, table(title, [label, 'Activities', before === null ? '' : 'Before'], rows, 'None in this period.'));
}

/** [service, {events, dlp}] of a list of the API. */
function services(items) {
  const sums = new Map();
  for (const i of items) {
    const sum = sums.get(i.service) ?? { events: 0, dlp: 0 };
    sums.set(i.service, { events: sum.events + i.events, dlp: sum.dlp + i.dlp_events });
  }
  return [...sums].sort((a, b) => b[1].events - a[1].events);
}

function figure(label, now, before) {
  return h('div', { class: 'figure' }, h('span', { class: 'figure-label' }, label), h('span', { class: 'big' }, count(now)),
    before !== null && h('span', { class: 'delta' }, change(now, before)));
}

const numberOf = (stats, facet, value) => stats.facets[facet].items.find(i => i.value === value)?.count ?? 0;

// ---- incidents ----

const STATES = [['Open', ['new', 'opened']], ['Resolved', ['resolved']], ['False positive', ['false-positive']], ['Suppressed', ['suppressed']]];

const countsOf = (period, states, signal) =>
  get('incidents', [...period, ...states.map(s => ['status', s]), ['counts', 1], ['limit', 1]], signal);

const valueOf = (facet, value) => facet.items.find(i => i.value === value)?.count ?? 0;

/** Incidents whose latest activity is in the period, by what became of them: [of all, of each of STATES]. */
function incidentsOf(period, signal) {
  return Promise.all([countsOf(period, [], signal), ...STATES.map(([, states]) => countsOf(period, states, signal))]);
}

function incidentLink(view, pairs, text) {
  const kept = [['since', view.since], ['until', view.until]].filter(([, value]) => value);
  return h('a', { href: `/incidents?${new URLSearchParams([...kept, ...pairs])}` }, text);
}

function incidentsCard(view, [all, ...states], before) {
  const rules = all.facets.rule.items.slice(0, TOP);
  return h('section', { class: 'card report-incidents', 'aria-label': 'Incidents' }, h('h2', null, 'Incidents'),
    all.total === 0 ? h('p', { class: 'hint' }, 'None in this period.') : [
      h('div', { class: 'figures' }, figure('Incidents', all.total, before),
        STATES.map(([label], i) => figure(label, states[i].total, null))),
      table('Incidents by rule', ['Rule', 'Incidents', ...STATES.map(([label]) => label)],
        rules.map(({ value, count: n }) => [incidentLink(view, [['rule', value]], value), count(n),
          ...states.map(s => count(valueOf(s.facets.rule, value)))]), ''),
      h('p', { class: 'hint' }, 'Incidents whose latest activity is in this period, as they stand now.')]);
}

export function reports(main, parameters, who) {
  async function load({ view, signal }) {
    const { since, until } = boundsOf(view);
    const current = since === null ? [['until', iso(until)]] : [['since', iso(since)], ['until', iso(until)]];
    const previous = since === null ? null : [['since', iso(2 * since - until)], ['until', iso(since)]];
    const facets = [['facet', 'rule'], ['facet', 'detector'], ['facet', 'verdict'], ['facet', 'category'], ['top', 200]];
    const [stats, before, perService, people, incidents, incidentsBefore] = await Promise.all([get('stats', [...current, ...facets, ['buckets', DAYS], dayBegins()], signal),
      previous === null ? null : get('stats', [...previous, ...facets, ['buckets', 0]], signal),
      get('services', current, signal), get('users', [...current, ['limit', TOP]], signal),
      incidentsOf(current, signal), previous === null ? null : countsOf(previous, [], signal)]);
    if (stats.total === 0)
      return { total: '', content: state('empty', 'Nothing was recorded in this period', 'Choose another one above.') };
    if (who.pseudonyms && people.total < GROUP_MIN)
      return { total: '', content: state('empty', `Fewer than ${GROUP_MIN} people`,
        'Where names are pseudonyms, a report is of groups that nobody can be told out of. Choose a longer period above.') };
    const was = (facet, value) => (before === null ? null : numberOf(before, facet, value));
    return {
      total: describe(view),
      content: [
        h('p', { class: 'report-head' }, time(iso(since ?? Date.parse(stats.since)), 'minute'), ' – ', time(iso(until), 'minute'),
          ` · node ${who.node} · made `, time(iso(Date.now()), 'minute')),
        h('section', { class: 'card report-sum', 'aria-label': 'Summary' },
          h('div', { class: 'figures' }, figure('Activities', stats.total, before?.total ?? null),
            figure('With findings', stats.dlp_events, before?.dlp_events ?? null),
            figure('Blocked', numberOf(stats, 'verdict', 'block'), was('verdict', 'block')),
            figure('Alerts', numberOf(stats, 'verdict', 'alert'), was('verdict', 'alert')),
            figure('People', people.total, null)),
          sparkline(stats.buckets.map(b => b.total), `${count(stats.total)} activities over time`)),
        incidentsCard(view, incidents, incidentsBefore?.total ?? null),
        h('div', { class: 'cards report-cards' },
          card('Services', table('Services', ['Service', 'Activities', 'DLP'], services(perService.items).map(([name, sum]) =>
            [linkTo(view, [['service', name || NONE]], name || 'no service'), count(sum.events), count(sum.dlp)]), 'None.')),
          byFacet(view, 'Categories', 'category', 'Category', stats, before),
          byFacet(view, 'Rules that decided most', 'rule', 'Rule', stats, before),
          byFacet(view, 'What was found most', 'detector', 'Detector', stats, before),
          !who.pseudonyms && card('People at most risk', table('People', ['User', 'Risk', 'DLP', 'Blocked', 'Sent'], people.items.filter(u => u.risk > 0).map(u =>
            [linkTo(view, [['user', u.user || NONE]], u.user || 'nobody known'), riskChip(u.risk), count(u.dlp_events), count(u.blocked), size(u.bytes_up)]),
          'Nothing was found at anyone.')))],
    };
  }

  return periodPage(main, parameters, 'Report', load, { tools: [
    h('button', { type: 'button', onclick: () => print() }, 'Print')] });
}
