// Policy: the rules as they run, what each of them hit, and a box to try a
// text or a file against them.
import { get, post, postFile } from './api.js';
import { linkTo } from './activities.js';
import { chip } from './columns.js';
import { h, newId, state } from './dom.js';
import { count, size } from './format.js';
import { markContent } from './masked.js';
import { periodPage, tableBox } from './page.js';
import { NONE } from './view.js';

const TRY_MAX = 60 * 1024; // bytes; the console takes a body of 64 KiB
const FILE_MAX = 8 * 1024 * 1024;
const PLACES = [['prompt.created', 'A prompt', 'up'], ['file.uploaded', 'A file that goes up', 'up'], ['response.generated', 'An answer', 'down']];

const values = value => (Array.isArray(value) ? value.join(', ') : String(value));

function condition(name, given) {
  return given === undefined ? null : h('div', { class: 'condition' }, h('span', { class: 'hint' }, name),
    Object.entries(given).length === 0 ? h('span', null, 'always') : Object.entries(given).map(([key, value]) =>
      h('span', { class: 'chip' }, `${key.replaceAll('_', ' ')}: ${values(value)}`)));
}

function row(view, rule, number, hits) {
  const n = hits[rule.name] ?? 0;
  return h('tr', { 'data-rule': rule.name },
    h('td', null, number), h('th', { scope: 'row' }, rule.name), h('td', null, chip('verdict', rule.verdict)),
    h('td', null, chip('level', rule.severity)),
    h('td', { class: 'text-cell' }, condition('when', rule.when ?? {}), condition('unless', rule.unless),
      rule.message && h('p', { class: 'hint' }, '“', rule.message, '”')),
    h('td', { class: 'hits' }, n === 0 ? '0' : linkTo(view, [['rule', rule.name]], count(n))));
}

// ---- the box ----

function finding(f) {
  return h('li', null, chip('level', f.severity), ' ', h('b', null, f.type ?? f.detector), ` by ${f.detector}, `,
    f.confidence === undefined ? '' : `${f.confidence} confidence`, f.count > 1 ? `, ${count(f.count)} times` : '',
    f.sample === undefined ? '' : [': ', h('code', null, f.sample)]);
}

function outcome(answer, text) {
  const isStopped = answer.verdict === 'block' && answer.mode === 'enforce';
  return [
    h('p', { class: 'outcome' }, chip('verdict', answer.verdict), ' ',
      answer.rule === undefined ? 'by the default: no rule holds' : ['by the rule ', h('b', null, answer.rule)],
      answer.verdict !== 'allow' && answer.mode === 'monitor' ? ' – only recorded, the service is monitored' : '',
      isStopped ? ' – it would not have left' : ''),
    answer.message && h('p', { class: 'reason' }, answer.message),
    (answer.findings ?? []).length === 0 ? h('p', { class: 'hint' }, 'Nothing was found in it.')
      : h('ul', { class: 'findings' }, answer.findings.map(finding)),
    text !== null && (answer.findings ?? []).length > 0 && h('div', { class: 'text tried-text' }, markContent(text, answer.findings.filter(f => f.where !== 'file-name'))),
    answer.type !== undefined && h('p', { class: 'hint' }, `${answer.type}, ${size(answer.bytes)}`,
      answer.text_bytes === undefined ? ', looked at as it is' : `, ${size(answer.text_bytes)} of text in it`,
      answer.trouble === undefined ? '' : [' – not all could be read: ', h('b', null, answer.trouble), answer.where ? ` (${answer.where})` : '']),
    answer.incomplete && h('p', { class: 'hint' }, 'More was hit than is looked at: there may be further findings.'),
  ];
}

function tryBox(services) {
  const ids = { text: newId('try'), place: newId('place'), service: newId('service'), user: newId('user'), file: newId('file') };
  const text = h('textarea', { id: ids.text, rows: 6, required: true, placeholder: 'Paste a text here', spellcheck: 'false' });
  const place = h('select', { id: ids.place }, PLACES.map(([value, label]) => h('option', { value }, label)));
  const service = h('select', { id: ids.service }, services.map(s => h('option', { value: s }, s)));
  const user = h('input', { id: ids.user, type: 'text', placeholder: 'anyone', autocomplete: 'off' });
  const file = h('input', { id: ids.file, type: 'file', onchange: () => readFile() });
  const answer = h('div', { class: 'tried', role: 'status' });
  let fileName = '';
  let whole = null; // a file that is sent as it is

  function fail(title, help) {
    answer.replaceChildren(state('error note', title, help));
  }

  async function readFile() {
    const [chosen] = file.files;
    keep(null);
    fileName = '';
    if (chosen === undefined)
      return;
    if (chosen.size > FILE_MAX || chosen.size === 0) {
      fail('This file cannot be tried here', `At most ${size(FILE_MAX)}, and not empty; promptgate scan takes any file.`);
      return;
    }
    place.value = 'file.uploaded';
    fileName = chosen.name;
    answer.replaceChildren();
    if (chosen.size > TRY_MAX) {
      keep(chosen);
      return;
    }
    try {
      text.value = new TextDecoder('utf-8', { fatal: true }).decode(await chosen.arrayBuffer());
    } catch {
      keep(chosen);
    }
  }

  /** A document, or what is too long for the box: it is read as the gateway reads it. */
  function keep(chosen) {
    whole = chosen;
    text.disabled = chosen !== null;
    if (chosen !== null)
      text.value = `${chosen.name}, ${size(chosen.size)}: read as the gateway reads it`;
    else if (fileName !== '')
      text.value = '';
  }

  async function tryFile(activity, direction) {
    const words = { file: fileName, activity, direction, service: service.value, user: user.value.trim() };
    answer.setAttribute('aria-busy', 'true');
    try {
      answer.replaceChildren(...outcome(await postFile('policy/try/file', words, whole), null).filter(Boolean));
    } catch (error) {
      fail('It could not be tried', error.message);
    }
    answer.removeAttribute('aria-busy');
  }

  async function onSubmit(event) {
    event.preventDefault();
    const [activity, , direction] = PLACES.find(([value]) => value === place.value);
    if (whole !== null) {
      await tryFile(activity, direction);
      return;
    }
    if (new TextEncoder().encode(JSON.stringify(text.value)).length > TRY_MAX) {
      fail('This text is too long to be tried here', `At most ${size(TRY_MAX)}; promptgate scan takes any length.`);
      return;
    }
    const body = { text: text.value, activity, direction, service: service.value, user: user.value.trim() };
    if (activity === 'file.uploaded')
      body.file = fileName || 'text.txt';
    answer.setAttribute('aria-busy', 'true');
    try {
      answer.replaceChildren(...outcome(await post('policy/try', body), text.value).filter(Boolean));
    } catch (error) {
      fail('It could not be tried', error.message);
    }
    answer.removeAttribute('aria-busy');
  }

  return h('section', { class: 'panel', 'aria-label': 'Try a text or a file' }, h('h2', null, 'Try a text or a file'),
    h('form', { class: 'try', onsubmit: onSubmit },
      h('label', { for: ids.text }, 'Text'), text,
      h('div', { class: 'try-row' }, h('label', { for: ids.place }, 'As'), place, h('label', { for: ids.service }, 'at'), service,
        h('label', { for: ids.user }, 'by'), user, h('label', { for: ids.file }, 'File'), file,
        h('button', { type: 'submit' }, 'Try'))),
    h('p', { class: 'hint' }, 'It is neither stored nor logged, and leaves this machine nowhere. Of a file that it was tried is recorded, not what is in it.'),
    answer);
}

export function policy(main, parameters, who) {
  let box = null; // stays while periods change

  async function load({ view, period, signal }) {
    const [found, health] = await Promise.all([get('policy', period, signal), get('modes', [], signal)]);
    const rules = found.policy.rules;
    box ??= who.rights.includes('content') ? tryBox(health.items.map(i => i.service)) : null;
    const isMonitored = health.items.filter(i => i.mode === 'monitor').map(i => i.service);
    return {
      total: [h('b', null, count(rules.length)), ' rules, the first that holds decides'],
      content: [
        h('p', null, 'Mode ', chip('mode', found.policy.mode), isMonitored.length > 0 ? ` – only recorded at ${isMonitored.join(', ')}` : '',
          ' · what no rule names: ', chip('verdict', found.policy.default), ' ',
          h('span', { class: 'hint' }, linkTo(view, [['rule', NONE]], `${count(found.total - Object.values(found.hits).reduce((a, b) => a + b, 0))} activities`))),
        rules.length === 0 ? state('empty', 'There are no rules', 'Rules stand in policy.yaml; what is there is read at SIGHUP.')
          : tableBox('Rules in their order', ['#', 'Rule', 'Verdict', 'Severity', 'Condition', 'Hits'],
            rules.map((r, i) => row(view, r, i + 1, found.hits)), { class: 'numbers roomy records rules' }),
        box],
    };
  }

  return periodPage(main, parameters, 'Policy', load);
}
