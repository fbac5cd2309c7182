// SPDX-License-Identifier: Apache-2.0
// Finding a unit by any part of its name, without diacritics, as people type on a borrowed keyboard.

import { el, patch } from './dom.js';
import { fold } from './formats.js';
import { t } from './text.js';

const SHOWN_MAX = 12;

/** Whole name, then beginning of the name, of a word, then anywhere. */
function rank(folded, wanted) {
  if (folded === wanted) return 0;
  if (folded.startsWith(wanted)) return 1;
  const at = folded.indexOf(wanted);
  return at < 0 ? 9 : folded[at - 1] === ' ' ? 2 : 3;
}

export function matches(units, text) {
  const wanted = fold(text.trim());
  if (!wanted) return [];
  return units.map((unit) => [unit, Math.min(rank(fold(unit.name), wanted),
    rank(fold(`${unit.kind_name || ''} ${unit.name}`), wanted) + 1,
    fold(unit.unit) === wanted ? 0 : 9)])
    .filter(([, order]) => order < 9)
    .sort((a, b) => a[1] - b[1] || a[0].name.localeCompare(b[0].name, 'vi'))
    .slice(0, SHOWN_MAX).map(([unit]) => unit);
}

/** A combobox. `units()` gives the list when it is needed; `open(unit)` goes to one. */
export function searchBox({ units, open, announce }) {
  let found = [];
  let at = -1;
  // The focus stays in the field while the button is held, or a slow click would find the list closed.
  const list = el('ul', { id: 'found', role: 'listbox', class: 'found', hidden: true,
    'aria-label': t('search.found'), onmousedown: (event) => event.preventDefault() });
  const input = el('input', { type: 'search', id: 'find', role: 'combobox', 'aria-label': t('search'),
    'aria-expanded': 'false', 'aria-controls': 'found', 'aria-autocomplete': 'list',
    'aria-keyshortcuts': '/', autocomplete: 'off', spellcheck: 'false',
    placeholder: t('search.short') });

  const paint = () => {
    patch(list, found.map((unit, i) => el('li', { role: 'option', id: `found-${i}`, key: unit.unit,
      'aria-selected': i === at ? 'true' : 'false', onclick: () => choose(i) },
    el('span', { class: 'found-name' }, unit.name),
    el('span', { class: 'under' }, [unit.kind_name, unit.parent_name].filter(Boolean).join(', ')))));
    list.hidden = found.length === 0;
    input.setAttribute('aria-expanded', found.length ? 'true' : 'false');
    if (at >= 0) input.setAttribute('aria-activedescendant', `found-${at}`);
    else input.removeAttribute('aria-activedescendant');
  };
  const close = () => {
    found = [];
    at = -1;
    paint();
  };
  const choose = (i) => {
    const unit = found[i];
    if (!unit) return;
    input.value = '';
    close();
    open(unit);
  };
  const look = async () => {
    const text = input.value;
    let all;
    try {
      all = await units();
    } catch {
      announce(t('problem.unreachable'), true);
      return false;
    }
    if (text !== input.value) return false;
    const names = new Map(all.map((unit) => [unit.unit, unit.name]));
    found = matches(all, text).map((unit) => ({ ...unit, parent_name: names.get(unit.parent) }));
    at = found.length ? 0 : -1;
    paint();
    if (text.trim()) announce(t('search.count', { n: found.length }));
    return text.trim() !== '';
  };
  const enter = async () => {
    if (!found.length && !(await look())) return;
    if (found.length) choose(Math.max(at, 0));
    else announce(t('search.count', { n: 0 }), true);
  };
  input.oninput = look;
  input.onkeydown = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && found.length) {
      at = (at + by + found.length) % found.length;
      paint();
      list.children[at].scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') enter();
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  };
  // Later, so that a click in the list comes first; not at all when the focus is back by then.
  input.onblur = () => setTimeout(() => document.activeElement !== input && close(), 150);
  return [input, list];
}
