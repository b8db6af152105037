// Modes: whether what the policy says is acted on, per service, and the switch
// for those who may.
import { get, isAbort, post } from './api.js';
import { h, newId, say } from './dom.js';

const CHOICES = [['default', 'as the policy says'], ['enforce', 'enforce'], ['monitor', 'monitor']];

export const modeChip = mode => h('span', { class: `chip mode-${mode}` }, mode);

function row(item, who, onSwitch) {
  if (!who.rights.includes('modes'))
    return h('li', { class: 'source', 'data-service': item.service }, h('b', null, item.service), modeChip(item.mode),
      item.is_own && h('span', { class: 'hint' }, 'switched'));
  const id = newId('mode');
  const now = item.is_own ? item.mode : 'default';
  const button = h('button', { type: 'submit', hidden: true }, 'Switch');
  const choice = h('select', { id, onchange: () => { button.hidden = choice.value === now; } },
    CHOICES.map(([value, label]) => h('option', { value, selected: value === now }, label)));
  return h('li', { class: 'source', 'data-service': item.service },
    h('form', { class: 'mode', onsubmit: event => {
      event.preventDefault();
      button.disabled = true;
      button.textContent = 'Switching …';
      onSwitch(item.service, choice.value);
    } }, h('label', { for: id }, h('b', null, item.service), ' ', modeChip(item.mode)), choice, button));
}

/** A panel; load() again after what may have changed it. */
export function modesPanel(who) {
  const place = h('div', null, h('p', { class: 'hint' }, 'Loading …'));
  const element = h('section', { class: 'panel modes', 'aria-label': 'Modes' }, h('h2', null, 'Modes'), place);

  function draw(modes) {
    place.replaceChildren(h('ul', null, modes.items.map(item => row(item, who, change))));
  }

  async function change(service, mode) {
    try {
      const modes = await post('modes', { service, mode });
      draw(modes);
      say(`${service}: ${modes.items.find(i => i.service === service).mode}`);
    } catch (error) {
      await load();
      place.append(h('p', { class: 'hint', role: 'alert' }, error.message));
    }
  }

  async function load(signal) {
    try {
      draw(await get('modes', [], signal));
    } catch (error) {
      if (!isAbort(error))
        place.replaceChildren(h('p', { class: 'hint' }, error.message));
    }
  }

  return { element, load };
}
