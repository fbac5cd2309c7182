// SPDX-License-Identifier: Apache-2.0
// Nodes are made from data here and nowhere else. Text goes in as text nodes, attributes by
// setAttribute: nothing that comes from the server is ever parsed as markup.

const SVG = 'http://www.w3.org/2000/svg';
const HANDLERS = ['onclick', 'oninput', 'onchange', 'onkeydown', 'onsubmit', 'onfocus', 'onblur'];

function append(node, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) child.forEach((one) => append(node, one));
  else node.append(child instanceof Node ? child : String(child));
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node[name] = value;
    else if (name === 'key') node.setAttribute('data-key', value);
    else if (name === 'value' && 'value' in node && node.tagName !== 'LI') node.value = value;
    else if (name === 'checked' || name === 'selected') node[name] = true;
    else node.setAttribute(name, value === true ? '' : value);
  }
  append(node, children);
  return node;
}

/** An HTML element. `props` are attributes, on… handlers, and `key`: who it is among siblings. */
export function el(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute('data-key') : null);

const isSame = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

function patchAttributes(old, fresh) {
  const keepsOpen = old.nodeName === 'DETAILS' || old.nodeName === 'DIALOG';
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value && !(keepsOpen && name === 'open'))
      old.setAttribute(name, value);
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !(keepsOpen && name === 'open')) old.removeAttribute(name);
  for (const name of HANDLERS) if (old[name] !== fresh[name]) old[name] = fresh[name];
}

function patchField(old, fresh) {
  if (old.nodeName === 'INPUT' && (old.type === 'checkbox' || old.type === 'radio'))
    old.checked = fresh.checked;
  else {
    // What is being typed or dragged is left alone; a list shows what is shown, also with the focus.
    const isHeld = 'isHeld' in fresh ? old.isHeld :
      old.nodeName !== 'SELECT' && old === document.activeElement;
    if (!isHeld && old.value !== fresh.value) old.value = fresh.value;
  }
}

function patchNode(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  patchAttributes(old, fresh);
  patchChildren(old, [...fresh.childNodes]);
  if (['INPUT', 'SELECT', 'TEXTAREA'].includes(old.nodeName)) patchField(old, fresh);
}

function patchChildren(parent, fresh) {
  const keyed = new Map();
  for (const node of parent.childNodes) if (keyOf(node) !== null) keyed.set(keyOf(node), node);
  let at = parent.firstChild;
  for (const node of fresh) {
    const match = keyOf(node) === null ? at : keyed.get(keyOf(node));
    if (!match || !isSame(match, node)) {
      parent.insertBefore(node, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else parent.insertBefore(match, at);
    keyed.delete(keyOf(match));
    patchNode(match, node);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Makes the children of `parent` look like `nodes`, changing only what differs: the focus, the
 * selection and the scroll position of what stays are kept. */
export function patch(parent, nodes) {
  const list = [];
  const flat = (one) => {
    if (Array.isArray(one)) one.forEach(flat);
    else if (one !== null && one !== undefined && one !== false)
      list.push(one instanceof Node ? one : document.createTextNode(String(one)));
  };
  flat(nodes);
  const active = document.activeElement;
  patchChildren(parent, list);
  if (active && active !== document.activeElement && parent.contains(active))
    active.focus({ preventScroll: true });
}

/** A link only when the address is one of these kinds and plain; otherwise the text alone. */
export function contactLink(kind, address, dial = address) {
  if (!address) return null;
  const plain = kind === 'tel' ? /^[+0-9][0-9 .()-]{5,24}$/ : /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/;
  if (!plain.test(dial || '')) return address;
  const target = kind === 'tel' ? dial.replace(/[^+0-9]/g, '') : dial;
  return el('a', { href: `${kind}:${target}` }, address);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el('textarea', { class: 'unseen', 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
