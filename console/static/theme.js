// Before anything is painted: the theme chosen in the menu.  A file of its own
// and no module, as modules run only after the page has been shown once.
(function () {
  'use strict';
  let theme = null;
  try {
    theme = localStorage.getItem('promptgate.theme');
  } catch {
    // Storage may be forbidden: then the system's theme it is.
  }
  if (theme === '"light"' || theme === '"dark"')
    document.documentElement.dataset.theme = theme.slice(1, -1);
})();
