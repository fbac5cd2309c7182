// SPDX-License-Identifier: Apache-2.0
// Every unit of the part that is looked at, and how it stands.

import { PARTS, swatch } from './charts.js';
import { el } from './dom.js';
import { fold, number } from './formats.js';
import { table } from './table.js';
import { t, tr } from './text.js';
import { instantOf, spokenInstant } from './time.js';

export const title = 'view.units';

export async function load(ctx) {
  const [standing, names] = await Promise.all([ctx.ask('standing', ctx.scope), ctx.names()]);
  return { standing, names };
}

/** Which part of the bar a standing belongs to. */
export const partOf = (standing) => (PARTS.includes(standing) ? standing : 'missing');

/** A unit's name, which leads to its report; of several reports which one it is. */
export const unitCell = (ctx, unit) => [el('a', { href: ctx.link('report', { unit: unit.unit,
  number: unit.number || null }) }, unit.name),
unit.number ? ` (${t('number', { n: unit.number })})` : null, ' ',
el('span', { class: 'aside' }, tr('kind', unit.kind))];

export const standingMark = (standing) => el('span', { class: `mark mark-${partOf(standing)}` },
  swatch(partOf(standing)), tr('standing', standing));

/** What the list is filtered by; a standing that there is not filters nothing. */
const chosenOf = (ctx) => PARTS.find((name) => name === ctx.route.params.standing) || '';

function filters(ctx, units) {
  const chosen = chosenOf(ctx);
  const count = (name) => units.filter((unit) => !name || partOf(unit.standing) === name).length;
  return el('div', { class: 'filters' },
    el('div', { class: 'choices', role: 'group', 'aria-label': t('units.filter') },
      ['', ...PARTS].filter((name) => !name || name === chosen || count(name)).map((name) =>
        el('button', { type: 'button', 'aria-pressed': name === chosen ? 'true' : 'false',
          onclick: () => ctx.go({ standing: name || null }) },
        name && swatch(name), t(name ? `standing.${name}` : 'all'), ' ',
        el('span', { class: 'count' }, number(count(name))))),
      el('button', { type: 'button', 'aria-pressed': ctx.route.params.direct ? 'true' : 'false',
        onclick: () => ctx.go({ direct: ctx.route.params.direct ? null : '1' }) },
      t('part.direct', { where: ctx.scopeName }))),
    el('label', { class: 'field' }, el('span', null, t('units.find')),
      el('input', { type: 'search', value: ctx.route.params.q || '', autocomplete: 'off',
        oninput: (event) => ctx.go({ q: event.target.value || null }, { replace: true }) })));
}

export function draw(ctx, { standing, names }) {
  const { q, direct } = ctx.route.params;
  const only = chosenOf(ctx);
  const here = ctx.scope.unit || ctx.planLine.territory;
  const parentOf = (unit) => (unit.parent && names.get(unit.parent)) || '';
  const rows = standing.units.filter((unit) => (!only || partOf(unit.standing) === only) &&
    (!direct || unit.parent === here) &&
    (!q || fold(`${unit.name} ${parentOf(unit)} ${unit.unit}`).includes(fold(q))));
  const columns = [
    { id: 'name', label: t('unit'), isHeader: true, isText: true, value: (unit) => unit.name,
      cell: (unit) => unitCell(ctx, unit) },
    { id: 'parent', label: t('parent'), isText: true, value: parentOf, cell: parentOf },
    { id: 'standing', label: t('standing'), isText: true, value: (unit) =>
      PARTS.indexOf(partOf(unit.standing)), cell: (unit) => standingMark(unit.standing) },
    { id: 'first', label: t('first_received'), class: 'when',
      value: (unit) => instantOf(unit.first_received) ?? -Infinity,
      cell: (unit) => (unit.first_received ? spokenInstant(unit.first_received) : '–') },
    { id: 'revision', label: t('revision'), class: 'num', value: (unit) => unit.revision ?? -Infinity,
      cell: (unit) => (unit.revision ? number(unit.revision) : '–') },
    { id: 'notes', label: t('notes'), cell: (unit) => [unit.estimated && t('note.estimated'),
      unit.prepared_in_time && t('note.prepared'), unit.on_behalf && t('note.on_behalf')]
      .filter(Boolean).join('; ') },
  ];
  return [
    el('h1', null, t(title)),
    filters(ctx, standing.units),
    table({ caption: `${t(title)} – ${ctx.whole}`, columns, rows, ctx, order: '-standing',
      keyOf: (unit) => `${unit.unit}/${unit.number || 0}`, classes: 'page-tall' }),
  ];
}
