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
/** Before the name of a filter: what has one of its values is left out. */
export const NOT = '-';

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

/** The same with or without NOT before it; a conversation is not left out. */
export function keyOf(word) {
  if (!word.startsWith(NOT))
    return nameOf(word);
  const name = nameOf(word.slice(NOT.length));
  return name === null || name === CONVERSATION ? null : NOT + name;
}

const opposite = key => (key.startsWith(NOT) ? key.slice(NOT.length) : NOT + key);

// ---- the address ----

export function fromAddress(parameters) {
  const view = emptyView();
  view.since = parameters.get('since') || DEFAULT_PERIOD;
  view.until = parameters.get('until') ?? '';
  view.q = parameters.get('q') ?? '';
  for (const [key, value] of parameters) {
    const colon = key === 'exclude' ? value.indexOf(':') : -1;
    const name = colon > 0 ? keyOf(NOT + value.slice(0, colon)) : nameOf(key);
    const word = value.slice(colon + 1);
    if (name !== null && word !== '')
      add(view, name, word);
  }
  return view;
}

function filterPairs(view) {
  return [...view.filters].flatMap(([key, values]) => values.map(value => [key, value]));
}

const toParameter = ([key, value]) => (key.startsWith(NOT) ? ['exclude', `${key.slice(NOT.length)}:${value}`] : [key, value]);

export function toAddress(view) {
  const pairs = [['since', view.since]];
  if (view.until !== '')
    pairs.push(['until', view.until]);
  pairs.push(...filterPairs(view).map(toParameter));
  if (view.q !== '')
    pairs.push(['q', view.q]);
  return pairs;
}

/** For the API, which takes spans like 24h too, but no word for all time. */
export function toApi(view) {
  return toAddress(view).filter(([name, value]) => name !== 'since' || value !== 'all');
}

// ---- changes ----

export function add(view, key, value) {
  const values = view.filters.get(key) ?? [];
  drop(view, opposite(key), value);
  if (!values.includes(value))
    view.filters.set(key, [...values, value]);
}

export function drop(view, key, value) {
  const values = (view.filters.get(key) ?? []).filter(v => v !== value);
  if (values.length > 0)
    view.filters.set(key, values);
  else
    view.filters.delete(key);
}

export const has = (view, key, value) => (view.filters.get(key) ?? []).includes(value);
export const isFiltered = view => view.q !== '' || view.filters.size > 0;

// ---- the line in the omnibar ----

/** A bare user is how a name begins; one that stands for itself has quotes. */
const isBareUser = (key, value) => key.endsWith('user') && value !== NONE && !/[@*?"]/.test(value);

export function quote(key, value) {
  return /[\s",]/.test(value) || value === '' || isBareUser(key, value) ? `"${value.replaceAll('"', '')}"` : value;
}

export function toLine(view) {
  const parts = [...view.filters].map(([key, values]) => `${key}:${values.map(value => quote(key, value)).join(',')}`);
  if (view.q !== '')
    parts.push(view.q);
  return parts.join(' ');
}

/** Words; what stands in quotes stays together. */
const split = line => line.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];

/** `user:ana,"ben carr"` as key and values; key null: it names no filter. */
function readFilter(word) {
  const colon = word.indexOf(':');
  const key = colon > 0 ? keyOf(word.slice(0, colon)) : null;
  const parts = word.slice(colon + 1).match(/(?:"[^"]*"?|[^,"])+/g) ?? [];
  return { key, values: parts.map(part => (isBareUser(key ?? '', part) ? `${part}*` : part.replaceAll('"', ''))).filter(v => v !== '') };
}

/** Filters and words of a line; what names no filter is searched for.  OR
 * joins words, or values of one filter; `problem` says so where it does not. */
export function fromLine(line) {
  const view = { ...emptyView(), problem: null };
  const free = [];
  const words = split(line);
  let before = null; // key of a filter, '' after a word
  let isNot = false;
  let isOr = false;
  for (const [i, word] of words.entries()) {
    const isLast = i + 1 === words.length;
    if (word === 'NOT' && !isLast) {
      isNot = true;
    } else if (word === 'OR' && i > 0 && !isLast) {
      isOr = true;
    } else if (word !== 'AND' || i === 0 || isLast) {
      const { key, values } = readFilter(word);
      const wanted = key !== null && isNot ? opposite(key) : key ?? '';
      if (isOr && (wanted !== before || wanted.startsWith(NOT)))
        view.problem = 'OR joins words, or values of one filter: verdict:block OR verdict:alert.';
      if (key === null)
        free.push(...(isOr ? ['OR'] : []), ...(isNot ? ['NOT'] : []), word);
      for (const value of key === null ? [] : values)
        add(view, wanted, value);
      before = wanted;
      isNot = isOr = false;
    }
  }
  view.q = free.join(' ');
  return view;
}
