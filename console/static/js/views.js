// Saved views of a page, in its rail: one's own and those that others share.
// A view is the query of an address, kept by the server.
import { get, isAbort, send } from './api.js';
import { h, say } from './dom.js';

/** queryOf(): of what is shown now. */
export function savedViews(who, path, queryOf) {
  const list = h('ul', { class: 'views' });
  const said = h('p', { class: 'hint', role: 'status' });
  const name = h('input', { 'aria-label': 'Name of the view', required: true, maxlength: 60, autocomplete: 'off', placeholder: 'Name' });
  const shared = h('input', { type: 'checkbox' });
  const mayShare = who.rights.includes('triage');
  const abort = new AbortController();

  async function act(work, words) {
    try {
      await work();
      await load();
      said.textContent = '';
      say(words);
    } catch (error) {
      if (!isAbort(error))
        said.textContent = error.message;
    }
  }

  const save = view => send('POST', 'views', { page: path, name: view.name, query: view.query, shared: view.shared });

  function item(view) {
    const isOwn = view.user === who.user;
    const mayDelete = isOwn || (view.shared && who.role === 'administrator');
    return h('li', null, h('a', { href: `${path}?${view.query}`, title: isOwn ? view.name : `${view.name}, shared by ${view.user}` }, view.name),
      !isOwn && h('span', { class: 'hint' }, view.user),
      isOwn && mayShare && h('button', { type: 'button', class: 'link', 'aria-pressed': String(view.shared), 'aria-label': `Share ${view.name}`,
        onclick: () => act(() => save({ ...view, shared: !view.shared }), view.shared ? 'Shared no more' : 'Shared') }, view.shared ? 'shared' : 'share'),
      mayDelete && h('button', { type: 'button', class: 'link', 'aria-label': `Delete ${view.name}`,
        onclick: () => act(() => send('DELETE', `views/${view.id}`), 'Deleted') }, '×'));
  }

  async function load() {
    const { items } = await get('views', [], abort.signal);
    const mine = items.filter(v => v.page === path);
    list.replaceChildren(...(mine.length === 0 ? [h('li', { class: 'hint' }, 'None yet.')] : mine.map(item)));
  }

  const form = h('form', { class: 'save-view', 'aria-label': 'Save this view', onsubmit: event => {
    event.preventDefault();
    act(async () => {
      await save({ name: name.value, query: queryOf(), shared: shared.checked });
      form.reset();
    }, 'Saved');
  } }, name, h('button', { type: 'submit' }, 'Save'),
  mayShare && h('label', { class: 'for-all' }, shared, ' for everybody'));
  act(load, '');

  return {
    element: h('details', { class: 'facet', open: true }, h('summary', null, 'Saved views'), h('div', { class: 'facet-body' }, list, form, said)),
    leave: () => abort.abort(),
  };
}
