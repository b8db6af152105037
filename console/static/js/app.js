// Where the console's pages begin: who is logged in, then the page that the
// address names.
import { activities } from './activities.js';
import { session } from './api.js';
import { audit } from './audit.js';
import { detectors } from './detectors.js';
import { state, h } from './dom.js';
import { health } from './health.js';
import { incidents } from './incidents.js';
import { menu } from './menu.js';
import { policy } from './policy.js';
import { watchPopups } from './popups.js';
import { reports } from './reports.js';
import { start } from './router.js';
import { services } from './services.js';
import { users } from './users.js';

const main = document.getElementById('main');

try {
  const who = await session();
  document.getElementById('demo').hidden = !who.demo;
  document.getElementById('pseudonyms').hidden = !who.pseudonyms;
  for (const link of document.querySelectorAll('#nav [data-right]'))
    link.hidden = !who.rights.includes(link.dataset.right);
  watchPopups();
  menu(document.getElementById('menu'), who);
  start(main, {
    '/services': { title: 'Service Management', make: (...args) => services(...args, who) },
    '/activities': { title: 'Activities', make: (...args) => activities(...args, who) },
    '/incidents': { title: 'Incidents', make: (...args) => incidents(...args, who) },
    '/users': { title: 'Users', make: users },
    '/policy': { title: 'Policy', make: (...args) => policy(...args, who) },
    '/detectors': { title: 'Detectors', make: detectors },
    '/reports': { title: 'Reports', make: (...args) => reports(...args, who) },
    '/audit': { title: 'Audit', make: audit },
    '/health': { title: 'Health', make: (...args) => health(...args, who) },
  });
} catch (error) {
  main.replaceChildren(state('error', 'The console does not answer', error.message,
    h('button', { type: 'button', onclick: () => location.reload() }, 'Try again')));
}
