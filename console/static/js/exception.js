// What keeps a rule from finding the same again: text for policy.yaml or
// alerts.yaml, to be read, judged and put there by a person.  Names come from
// traffic: they are quoted, and no wildcard of theirs may widen the exception.

/** A YAML text of one line; what one cannot see is written out. */
function quote(text) {
  const visible = JSON.stringify(text).replace(/[\p{C}\p{Z}]/gu, c =>
    (c === ' ' ? c : `\\U${c.codePointAt(0).toString(16).padStart(8, '0')}`));
  return visible.replaceAll('*', '?'); // any one character, where it could have been any number
}

const isAddress = text => /^[0-9.]+$|^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text);
const list = values => `[${values.map(quote).join(', ')}]`;
const unique = values => [...new Set(values.filter(v => typeof v === 'string' && v !== ''))];

/** prompt.created and prompt.updated are one kind: prompt.* */
const kindsOf = records => `[${unique(records.map(r => r.activity?.split('.')[0])).map(kind => `${quote(kind).slice(0, -1)}.*"`).join(', ')}]`;

function selectors(incident, records, isAlert) {
  const detectors = unique(records.flatMap(r => (r.findings ?? []).map(f => f.detector)));
  const who = incident.user === undefined ? [] : [incident.user];
  const person = who.length === 0 ? [] : isAddress(who[0]) ? [[isAlert ? 'ip' : 'network', who]] : [['user', who]];
  return [...person,
    ...(detectors.length > 0 && !isAlert ? [['detector', detectors]] : []),
    ...(incident.service === undefined ? [] : [['service', [incident.service]]])]
    .map(([name, values]) => `${name}: ${list(values)}`).concat(`activity: ${kindsOf(records)}`);
}

/** {file, how, text} for an incident with activities of it. */
export function exceptionOf(incident, records) {
  const isAlert = records.some(r => (r.alerts ?? []).some(a => a.rule === incident.rule));
  if (incident.rule === '(default)')
    return { file: 'policy.yaml', how: 'A rule of its own, behind the others: what the default decided is let pass.',
      text: `  - name: ${quote(`exception-${incident.id.slice(0, 8)}`)}\n    when:\n${selectors(incident, records, false)
        .map(s => `      ${s}\n`).join('')}    verdict: allow\n` };
  const isHidden = !isAlert && /^person-/.test(incident.user ?? '');
  return { file: isAlert ? 'alerts.yaml' : 'policy.yaml',
    how: `Into the rule ${incident.rule}. If it has an unless already, all selectors of one must hold: write a rule of its own then.${
      isHidden ? ' The policy judges names in clear: two people must open this one, and its name stands there instead.' : ''}`,
    text: `    unless:\n${selectors(incident, records, isAlert).map(s => `      ${s}\n`).join('')}` };
}
