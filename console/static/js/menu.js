// Who is logged in, the theme, the way out.
import { logOut } from './api.js';
import { h } from './dom.js';
import { zone } from './format.js';
import { recall, remember } from './settings.js';

const THEMES = [['system', 'System'], ['light', 'Light'], ['dark', 'Dark']];

function setTheme(theme) {
  remember('theme', theme);
  if (theme === 'system')
    delete document.documentElement.dataset.theme;
  else
    document.documentElement.dataset.theme = theme;
}

function themeChoice() {
  const chosen = recall('theme', 'system');
  return h('fieldset', { class: 'theme' }, h('legend', null, 'Theme'),
    THEMES.map(([name, label]) => h('label', null,
      h('input', { type: 'radio', name: 'theme', value: name, checked: name === chosen,
        onchange: () => setTheme(name) }), label)));
}

export function menu(place, who) {
  const details = h('details', { class: 'account' },
    h('summary', { 'aria-label': `Account of ${who.user}` }, h('span', { class: 'avatar', 'aria-hidden': 'true' }, who.user.slice(0, 1).toUpperCase()),
      h('span', { class: 'account-name' }, who.user)),
    h('div', { class: 'account-box' },
      h('dl', { class: 'facts' },
        h('dt', null, 'User'), h('dd', null, who.user),
        h('dt', null, 'Role'), h('dd', null, who.role),
        h('dt', null, 'Node'), h('dd', null, who.node),
        h('dt', null, 'Version'), h('dd', null, who.version),
        h('dt', null, 'Zone'), h('dd', null, zone)),
      themeChoice(),
      h('button', { type: 'button', class: 'wide', onclick: () => logOut() }, 'Sign out')));
  place.replaceChildren(details);
}
