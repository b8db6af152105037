// Numbers over time as stacked bars of our own: what is wanted is little (bars,
// a scale, a brush), and a library would weigh more than all other pages.
//
// By mouse: a click zooms to a bar, a drag to several.  By keyboard: arrows
// walk along the bars, with Shift they select, Enter zooms.
import { h, say, svg } from './dom.js';
import { DAY, HOUR, MINUTE, count, minute, tick } from './format.js';

const HEIGHT = 120;
const BASE = 18; // below the bars, for the times
const SERIES_MAX = 7;
const OTHER = 'other';
// What has a meaning has its own colour; all else the next of a row.
const MEANINGS = ['block', 'redact', 'coach', 'alert', 'allow', 'high', 'medium', 'low'];

/** [{name, colour}], the ones that matter first, the many small ones as one. */
function seriesOf(stats) {
  const totals = new Map();
  for (const bucket of stats.buckets)
    for (const [name, n] of Object.entries(bucket.counts))
      totals.set(name, (totals.get(name) ?? 0) + n);
  const names = [...totals.keys()].sort((a, b) => totals.get(b) - totals.get(a));
  if (names.some(name => MEANINGS.includes(name)))
    names.sort((a, b) => (MEANINGS.indexOf(a) + 99) % 99 - (MEANINGS.indexOf(b) + 99) % 99);
  const shown = names.slice(0, names.length > SERIES_MAX + 1 ? SERIES_MAX : names.length);
  const series = shown.map((name, i) => ({ name, total: totals.get(name),
    colour: MEANINGS.includes(name) ? `m-${name}` : `p-${i}`, of: bucket => bucket.counts[name] ?? 0 }));
  if (shown.length < names.length)
    series.push({ name: OTHER, colour: 'p-other', total: names.slice(SERIES_MAX).reduce((n, k) => n + totals.get(k), 0),
      of: bucket => bucket.total - shown.reduce((n, k) => n + (bucket.counts[k] ?? 0), 0) });
  return series;
}

/** The round number at or above n that a scale ends with. */
function niceTop(n) {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, n)));
  return [1, 2, 5, 10].map(k => k * step).find(top => top >= n);
}

function bars(stats, series, width, top) {
  const room = HEIGHT - BASE;
  const step = width / stats.buckets.length;
  const gap = step > 4 ? 1 : 0;
  return stats.buckets.flatMap((bucket, i) => {
    let y = room;
    return series.filter(s => s.of(bucket) > 0).map(s => {
      const height = Math.max(1, s.of(bucket) / top * (room - 12));
      y -= height;
      return svg('rect', { class: s.colour, x: i * step, y, width: Math.max(1, step - gap), height });
    });
  });
}

/** Round moments of the viewer's zone, at most so many, none too near the end. */
function ticks(start, span, most) {
  const steps = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
  const step = steps.find(s => span / s <= most) ?? span;
  const shift = new Date(start).getTimezoneOffset() * MINUTE;
  const found = [];
  for (let at = Math.ceil((start - shift) / step) * step + shift; at < start + span * 0.96; at += step)
    found.push(at);
  return found;
}

function axis(stats, width, top) {
  const room = HEIGHT - BASE;
  const start = Date.parse(stats.since);
  const span = Date.parse(stats.until) - start;
  const parts = [svg('line', { class: 'rule', x1: 0, x2: width, y1: room + 0.5, y2: room + 0.5 }),
    svg('line', { class: 'rule faint', x1: 0, x2: width, y1: 12.5, y2: 12.5 }),
    svg('text', { x: 2, y: 10 }, count(top))];
  for (const at of ticks(start, span, Math.max(2, Math.floor(width / 90))))
    parts.push(svg('text', { x: (at - start) / span * width, y: HEIGHT - 5 }, tick(at, span)));
  return parts;
}

/** A line without scale, for cards.  values: numbers; label: what it says. */
export function sparkline(values, label) {
  const top = Math.max(1, ...values);
  const x = i => (values.length < 2 ? 0 : i * 200 / (values.length - 1)).toFixed(1);
  const points = values.map((n, i) => `${x(i)},${(38 - n / top * 34).toFixed(1)}`);
  return svg('svg', { class: 'spark', viewBox: '0 0 200 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    svg('path', { class: 'spark-area', d: `M0,40 L${points.join(' L')} L200,40 Z` }),
    svg('path', { class: 'spark-line', d: `M${points.join(' L')}` }));
}

/** onZoom(since, until) with RFC 3339 times. */
export function chart(onZoom) {
  const legend = h('ul', { class: 'legend' });
  const tip = h('div', { class: 'tip', hidden: true });
  const plot = h('div', { class: 'plot', tabindex: 0, role: 'group' });
  const element = h('div', { class: 'chart' }, plot, tip, legend);
  let stats = null;
  let series = [];
  let at = -1; // the bar under the pointer or the keyboard
  let anchor = -1; // where a selection began
  let isDragging = false;

  const edge = i => new Date(Date.parse(stats.since) + i * stats.bucket_ms).toISOString();

  function draw() {
    const width = plot.clientWidth;
    if (stats === null || width === 0)
      return;
    const top = niceTop(Math.max(1, ...stats.buckets.map(b => b.total)));
    plot.replaceChildren(svg('svg', { width, height: HEIGHT, 'aria-hidden': 'true' },
      svg('rect', { class: 'brush', y: 0, height: HEIGHT - BASE, x: 0, width: 0 }),
      axis(stats, width, top), bars(stats, series, width, top)));
    mark();
  }

  function mark() {
    const brush = plot.querySelector('.brush');
    if (brush === null)
      return;
    const step = plot.clientWidth / stats.buckets.length;
    const first = anchor < 0 ? at : Math.min(at, anchor);
    const last = anchor < 0 ? at : Math.max(at, anchor);
    brush.setAttribute('x', Math.max(0, first) * step);
    brush.setAttribute('width', at < 0 ? 0 : (last - first + 1) * step);
    tip.hidden = at < 0;
    if (at >= 0)
      explain(first, last, step);
  }

  function explain(first, last, step) {
    const chosen = stats.buckets.slice(first, last + 1);
    const counts = series.map(s => [s, chosen.reduce((n, b) => n + s.of(b), 0)]).filter(([, n]) => n > 0);
    const when = `${minute(Date.parse(edge(first)))} – ${minute(Date.parse(edge(last + 1)))}`;
    const total = count(chosen.reduce((n, b) => n + b.total, 0));
    tip.replaceChildren(h('b', null, total), ` · ${when}`,
      h('ul', null, counts.map(([s, n]) => h('li', null, h('i', { class: s.colour }), `${s.name || 'none'} ${count(n)}`))));
    const x = (first + last + 1) / 2 * step;
    tip.style.left = `${Math.min(Math.max(x, 90), plot.clientWidth - 90)}px`;
    if (document.activeElement === plot && !isDragging)
      say(`${when}: ${total}. ${counts.map(([s, n]) => `${s.name || 'none'} ${n}`).join(', ')}`);
  }

  function indexAt(event) {
    const box = plot.getBoundingClientRect();
    const i = Math.floor((event.clientX - box.left) / box.width * stats.buckets.length);
    return Math.min(Math.max(i, 0), stats.buckets.length - 1);
  }

  function zoom() {
    const first = anchor < 0 ? at : Math.min(at, anchor);
    const last = anchor < 0 ? at : Math.max(at, anchor);
    clear();
    if (first >= 0)
      onZoom(edge(first), edge(last + 1));
  }

  function clear() {
    at = anchor = -1;
    isDragging = false;
    mark();
  }

  plot.addEventListener('pointermove', event => {
    if (stats === null)
      return;
    at = indexAt(event);
    mark();
  });
  plot.addEventListener('pointerdown', event => {
    if (stats === null || event.button !== 0)
      return;
    isDragging = true;
    at = anchor = indexAt(event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointerup', () => {
    if (isDragging)
      zoom();
  });
  plot.addEventListener('pointercancel', clear);
  plot.addEventListener('pointerleave', () => {
    if (!isDragging && stats !== null)
      clear();
  });
  plot.addEventListener('blur', () => stats !== null && clear());
  plot.addEventListener('keydown', event => {
    if (stats === null)
      return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) {
      if (!event.shiftKey)
        anchor = -1;
      else if (anchor < 0)
        anchor = Math.max(0, at);
      at = at < 0 ? (step > 0 ? 0 : stats.buckets.length - 1)
        : Math.min(Math.max(at + step, 0), stats.buckets.length - 1);
      event.preventDefault();
      mark();
    } else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      zoom();
    } else if (event.key === 'Escape' && at >= 0) {
      event.stopPropagation();
      clear();
    }
  });
  const observer = new ResizeObserver(draw);
  observer.observe(plot);

  return {
    element,
    show(newStats) {
      stats = newStats.buckets.length > 0 ? newStats : null;
      at = anchor = -1;
      tip.hidden = true;
      series = seriesOf(newStats);
      plot.setAttribute('aria-label', `${count(newStats.total)} activities over time, by ${newStats.by}. ` +
        'Arrow keys walk along the bars, Shift selects, Enter zooms.');
      legend.replaceChildren(...series.map(s => h('li', null, h('i', { class: s.colour }),
        `${s.name || 'none'} `, h('b', null, count(s.total)))));
      if (stats === null)
        plot.replaceChildren();
      draw();
    },
    leave: () => observer.disconnect(),
  };
}
