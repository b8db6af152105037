// Which page is shown is what the address says.  A page is a function that
// fills an element and returns {update(parameters), leave()}.

const pages = new Map();
let current = null; // {path, page}
let main = null;

function show() {
  const path = pages.has(location.pathname) ? location.pathname : '/services';
  const parameters = new URLSearchParams(location.search);
  if (current !== null && current.path === path) {
    current.page.update?.(parameters);
    return;
  }
  current?.page.leave?.();
  main.replaceChildren();
  const { title, make } = pages.get(path);
  document.title = `${title} · promptgate`;
  for (const link of document.querySelectorAll('#nav a')) {
    if (link.pathname === path)
      link.setAttribute('aria-current', 'page');
    else
      link.removeAttribute('aria-current');
  }
  current = { path, page: make(main, parameters) };
}

/** To another address; pairs: [name, value]. */
export function go(path, pairs) {
  const text = new URLSearchParams(pairs ?? []).toString();
  history.pushState(null, '', text === '' ? path : `${path}?${text}`);
  show();
}

/** Another address for what is shown already. */
export function rename(pairs, isNewStep) {
  const text = new URLSearchParams(pairs).toString();
  const address = `${location.pathname}?${text}`;
  if (address === location.pathname + location.search)
    return;
  history[isNewStep ? 'pushState' : 'replaceState'](null, '', address);
}

function onClick(event) {
  const link = event.target.closest?.('a[href]');
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey ||
      !link || link.target || link.hasAttribute('download') || link.origin !== location.origin ||
      !pages.has(link.pathname))
    return;
  event.preventDefault();
  if (link.hash === `#${main.id}`) { // skips to the content
    main.focus();
    return;
  }
  history.pushState(null, '', link.href);
  const before = current.path;
  show();
  if (current.path !== before) {
    main.focus();
    scrollTo(0, 0);
  }
}

export function start(element, table) {
  main = element;
  for (const [path, page] of Object.entries(table))
    pages.set(path, page);
  document.addEventListener('click', onClick);
  addEventListener('popstate', show);
  show();
}
