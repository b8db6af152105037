// The panel beside a list that shows one of its rows: opens, loads, closes.
import { isAbort } from './api.js';
import { h, state } from './dom.js';

/** noun: what a row is. whyGone: why it may be stored no more.
 * fill(id, signal, ...more) asks for it and fills title and body. */
export function drawer({ noun, whyGone, fill, onClose }) {
  const title = h('h2', { tabindex: -1 }, '');
  const body = h('div', { class: 'drawer-body', tabindex: 0, role: 'group', 'aria-label': noun });
  const element = h('aside', { class: 'drawer', 'aria-label': noun, hidden: true },
    h('header', null, title, h('button', { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: () => onClose() }, '×')), body);
  let shown = null; // id
  let abort = new AbortController();

  async function load(id, ...more) {
    abort.abort();
    abort = new AbortController();
    try {
      await fill(id, abort.signal, ...more);
      body.scrollTop = 0;
    } catch (error) {
      if (isAbort(error))
        return;
      const isGone = error.status === 404;
      title.textContent = noun;
      body.replaceChildren(state('error', isGone ? `This ${noun.toLowerCase()} is no longer stored` : 'Not shown',
        isGone ? whyGone : error.message));
    }
  }

  return {
    title,
    body,
    load,
    signal: () => abort.signal,
    /** What a page needs of it. */
    face: {
      element,
      isOpen: () => shown !== null,
      /** hasFocus: whether it takes the focus, too. */
      async show(id, hasFocus) {
        if (id !== shown) {
          shown = id;
          element.hidden = false;
          await load(id);
        }
        if (hasFocus)
          title.focus();
      },
      hide() {
        abort.abort();
        shown = null;
        element.hidden = true;
        body.replaceChildren();
      },
    },
  };
}
