// Detectors: what each looks for, how sure it is of it when, what it found in
// a period, and how well its type is found in labelled texts.
import { get } from './api.js';
import { linkTo } from './activities.js';
import { chip } from './columns.js';
import { h, say } from './dom.js';
import { count, time } from './format.js';
import { periodPage, tableBox } from './page.js';

const SURE = [['base', 'alone'], ['with_keyword', 'with a word near by'], ['with_validator', 'when it validates'], ['with_both', 'with both'],
  ['alone', 'as the whole text']];

const share = (part, whole) => (whole === 0 ? '–' : `${(100 * part / whole).toFixed(1)} %`);

function sure(confidence) {
  return SURE.filter(([key]) => confidence[key] !== undefined).map(([key, label]) =>
    h('span', { class: 'chip', title: confidence[key] === 'none' ? 'not reported' : null }, `${label}: ${confidence[key]}`));
}

/** [expected, found, right, wrong] of the detector's type. */
function quality(figures) {
  if (figures === undefined)
    return [h('td', { class: 'hint' }, 'not measured'), h('td', null)];
  const [expected, found, right, wrong] = figures;
  return [h('td', { title: `${count(found)} of ${count(expected)} found` }, share(found, expected)),
    h('td', { title: `${count(wrong)} wrong beside ${count(right)} right` }, share(right, right + wrong))];
}

function row(view, d, types) {
  return h('tr', { 'data-detector': d.id },
    h('th', { scope: 'row' }, d.id, d.description && h('p', { class: 'hint' }, d.description)),
    h('td', null, d.type, h('p', { class: 'hint' }, d.group)), h('td', null, chip('level', d.severity)),
    h('td', { class: 'text-cell' }, sure(d.confidence), d.needs_word && h('span', { class: 'chip' }, 'only with a word near by'),
      d.validated && h('span', { class: 'chip' }, 'validated')),
    h('td', null, `${count(d.examples)} / ${count(d.counter_examples)}`), quality(types[d.type]),
    h('td', { class: 'hits' }, d.hits === 0 ? '0' : linkTo(view, [['detector', d.id]], count(d.hits))));
}

export function detectors(main, parameters) {
  const search = h('input', { type: 'search', 'aria-label': 'Find a detector', placeholder: 'Find a detector', oninput: () => narrow() });
  let rows = [];

  function narrow() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { element, text } of rows) {
      element.hidden = !words.every(w => text.includes(w));
      shown += element.hidden ? 0 : 1;
    }
    say(`${count(shown)} detectors`);
  }

  async function load({ view, period, option, signal }) {
    search.value = option('find') ?? search.value;
    const found = await get('detectors', period, signal);
    const { types = {}, measured, how, records } = found.quality;
    const items = found.items.toSorted((a, b) => b.hits - a.hits || a.id.localeCompare(b.id));
    rows = items.map(d => ({ element: row(view, d, types), text: `${d.id} ${d.type} ${d.group ?? ''} ${d.description ?? ''}`.toLowerCase() }));
    narrow();
    return {
      total: [h('b', null, count(items.length)), ' detectors, ', h('b', null, count(items.filter(d => d.hits > 0).length)), ' found something'],
      content: [
        tableBox('Detectors', ['Detector', 'Type', 'Severity', 'Confidence', 'Examples, counter-examples', 'Recall', 'Precision', 'Hits'],
          rows.map(r => r.element), { class: 'numbers roomy records detectors' }),
        h('p', { class: 'hint' }, measured === undefined ? 'Quality has not been measured for this build.'
          : ['Recall and precision are of the type, not of one detector, as measured ', time(measured, 'day'), ` by ${how}: ${count(records)} texts. `,
            'A type that these texts do not have is not measured.'])],
    };
  }

  return periodPage(main, parameters, 'Detectors', load, { tools: [search] });
}
