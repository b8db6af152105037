// The columns that the table of activities can have, and which it has: as
// chosen, remembered in this browser, in the order of this file.
import { h } from './dom.js';
import { recall, remember } from './settings.js';
import { time, count } from './format.js';

const LEVELS = ['low', 'medium', 'high'];

/** The record's own severity, or the highest of its findings. */
export function severityOf(record) {
  if (record.severity !== undefined)
    return record.severity;
  const ranks = (record.findings ?? []).map(f => LEVELS.indexOf(f.severity));
  return LEVELS[Math.max(-1, ...ranks)] ?? '';
}

export const chip = (kind, value) => (value ? h('span', { class: `chip ${kind}-${LEVELS.includes(value) || kind === 'verdict' || kind === 'outcome' ? value : 'other'}` }, value) : '');

/** Who it was, as far as it is known. */
export const personOf = record => record.actor?.user ?? record.actor?.account ?? record.actor?.ip ?? '';

/** What it was about in one line: words, else files, else the target. */
function summary(record) {
  const files = (record.files ?? []).map(f => f.name ?? f.id).filter(Boolean).join(', ');
  const targets = (record.targets ?? [record.target]).filter(Boolean).map(t => t.name ?? t.id ?? t.type).join(', ');
  const text = record.text?.sample ?? '';
  return [files && h('span', { class: 'file' }, files), text, text === '' ? targets : '']
    .filter(Boolean).flatMap((part, i) => (i > 0 ? [' ', part] : [part]));
}

function found(record) {
  const totals = new Map();
  for (const f of record.findings ?? [])
    totals.set(f.type ?? f.detector, (totals.get(f.type ?? f.detector) ?? 0) + (f.count ?? 1));
  return [...totals].map(([type, n]) => h('span', { class: 'chip found' }, n > 1 ? `${type} ×${count(n)}` : type));
}

export const COLUMNS = [
  { name: 'user', label: 'User', of: personOf },
  { name: 'activity', label: 'Activity', of: r => r.activity },
  { name: 'service', label: 'Service', of: r => r.service },
  { name: 'instance', label: 'Instance', of: r => r.actor?.workspace ?? '' },
  { name: 'verdict', label: 'Verdict', of: r => chip('verdict', r.verdict) },
  { name: 'severity', label: 'Severity', of: r => chip('level', severityOf(r)) },
  { name: 'found', label: 'Found', of: found },
  { name: 'text', label: 'Text, files, target', of: summary, isWide: true },
  { name: 'rule', label: 'Rule', of: r => r.rule ?? '' },
  { name: 'model', label: 'Model', of: r => r.model ?? '' },
  { name: 'category', label: 'Category', of: r => r.category ?? '' },
  { name: 'outcome', label: 'Outcome', of: r => chip('outcome', r.outcome) },
  { name: 'via', label: 'Source', of: r => r.via ?? '' },
  { name: 'network', label: 'Address', of: r => r.actor?.ip ?? '' },
  { name: 'host', label: 'Host', of: r => r.http?.host ?? '' },
  { name: 'node', label: 'Node', of: r => r.node ?? '' },
];
const USUAL = ['user', 'activity', 'service', 'verdict', 'severity', 'found', 'text'];

export const timeColumn = { name: 'time', label: 'Time', of: r => time(r.time) };

/** A list of names as columns; what is unknown falls out. */
export function columnsOf(names) {
  const known = COLUMNS.filter(c => names.includes(c.name));
  return known.length > 0 ? known : COLUMNS.filter(c => USUAL.includes(c.name));
}

export const chosenColumns = () => columnsOf(recall('columns', USUAL));

/** onChange(columns). */
export function columnPicker(onChange) {
  const body = h('div', { class: 'popup' });
  const element = h('details', { class: 'picker' }, h('summary', { class: 'button' }, 'Columns'), body);
  function pick() {
    const names = [...body.querySelectorAll('input:checked')].map(i => i.value);
    remember('columns', names);
    onChange(columnsOf(names));
  }
  return {
    element,
    show(columns) {
      body.replaceChildren(h('fieldset', null, h('legend', { class: 'unseen' }, 'Columns'),
        COLUMNS.map(c => h('label', null, h('input', { type: 'checkbox', value: c.name,
          checked: columns.includes(c), onchange: pick }), c.label))));
    },
  };
}
