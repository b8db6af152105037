// Numbers, sizes and times as people read them; times in the viewer's zone.
import { h } from './dom.js';

const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const dayAndTime = new Intl.DateTimeFormat(undefined,
  { month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const toMinute = new Intl.DateTimeFormat(undefined,
  { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const onlyTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });
const onlyDay = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const count = n => whole.format(n);
export const briefCount = n => (n < 10000 ? whole.format(n) : short.format(n));

export function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let n = bytes;
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i += 1;
  }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

export function ago(ms, now = Date.now()) {
  const past = ms - now;
  const steps = [[DAY, 'day'], [HOUR, 'hour'], [MINUTE, 'minute']];
  for (const [length, unit] of steps)
    if (Math.abs(past) >= length)
      return relative.format(Math.trunc(past / length), unit);
  return relative.format(Math.trunc(past / SECOND), 'second');
}

/** How long something took, in one unit. */
export function duration(ms) {
  const steps = [[DAY, 'days'], [HOUR, 'h'], [MINUTE, 'min'], [SECOND, 's']];
  const [length, unit] = steps.find(([length]) => ms >= length) ?? [1, 'ms'];
  const n = ms / length;
  return `${n < 10 && !Number.isInteger(n) ? n.toFixed(1) : count(Math.round(n))} ${unit}`;
}

/** A moment: to be read in the viewer's zone, exactly when pointed at. */
export function time(text, form = 'second') {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    return String(text ?? '');
  const forms = { second: () => dayAndTime.format(ms), minute: () => toMinute.format(ms), day: () => day.format(ms), ago: () => ago(ms) };
  return h('time', { datetime: text, title: `${exact.format(ms)}\n${text}` }, forms[form]());
}

export const minute = ms => toMinute.format(ms);
/** Below a chart: as little as tells the steps apart. */
export const tick = (ms, span) => (span <= 2 * DAY ? onlyTime : onlyDay).format(ms);

/** "+12 %" against the period before, "×40" where it is far more, "new" where there was as good as nothing; '' where there is nothing to
 * compare with. */
export function change(now, before) {
  if (before === 0 || now >= 1000 * before)
    return now === 0 ? '' : 'new';
  if (now >= 10 * before)
    return `×${count(Math.round(now / before))}`;
  const percent = Math.round((now - before) * 100 / before);
  return percent === 0 ? '±0 %' : `${percent > 0 ? '+' : '−'}${count(Math.abs(percent))} %`;
}

/** "prompt_with_file.created" → "prompt with file created". */
export const words = name => String(name).replace(/[._]/g, ' ');
