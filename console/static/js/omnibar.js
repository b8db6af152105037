// The line that filters are typed into: `user:ana -verdict:allow "free text"`.
// A combobox (ARIA Authoring Practices): names of filters are completed, then
// their values, also behind a comma, as they occur under the other filters.
import { h, newId } from './dom.js';
import { count } from './format.js';
import { FILTERS, NONE, NOT, fromLine, keyOf, quote, toLine } from './view.js';

const OPTIONS_MAX = 12;

/** Start and text of the word that the caret is in or behind. */
function wordAt(line, caret) {
  const before = line.slice(0, caret);
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < before.length; i++) {
    if (before[i] === '"')
      isQuoted = !isQuoted;
    else if (before[i] === ' ' && !isQuoted)
      start = i + 1;
  }
  return { start, text: before.slice(start) };
}

function nameOptions(text) {
  const sign = text.startsWith(NOT) ? NOT : '';
  const lower = text.slice(sign.length).toLowerCase();
  return FILTERS.filter(f => f.name.startsWith(lower) || f.label.toLowerCase().startsWith(lower))
    .map(f => ({ insert: `${sign}${f.name}:`, label: `${sign}${f.name}:`, help: sign ? `not: ${f.help}` : f.help, isName: true }));
}

/** given: what stands before the value: `verdict:block,`. */
function valueOptions(key, given, typed, items) {
  const lower = typed.toLowerCase();
  const matching = items.filter(({ value }) => value.toLowerCase().includes(lower));
  // What begins with it first, then in the order of their numbers.
  matching.sort((a, b) => b.value.toLowerCase().startsWith(lower) - a.value.toLowerCase().startsWith(lower));
  return matching.map(({ value, count: n }) => ({ insert: given + (value === '' ? NONE : quote(key, value)),
    label: value === '' ? 'none' : value, help: count(n) }));
}

/** valuesOf(name): [{value, count}] as promised; onQuery({filters, q});
 * onProblem(words): the line says nothing that can be asked for. */
export function omnibar(valuesOf, onQuery, onProblem) {
  const list = h('ul', { id: newId('options'), role: 'listbox', tabindex: -1, class: 'options', 'aria-label': 'Completions', hidden: true });
  const input = h('input', { type: 'search', role: 'combobox', class: 'omnibar', autocomplete: 'off', spellcheck: 'false',
    'aria-label': 'Filter activities', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id,
    'aria-keyshortcuts': '/', placeholder: 'user:ana verdict:block -model:o3 "free text"   ( / )' });
  let options = [];
  let chosen = -1;
  let asked = 0;

  function close() {
    asked += 1; // answers that are still to come are too late
    options = [];
    chosen = -1;
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function choose(i) {
    chosen = options.length === 0 ? -1 : (i + options.length) % options.length;
    for (const [k, item] of [...list.children].entries())
      item.setAttribute('aria-selected', k === chosen);
    if (chosen < 0) {
      input.removeAttribute('aria-activedescendant');
      return;
    }
    input.setAttribute('aria-activedescendant', list.children[chosen].id);
    list.children[chosen].scrollIntoView({ block: 'nearest' });
  }

  function offer(found) {
    options = found.slice(0, OPTIONS_MAX);
    chosen = -1;
    input.removeAttribute('aria-activedescendant');
    list.replaceChildren(...options.map((option, i) => h('li', { id: `${list.id}-${i}`, role: 'option', 'aria-selected': 'false',
      onmousedown: event => { event.preventDefault(); take(i); } },
    h('span', { class: option.isName ? 'name' : 'value' }, option.label), h('span', { class: 'help' }, option.help))));
    list.hidden = options.length === 0;
    input.setAttribute('aria-expanded', String(options.length > 0));
  }

  function take(i) {
    const caret = input.selectionStart;
    const { start } = wordAt(input.value, caret);
    const rest = input.value.slice(caret).replace(/^\S+/, '');
    const text = options[i].insert + (options[i].isName ? '' : ' ');
    input.value = input.value.slice(0, start) + text + rest.trimStart();
    input.setSelectionRange(start + text.length, start + text.length);
    input.focus();
    if (options[i].isName)
      complete();
    else
      submit();
  }

  async function complete() {
    const mine = asked += 1;
    const { text } = wordAt(input.value, input.selectionStart);
    const colon = text.indexOf(':');
    const key = colon > 0 ? keyOf(text.slice(0, colon)) : null;
    if (key === null) {
      offer(/^-?"/.test(text) ? [] : nameOptions(text));
      return;
    }
    const [typed] = text.slice(colon + 1).match(/(?:"[^"]*"?|[^,"])*$/);
    const given = text.slice(0, text.length - typed.length);
    const items = await valuesOf(key.replace(NOT, '')).catch(() => []);
    if (mine === asked && document.activeElement === input)
      offer(valueOptions(key, given, typed.replaceAll('"', ''), items));
  }

  function submit() {
    close();
    const { filters, q, problem } = fromLine(input.value);
    if (problem === null)
      onQuery({ filters, q });
    else
      onProblem(problem);
  }

  input.addEventListener('input', complete);
  input.addEventListener('focus', complete);
  input.addEventListener('blur', close);
  input.addEventListener('search', () => input.value === '' && submit()); // its cross
  input.addEventListener('keydown', event => {
    const steps = { ArrowDown: chosen + 1, ArrowUp: chosen < 0 ? -1 : chosen - 1 };
    if (event.key in steps) {
      event.preventDefault();
      if (list.hidden)
        complete();
      else
        choose(steps[event.key]);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (chosen >= 0)
        take(chosen);
      else
        submit();
    } else if (event.key === 'Tab' && !event.shiftKey && chosen >= 0) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      event.preventDefault(); // or a search field empties itself
      if (list.hidden)
        input.blur();
      else
        close();
    }
  });

  return {
    element: h('div', { class: 'omnibar-box', role: 'search' }, input, list),
    show(view) {
      const line = toLine(view);
      if (fromLineIsOther(input.value, line))
        input.value = line === '' ? '' : `${line} `;
    },
    focus() {
      input.focus();
      input.select();
    },
  };
}

/** Spaces do not count: what somebody is typing stays as it is. */
function fromLineIsOther(a, b) {
  return a.trim() !== b.trim();
}
