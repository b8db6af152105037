// What pages of numbers have in common: a period in the address, what else the
// address says, one request at a time, errors that say what helps.
import { isAbort } from './api.js';
import { h, say, state } from './dom.js';
import { describe, periodPicker } from './period.js';
import { rename } from './router.js';
import { fromAddress, toApi } from './view.js';

const SPANS = ['24h', '7d', '30d', 'all'];

/**
 * load({view, period, option, signal}) → {total, content}: view: of the
 * address; period: parameters for the API; option(name): what else the address
 * says.  tools: elements beside the period.  Returns the page for the router,
 * with set(name, value), which changes the address and loads again.
 */
export function periodPage(main, parameters, title, load, { usual = '7d', tools = [], spans = SPANS } = {}) {
  let asked = parameters;
  let abort = new AbortController();
  const total = h('p', { class: 'total' });
  const place = h('div', { class: 'stack' });
  const picker = periodPicker(spans, chosen => set(['since', chosen.since], ['until', chosen.until]));

  function readView() {
    const view = fromAddress(asked);
    view.since = asked.get('since') || usual;
    return view;
  }

  function set(...pairs) {
    const next = new URLSearchParams(asked);
    for (const [name, value] of pairs) {
      if (value === '')
        next.delete(name);
      else
        next.set(name, value);
    }
    asked = next;
    rename([...next], true);
    return show();
  }

  async function show() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const view = readView();
    picker.show(view);
    place.setAttribute('aria-busy', 'true');
    try {
      const made = await load({ view, period: toApi({ ...view, filters: new Map(), q: '' }), option: name => asked.get(name), signal });
      total.replaceChildren(...[made.total].flat());
      place.replaceChildren(...[made.content].flat().filter(Boolean));
      say(`${title}, ${describe(view)}`);
    } catch (error) {
      if (isAbort(error))
        return;
      place.replaceChildren(state('error', 'This cannot be shown', error.message,
        h('button', { type: 'button', onclick: show }, 'Try again')));
    }
    place.removeAttribute('aria-busy');
  }

  main.append(h('div', { class: 'page' }, h('header', { class: 'page-head' }, h('h1', null, title), total,
    h('div', { class: 'tools' }, tools, picker.element)), place));
  show();
  return {
    set,
    update(changed) {
      asked = changed;
      show();
    },
    leave: () => abort.abort(),
  };
}

/** A table in a box of its own, which scrolls where it is too wide. */
export function tableBox(caption, heads, rows, attributes = {}) {
  return h('div', { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', { class: 'numbers roomy', ...attributes }, h('caption', { class: 'unseen' }, caption),
      h('thead', null, h('tr', null, heads.map(head => (head instanceof Node ? head : h('th', { scope: 'col' }, head))))),
      h('tbody', null, rows)));
}
