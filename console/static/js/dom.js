// Building the page.  Text becomes text nodes and nothing else: what people
// type and what services answer is hostile, so there is no way in this file to
// pass markup, and no other file makes elements.

const SVG = 'http://www.w3.org/2000/svg';

function put(element, key, value) {
  if (value === undefined || value === null || value === false)
    return;
  if (key.startsWith('on'))
    element.addEventListener(key.slice(2), value);
  else if (key === 'value' || key === 'checked' || key === 'selected')
    element[key] = value;
  else
    element.setAttribute(key, value === true ? '' : value);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {}))
    put(element, key, value);
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : String(child));
  return element;
}

/** An element: h('a', {href: '/x', onclick: f}, 'text', h('b', null, 'more')). */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A page that could not be made or has nothing to show says why, and what helps. */
export function state(kind, title, help, ...actions) {
  return h('div', { class: `state ${kind}`, role: kind === 'error' ? 'alert' : null },
    h('p', { class: 'state-title' }, title), help && h('p', null, help), actions);
}

/** Says something to people who do not see what has changed. */
export function say(text) {
  document.getElementById('said').textContent = text;
}

let last = 0;
/** For labels that refer to elements. */
export function newId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}
