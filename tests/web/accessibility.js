// SPDX-License-Identifier: Apache-2.0
// Run inside the page by accessibility.py: what the document itself shows. Returns findings as
// "rule: what".
const findings = [];
const say = (rule, what) => findings.push(`${rule}: ${what}`);
const short = (node) => `<${node.tagName.toLowerCase()}${node.id ? `#${node.id}` : ''}` +
  `${node.className && node.className.baseVal === undefined ? `.${node.className}` : ''}> ` +
  `“${(node.textContent || '').trim().slice(0, 40)}”`;
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (node) => node.checkVisibility({ visibilityProperty: true });
const isUnseen = (node) => Boolean(node.closest('.unseen'));

// Language, title, landmarks.
if (!document.documentElement.lang) say('lang', 'html has no language');
if (!document.title.trim()) say('title', 'the document has no title');
if (all('main').length !== 1) say('landmark', `${all('main').length} main`);
if (!all('body > header').length) say('landmark', 'no header');
if (!all('footer').length) say('landmark', 'no footer');
const navs = all('nav').filter(isShown);
if (!navs.length) say('landmark', 'no nav');
const navNames = navs.map((nav) => nav.getAttribute('aria-label') || '');
if (navNames.some((name) => !name) || new Set(navNames).size !== navNames.length)
  say('landmark', 'navs need names of their own');
if (!all('[aria-live="polite"], [role="status"]').length) say('live', 'no live region');
const first = document.querySelector('a[href], button');
if (!first || !(first.getAttribute('href') || '').startsWith('#'))
  say('skip', 'the first control is no skip link');

// Headings.
let level = 0;
const headings = all('h1, h2, h3, h4, h5, h6').filter(isShown);
if (headings.filter((one) => one.tagName === 'H1').length !== 1) say('heading', 'not one h1');
for (const heading of headings) {
  const now = Number(heading.tagName[1]);
  if (now > level + 1) say('heading', `h${level} is followed by ${short(heading)}`);
  if (!heading.textContent.trim()) say('heading', `empty ${short(heading)}`);
  level = now;
}

// Tables.
for (const table of all('table').filter(isShown)) {
  if (!(table.caption && table.caption.textContent.trim()) && !table.getAttribute('aria-label'))
    say('table', `no caption: ${short(table)}`);
  if (!table.querySelector('th')) say('table', `no header cells: ${short(table)}`);
  for (const th of table.querySelectorAll('th'))
    if (!th.getAttribute('scope')) say('table', `th without scope: ${short(th)}`);
}

// Pictures.
for (const picture of all('svg')) {
  const isHidden = picture.closest('[aria-hidden="true"]');
  if (!isHidden && !(picture.getAttribute('role') === 'img' && picture.getAttribute('aria-label')))
    say('picture', `svg without text: ${short(picture)}`);
}
for (const picture of all('img')) if (!picture.hasAttribute('alt')) say('picture', short(picture));

// Ids and what refers to them; tabindex; roles that hide from the keyboard.
const ids = all('[id]').map((node) => node.id);
ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => say('id', `twice: ${id}`));
for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-activedescendant'])
  for (const node of all(`[${name}]`))
    for (const id of node.getAttribute(name).split(' '))
      if (!document.getElementById(id)) say('reference', `${name} of ${short(node)}: ${id}`);
for (const node of all('[tabindex]')) if (node.tabIndex > 0) say('tabindex', short(node));
for (const node of all('[aria-hidden="true"] a[href], [aria-hidden="true"] button'))
  if (isShown(node)) say('hidden', `a control that is hidden from readers: ${short(node)}`);
for (const node of all('body *')) {
  const style = getComputedStyle(node);
  const isScrolled = /auto|scroll/.test(style.overflowX + style.overflowY) &&
    (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1);
  if (isScrolled && isShown(node) && !node.matches('textarea, select, input') && node.tabIndex < 0 &&
      !node.querySelector('a[href], button'))
    say('scroll', `cannot be scrolled by keyboard: ${short(node)}`);
}

// Contrast of text against what is behind it.
const parse = (text) => {
  const n = (text.match(/[\d.]+/g) || []).map(Number);
  return { r: n[0] || 0, g: n[1] || 0, b: n[2] || 0, a: n.length > 3 ? n[3] : 1 };
};
const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a),
  g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1 });
const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (node) => {
  const layers = [];
  for (let at = node; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color.a > 0) layers.push(color);
    if (color.a === 1) break;
  }
  const white = matchMedia('(prefers-color-scheme: dark)').matches ? parse('rgb(18,18,18)') :
    parse('rgb(255,255,255)');
  return layers.reverse().reduce((under, top) => over(top, under), white);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = new Set();
let checked = 0;
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || seen.has(node) || !isShown(node) || isUnseen(node)) continue;
  if (node.closest('script, style, noscript, option, :disabled')) continue;
  seen.add(node);
  checked += 1;
  const style = getComputedStyle(node);
  const isSvg = node.namespaceURI.endsWith('svg');
  const under = behind(isSvg ? node.ownerSVGElement.parentElement : node);
  let opacity = 1;
  for (let at = node; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  const ink = parse(isSvg ? style.fill : style.color);
  const [a, b] = [light(over({ ...ink, a: ink.a * opacity }, under)), light(under)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (isLarge ? 3 : 4.5)) say('contrast', `${ratio.toFixed(2)} ${short(node)}`);
}
if (checked < 1) say('contrast', 'no text was found');

// Targets: 24 by 24, or so far from the next that a circle of 24 around each does not touch it; a
// link in a sentence may be smaller.
const targets = all('a[href], button, input, select, textarea, summary').filter((node) =>
  isShown(node) && !isUnseen(node) && !node.closest('.skip') && node.getClientRects().length);
const boxes = targets.map((node) => node.getBoundingClientRect());
const isInSentence = (node) => node.tagName === 'A' && getComputedStyle(node).display === 'inline' &&
  [...node.parentElement.childNodes].some((one) => one.nodeType === 3 && one.data.trim().length > 1);
targets.forEach((node, i) => {
  const box = boxes[i];
  if (box.width >= 23.9 && box.height >= 23.9) return;
  if (isInSentence(node)) return;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const isNear = boxes.some((other, j) => i !== j && !targets[j].contains(node) &&
    Math.hypot(Math.max(other.left - x, 0, x - other.right), Math.max(other.top - y, 0, y - other.bottom)) < 12);
  if (isNear) say('target', `${box.width.toFixed(0)}×${box.height.toFixed(0)} ${short(node)}`);
});
return findings;
