// SPDX-License-Identifier: Apache-2.0
// The figures of every unit: a line for each, the indicators of one section as columns.

import { el } from './dom.js';
import { number, sortable, value } from './formats.js';
import { bySection, coverageCell } from './indicators.js';
import { table } from './table.js';
import { nameOf, t } from './text.js';

export const title = 'view.figures';

export async function load(ctx) {
  const rollup = await ctx.ask('rollup', ctx.scope);
  const groups = bySection(ctx.plan, Object.keys(rollup.indicators)
    .filter((code) => rollup.indicators[code].rule !== 'concat'));
  const wanted = ctx.route.params.section;
  const chosen = groups.find(([section]) => String(section.section) === wanted) || groups[0];
  const list = wanted === 'all' ? groups.flatMap(([, one]) => one) : chosen ? chosen[1] : [];
  const asked = list.filter((one) => rollup.indicators[one.code].rule !== 'ratio_of_sums');
  const page = asked.length ? await ctx.ask('page', { ...ctx.scope,
    indicators: asked.map((one) => one.code).join(',') }) : { columns: [], units: [] };
  return { rollup, groups, list, page, chosen: wanted === 'all' ? 'all' : chosen && chosen[0].section };
}

function picker(ctx, groups, chosen) {
  return el('label', { class: 'field' }, el('span', null, t('figures.section')),
    el('select', { onchange: (event) => ctx.go({ section: event.target.value, sort: null }) },
      groups.map(([section]) => el('option', { value: String(section.section),
        selected: section.section === chosen }, nameOf(section))),
      el('option', { value: 'all', selected: chosen === 'all' }, t('figures.all'))));
}

function totals(list, rollup, columns) {
  const cell = (code) => rollup.indicators[code];
  const of = (code) => list.find((one) => one.code === code);
  return [
    el('tr', null, el('th', { scope: 'row' }, t('total')), columns.map((code) => el('td', { class: 'num' },
      value(of(code), cell(code).value),
      el('span', { class: 'under' }, t(`rule.${cell(code).rule}`))))),
    el('tr', null, el('th', { scope: 'row' }, t('coverage.head')), columns.map((code) =>
      el('td', { class: 'num' }, coverageCell(cell(code))))),
  ];
}

export function draw(ctx, { rollup, groups, list, page, chosen }) {
  const columns = [
    { id: 'name', label: t('unit'), isHeader: true, isText: true, value: (unit) => unit.name,
      cell: (unit) => el('a', { href: ctx.link('report', { unit: unit.unit }) }, unit.name) },
    ...page.columns.map((code, i) => {
      const one = list.find((indicator) => indicator.code === code) || { code, name: code };
      return { id: code, class: 'num', title: nameOf(one),
        label: [el('span', { class: 'code' }, code), el('span', { class: 'label' }, nameOf(one),
          one.unit ? ` (${one.unit})` : '')],
        value: (unit) => (unit.values ? sortable(unit.values[i]) : -Infinity),
        cell: (unit) => (unit.values ? value(one, unit.values[i], true) : t('figures.none')) };
    }),
  ];
  const have = page.units.filter((unit) => unit.values).length;
  return [
    el('h1', null, t(title)),
    el('div', { class: 'filters' }, picker(ctx, groups, chosen),
      el('p', { class: 'note' }, t('figures.note', { have: number(have), all: number(page.units.length) }))),
    table({ caption: t('figures.caption', { where: ctx.scopeName }), columns, rows: page.units, ctx,
      keyOf: (unit) => `${unit.unit}/${unit.number || 0}`, classes: 'page-tall frozen',
      rowClass: (unit) => (unit.values ? null : 'absent'),
      foot: page.columns.length ? totals(list, rollup, page.columns) : null }),
  ];
}
