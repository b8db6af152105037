// What opens beside a button (details): a click elsewhere closes it, and Escape,
// which gives the focus back.

const POPUPS = 'details.picker, details.account';

export function watchPopups() {
  document.addEventListener('click', event => {
    for (const popup of document.querySelectorAll(POPUPS))
      if (popup.open && !popup.contains(event.target))
        popup.open = false;
  });
  document.addEventListener('keydown', event => {
    const popup = event.key === 'Escape' ? event.target.closest?.(POPUPS) : null;
    if (!popup?.open)
      return;
    event.stopImmediatePropagation(); // what lies below stays open
    popup.open = false;
    popup.querySelector('summary').focus();
  });
}
