// What a page of activities shows: filters, words, period.  One thing with
// three forms: the address of the page, the parameters of the API, and the
// line in the omnibar.  The address uses the API's own names.

export const FILTERS = [
  { name: 'verdict', label: 'Verdict', help: 'what the policy decided: allow, alert, block …' },
  { name: 'severity', label: 'Severity', help: 'the highest of the findings' },
  { name: 'service', label: 'Service', help: 'chatgpt, openai-api …' },
  { name: 'instance', label: 'Instance', help: 'workspace or organization' },
  { name: 'activity', label: 'Activity', help: 'prompt.created, file.uploaded …' },
  { name: 'category', label: 'Category', help: 'Data Upload, Service Usage …' },
  { name: 'user', label: 'User', help: 'who it was' },
  { name: 'type', label: 'Found', help: 'type of a finding: credit-card, iban …' },
  { name: 'detector', label: 'Detector', help: 'the rule that found it' },
  { name: 'rule', label: 'Policy rule', help: 'the rule that decided' },
  { name: 'file_type', label: 'File type', help: 'of an attached file' },
  { name: 'model', label: 'Model', help: 'which model was asked' },
  { name: 'via', label: 'Source', help: 'inline, audit-log, compliance-log' },
  { name: 'outcome', label: 'Outcome', help: 'success or failure' },
  { name: 'network', label: 'Network', help: 'address, or 10.0.0.0/8' },
  { name: 'node', label: 'Node', help: 'which gateway wrote the record' },
  { name: 'host', label: 'Host', help: 'where the request went' },
];
export const CONVERSATION = 'conversation_id';
const NAMES = new Set([...FILTERS.map(f => f.name), CONVERSATION]);
const ALIASES = { ip: 'network', source: 'via', conversation: CONVERSATION, found: 'type' };
export const labelOf = name => FILTERS.find(f => f.name === name)?.label ?? 'Conversation';
/** As a filter: those that have no value. */
export const NONE = '-';

export const PERIODS = [
  ['15m', 'Last 15 minutes'], ['1h', 'Last hour'], ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'], ['30d', 'Last 30 days'], ['all', 'All time'],
];
const DEFAULT_PERIOD = '24h';

export function emptyView() {
  return { since: DEFAULT_PERIOD, until: '', q: '', filters: new Map() };
}

export function nameOf(word) {
  const lower = word.toLowerCase();
  const name = Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : lower;
  return NAMES.has(name) ? name : null;
}

// ---- the address ----

export function fromAddress(parameters) {
  const view = emptyView();
  view.since = parameters.get('since') || DEFAULT_PERIOD;
  view.until = parameters.get('until') ?? '';
  view.q = parameters.get('q') ?? '';
  for (const [key, value] of parameters) {
    const name = nameOf(key);
    if (name !== null && value !== '')
      add(view, name, value);
  }
  return view;
}

function filterPairs(view) {
  return [...view.filters].flatMap(([name, values]) => values.map(value => [name, value]));
}

export function toAddress(view) {
  const pairs = [['since', view.since]];
  if (view.until !== '')
    pairs.push(['until', view.until]);
  pairs.push(...filterPairs(view));
  if (view.q !== '')
    pairs.push(['q', view.q]);
  return pairs;
}

/** For the API, which takes spans like 24h too, but no word for all time. */
export function toApi(view) {
  return toAddress(view).filter(([name, value]) => name !== 'since' || value !== 'all');
}

// ---- changes ----

export function add(view, name, value) {
  const values = view.filters.get(name) ?? [];
  if (!values.includes(value))
    view.filters.set(name, [...values, value]);
}

export function drop(view, name, value) {
  const values = (view.filters.get(name) ?? []).filter(v => v !== value);
  if (values.length > 0)
    view.filters.set(name, values);
  else
    view.filters.delete(name);
}

export const has = (view, name, value) => (view.filters.get(name) ?? []).includes(value);
export const isFiltered = view => view.q !== '' || view.filters.size > 0;

// ---- the line in the omnibar ----

export function quote(value) {
  return /[\s"]/.test(value) || value === '' ? `"${value.replaceAll('"', '')}"` : value;
}

export function toLine(view) {
  const parts = filterPairs(view).map(([name, value]) => `${name}:${quote(value)}`);
  if (view.q !== '')
    parts.push(view.q);
  return parts.join(' ');
}

/** Words; what stands in quotes stays together. */
export function split(line) {
  return line.match(/[\w-]+:"[^"]*"?|"[^"]*"?|\S+/g) ?? [];
}

/** Filters and words of a line; what names no filter is searched for. */
export function fromLine(line) {
  const view = emptyView();
  const free = [];
  for (const word of split(line)) {
    const colon = word.indexOf(':');
    const name = colon > 0 ? nameOf(word.slice(0, colon)) : null;
    const value = word.slice(colon + 1).replaceAll('"', '');
    if (name === null)
      free.push(word);
    else if (value !== '')
      add(view, name, value);
  }
  view.q = free.join(' ');
  return view;
}
