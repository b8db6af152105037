// The rail of filters: for each its values with their numbers under all other
// filters.  Only open groups are counted, so that a closed one costs nothing.
import { h } from './dom.js';
import { briefCount, count } from './format.js';
import { recall, remember } from './settings.js';
import { FILTERS, NONE, NOT, has } from './view.js';

const SHORT = 6;
const LONG = 50;
const OPEN = ['verdict', 'severity', 'activity', 'user', 'type'];

/** onToggle(name, value, isOn), with NOT before the name where the value is left
 * out; onOpen(): other groups are wanted.  Filters of other pages: {filters,
 * open, key to remember it by, whether values can be left out}. */
export function facetRail(onToggle, onOpen, { filters = FILTERS, usual = OPEN, key = 'facets', mayExclude = true } = {}) {
  const open = new Set(recall(key, usual).filter(name => filters.some(f => f.name === name)));
  const long = new Set();
  const groups = new Map();
  const element = h('aside', { class: 'rail', 'aria-label': 'Filters' });

  for (const { name, label } of filters) {
    const body = h('div', { class: 'facet-body' });
    const chosen = h('span', { class: 'facet-chosen' });
    const group = h('details', { class: 'facet', 'data-facet': name, open: open.has(name) },
      h('summary', null, label, chosen), body);
    group.addEventListener('toggle', () => {
      if (group.open === open.has(name))
        return;
      open[group.open ? 'add' : 'delete'](name);
      remember(key, [...open]);
      if (group.open)
        onOpen();
    });
    groups.set(name, { body, chosen, group });
    element.append(group);
  }

  function item(view, name, value, n, top) {
    const filter = value === '' ? NONE : value;
    const isOn = has(view, name, filter);
    const isOut = has(view, NOT + name, filter);
    return h('li', { class: isOut ? 'excluded' : null }, mayExclude && h('button', { type: 'button', class: 'exclude', 'aria-pressed': String(isOut),
      'aria-label': `Leave out ${value || 'none'}`, title: isOut ? 'Left out: take back' : 'Leave out',
      onclick: () => onToggle(NOT + name, filter, !isOut) }, '−'),
    h('label', { title: value || 'has none' },
      h('input', { type: 'checkbox', checked: isOn, onchange: event => onToggle(name, filter, event.target.checked) }),
      h('span', { class: value === '' ? 'value none' : 'value' }, value || 'none'),
      h('span', { class: 'count', title: n === null ? null : count(n) }, n === null ? '' : briefCount(n)),
      h('meter', { 'aria-hidden': 'true', min: 0, max: Math.max(1, top), value: n ?? 0 })));
  }

  /** Values that were chosen but do not occur must be there to be given up. */
  function missing(view, name, items) {
    return [name, NOT + name].flatMap(k => view.filters.get(k) ?? []).filter(value => !items.some(i => (i.value || NONE) === value));
  }

  function showGroup(view, name, facet) {
    const { body } = groups.get(name);
    const top = Math.max(1, ...facet.items.map(i => i.count));
    const list = h('ul', null, missing(view, name, facet.items).map(value => item(view, name, value, null, top)),
      facet.items.map(i => item(view, name, i.value, i.count, top)));
    const was = document.activeElement;
    const focused = was?.closest?.('[data-facet]')?.dataset.facet === name ? was.closest('li')?.querySelector('.value').textContent : undefined;
    const more = facet.more > 0 && !long.has(name) && h('button', { type: 'button', class: 'link',
      onclick: () => { long.add(name); onOpen(); } }, `${count(facet.more)} more`);
    const rest = facet.more > 0 && long.has(name) && h('p', { class: 'hint' }, `${count(facet.more)} more: type them above`);
    body.replaceChildren(facet.items.length + list.children.length === 0 ? h('p', { class: 'hint' }, 'nothing') : list,
      more || rest || '');
    // What was used keeps the focus though it has been made anew.
    if (focused !== undefined)
      [...list.children].find(li => li.querySelector('.value').textContent === focused)?.querySelector(was.localName).focus();
  }

  return {
    element,
    /** Which filters are to be counted, with how many values. */
    wanted: () => [...open],
    top: () => (long.size > 0 ? LONG : SHORT),
    show(view, facets) {
      for (const [name, { chosen }] of groups) {
        const n = (view.filters.get(name)?.length ?? 0) + (view.filters.get(NOT + name)?.length ?? 0);
        chosen.textContent = n > 0 ? count(n) : '';
        if (facets !== null && facets[name] !== undefined)
          showGroup(view, name, facets[name]);
      }
    },
  };
}
