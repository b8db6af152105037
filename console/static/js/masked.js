// Marks findings in their text.  Offsets are of bytes in UTF-8 (contract,
// Activities); in a masked sample every character that a finding touches has
// become a bullet, of which one cannot say how many bytes it stood for, but a
// run of them ends where its finding ends.
import { h } from './dom.js';

const BULLET = '•';
const OF_TEXT = ['prompt', 'answer', 'draft', 'url'];

export const ofText = finding => OF_TEXT.includes(finding.where);

function title(findings) {
  return findings.map(f => `${f.type ?? f.detector} (${f.detector}, ${f.confidence ?? 'unknown'} confidence)`).join('\n');
}

function mark(text, findings) {
  return h('mark', { title: title(findings) || null, class: findings.length > 0 ? null : 'unknown' }, text);
}

/** The sample with its masked runs as <mark>. */
export function markSample(sample, findings) {
  const encoder = new TextEncoder();
  const spans = findings.filter(f => f.end > f.start).sort((a, b) => a.start - b.start);
  const parts = sample.match(/•+|[^•]+/gu) ?? [];
  let at = 0; // bytes in the text that the sample is of
  return parts.map(part => {
    if (!part.startsWith(BULLET)) {
      at += encoder.encode(part).length;
      return part;
    }
    const start = at;
    const touching = [];
    for (const f of spans) {
      if (f.start <= at && f.end > start) {
        touching.push(f);
        at = Math.max(at, f.end);
      }
    }
    return mark(part, touching);
  });
}

/** Unmasked text with its findings as <mark>; overlapping ones are one. */
export function markContent(text, findings) {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const spans = findings.filter(f => f.end > f.start && f.end <= bytes.length).sort((a, b) => a.start - b.start);
  const out = [];
  let at = 0;
  for (let i = 0; i < spans.length;) {
    const group = [spans[i]];
    let { end } = spans[i];
    for (i += 1; i < spans.length && spans[i].start < end; i++) {
      group.push(spans[i]);
      end = Math.max(end, spans[i].end);
    }
    out.push(decoder.decode(bytes.subarray(at, group[0].start)), mark(decoder.decode(bytes.subarray(group[0].start, end)), group));
    at = end;
  }
  out.push(decoder.decode(bytes.subarray(at)));
  return out;
}
