// The table of activities: pages behind one another, new ones on top in live
// mode, one row that the keyboard is on.
import { h } from './dom.js';
import { timeColumn } from './columns.js';

const ROWS_MAX = 3000; // more would make the browser slow: narrow the filter

const STEPS = { j: 1, k: -1 };
const ARROWS = { ArrowDown: 1, ArrowUp: -1 };

/** By how many rows a key moves; arrows do where a row has the focus. */
export function stepOf(event) {
  if (event.target.closest?.('tr[data-id]') && event.key in ARROWS)
    return ARROWS[event.key];
  return STEPS[event.key] ?? 0;
}

/** addressOf(record): of its detail; onOpen(record); onMore(). */
export function activityTable(addressOf, onOpen, onMore) {
  const head = h('thead');
  const body = h('tbody');
  const more = h('button', { type: 'button', class: 'more', hidden: true, onclick: () => onMore() }, 'More');
  const element = h('div', { class: 'table-box' },
    h('table', { class: 'activities' }, h('caption', { class: 'unseen' }, 'Activities, newest first'), head, body), more);
  let columns = [];
  let records = [];
  let current = null; // id
  let openId = null;

  function cell(column, record) {
    const content = column.of(record);
    const plain = typeof content === 'string' ? content : null;
    return h('td', { class: `c-${column.name}${column.isWide ? ' wide' : ''}`, title: plain }, content);
  }

  function row(record) {
    const link = h('a', { href: addressOf(record), class: 'open' }, timeColumn.of(record));
    const element = h('tr', { 'data-id': record.id, class: record.id === openId ? 'open' : null },
      h('td', { class: 'c-time' }, link), columns.map(c => cell(c, record)));
    const open = event => {
      // Marking text and what the browser does with links stay theirs.
      if (event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection()) !== '')
        return;
      event.preventDefault();
      onOpen(record);
    };
    element.addEventListener('click', open);
    link.addEventListener('focus', () => { current = record.id; });
    return element;
  }

  const rowOf = id => body.querySelector(`tr[data-id="${CSS.escape(id)}"]`);

  function draw() {
    head.replaceChildren(h('tr', null, [timeColumn, ...columns].map(c => h('th', { scope: 'col', class: `c-${c.name}` }, c.label))));
    body.replaceChildren(...records.map(row));
  }

  // The next page comes before its end is reached; the button stays for those
  // who do not scroll.
  const observer = new IntersectionObserver(entries => {
    if (entries.some(e => e.isIntersecting) && !more.hidden)
      onMore();
  }, { rootMargin: '600px' });
  observer.observe(more);

  return {
    element,
    leave: () => observer.disconnect(),
    setColumns(chosen) {
      columns = chosen;
      draw();
    },
    clear() {
      records = [];
      current = null;
      body.replaceChildren();
      more.hidden = true;
    },
    append(items, hasMore) {
      records.push(...items);
      body.append(...items.map(row));
      more.hidden = !hasMore || records.length >= ROWS_MAX;
      // Told of again even if it has never gone out of sight.
      observer.unobserve(more);
      observer.observe(more);
    },
    /** Of live mode: a new one on top, or the later state of one that is there. */
    prepend(record) {
      const i = records.findIndex(r => r.id === record.id);
      if (i >= 0) {
        records[i] = record;
        const hadFocus = rowOf(record.id).contains(document.activeElement);
        rowOf(record.id).replaceWith(row(record));
        if (hadFocus)
          rowOf(record.id).querySelector('a').focus();
        return false;
      }
      records.unshift(record);
      const made = row(record);
      made.classList.add('fresh');
      body.prepend(made);
      if (records.length > ROWS_MAX) {
        records.pop();
        body.lastElementChild.remove();
      }
      return true;
    },
    count: () => records.length,
    /** Moves the focus by so many rows; the record that it is on then. */
    move(step) {
      const i = records.findIndex(r => r.id === (current ?? openId));
      const next = records[i < 0 ? 0 : Math.min(Math.max(i + step, 0), records.length - 1)];
      if (next === undefined)
        return null;
      rowOf(next.id).querySelector('a').focus();
      rowOf(next.id).scrollIntoView({ block: 'nearest' });
      return next;
    },
    focus: id => rowOf(id)?.querySelector('a').focus(),
    setOpen(id) {
      if (openId !== null)
        rowOf(openId)?.classList.remove('open');
      openId = id;
      if (id !== null)
        rowOf(id)?.classList.add('open');
    },
  };
}
