// Choosing a period: spans back from now, or two moments in the viewer's zone.
import { h, newId } from './dom.js';
import { DAY, HOUR, minute } from './format.js';
import { PERIODS } from './view.js';

const UNITS = { m: 60 * 1000, h: HOUR, d: DAY };

/** Milliseconds of "24h"; null: no span. */
export function spanOf(text) {
  const match = /^(\d+)([mhd])$/.exec(text);
  return match === null ? null : Number(match[1]) * UNITS[match[2]];
}

/** {since, until} of a view in milliseconds; since null: from the start. */
export function boundsOf(view, now = Date.now()) {
  const span = spanOf(view.since);
  const until = view.until === '' ? now : Date.parse(view.until);
  const since = span !== null ? now - span : Date.parse(view.since);
  return { since: Number.isNaN(since) ? null : since, until: Number.isNaN(until) ? now : until };
}

/** For <input type=datetime-local>, which knows no zones. */
function toLocal(ms) {
  const shifted = new Date(ms - new Date(ms).getTimezoneOffset() * 60000);
  return shifted.toISOString().slice(0, 16);
}

/** For buckets of hours and days: when the viewer's day begins, by the clock of today. */
export function dayBegins() {
  const minutes = DAY / 60000;
  return ['day_begins', (new Date().getTimezoneOffset() + minutes) % minutes];
}

export function describe(view) {
  const known = PERIODS.find(([value]) => value === view.since);
  if (known !== undefined && view.until === '')
    return known[1];
  const { since, until } = boundsOf(view);
  const end = view.until === '' ? 'now' : minute(until);
  return since === null ? `until ${end}` : `${minute(since)} – ${end}`;
}

/** periods: which spans are offered.  onChange({since, until}). */
export function periodPicker(periods, onChange) {
  const ids = { from: newId('from'), to: newId('to') };
  const choice = h('select', { 'aria-label': 'Period', onchange: () => choose() });
  const from = h('input', { type: 'datetime-local', id: ids.from, required: true });
  const to = h('input', { type: 'datetime-local', id: ids.to });
  const form = h('form', { class: 'custom', hidden: true, 'aria-label': 'Custom period', onsubmit: event => apply(event) },
    h('label', { for: ids.from }, 'From'), from, h('label', { for: ids.to }, 'to'), to,
    h('button', { type: 'submit' }, 'Apply'));
  let shown = { since: '24h', until: '' };

  function choose() {
    if (choice.value === 'custom') {
      const { since, until } = boundsOf(shown);
      from.value = toLocal(since ?? until - DAY);
      to.value = toLocal(until);
      form.hidden = false;
      from.focus();
    } else {
      onChange({ since: choice.value, until: '' });
    }
  }

  function apply(event) {
    event.preventDefault();
    const since = new Date(from.value);
    const until = to.value === '' ? null : new Date(to.value);
    if (until !== null && until <= since) {
      to.setCustomValidity('The end must be after the beginning.');
      to.reportValidity();
      to.setCustomValidity('');
      return;
    }
    onChange({ since: since.toISOString(), until: until?.toISOString() ?? '' });
  }

  function show(view) {
    shown = { since: view.since, until: view.until };
    const isSpan = shown.until === '' && periods.includes(shown.since);
    choice.replaceChildren(
      ...PERIODS.filter(([value]) => periods.includes(value))
        .map(([value, label]) => h('option', { value }, label)),
      ...(isSpan ? [] : [h('option', { value: '' }, describe(shown))]),
      h('option', { value: 'custom' }, 'Custom …'));
    choice.value = isSpan ? shown.since : '';
    form.hidden = true;
  }

  return { element: h('div', { class: 'period' }, choice, form), show };
}
