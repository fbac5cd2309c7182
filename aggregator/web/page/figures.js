// SPDX-License-Identifier: Apache-2.0
// The figures of every unit: a line for each, or for each of its reports where it may send several;
// the indicators of one section as columns.

import { el } from './dom.js';
import { number, sortable, value } from './formats.js';
import { bySection, coverageCell } from './indicators.js';
import { table } from './table.js';
import { nameOf, t } from './text.js';

export const title = 'view.figures';

const COLUMNS_ON_PAPER = 14; // in the smallest print that browsers make of a wide table

/** Which of several reports there are here; none where a unit sends one. */
async function numbersOf(ctx) {
  if (!ctx.obligation.open_ended) return [];
  const standing = await ctx.ask('standing', ctx.scope);
  return [...new Set(standing.units.map((one) => one.number).filter(Boolean))].sort((a, b) => a - b);
}

export async function load(ctx) {
  const [rollup, numbers, names] = await Promise.all([ctx.ask('rollup', ctx.scope), numbersOf(ctx),
    ctx.callings()]);
  const which = numbers.find((one) => String(one) === ctx.route.params.number) || null;
  const groups = bySection(ctx.plan, Object.keys(rollup.indicators)
    .filter((code) => rollup.indicators[code].rule !== 'concat'));
  const wanted = ctx.route.params.section;
  const chosen = groups.find(([section]) => String(section.section) === wanted) || groups[0];
  const list = wanted === 'all' ? groups.flatMap(([, one]) => one) : chosen ? chosen[1] : [];
  const asked = list.filter((one) => rollup.indicators[one.code].rule !== 'ratio_of_sums');
  const page = asked.length ? await ctx.ask('page', { ...ctx.scope, number: which,
    indicators: asked.map((one) => one.code).join(',') }) : { columns: [], units: [] };
  return { rollup, groups, list, page, numbers, which, names,
    chosen: wanted === 'all' ? 'all' : chosen && chosen[0].section };
}

function picker(ctx, groups, chosen) {
  return el('label', { class: 'field' }, el('span', null, t('figures.section')),
    el('select', { onchange: (event) => ctx.go({ section: event.target.value, sort: null }) },
      groups.map(([section]) => el('option', { value: String(section.section),
        selected: section.section === chosen }, nameOf(section))),
      el('option', { value: 'all', selected: chosen === 'all' }, t('figures.all'))));
}

function numberPicker(ctx, numbers, which) {
  return numbers.length > 0 && el('label', { class: 'field' }, el('span', null, t('figures.number')),
    el('select', { id: 'number', onchange: (event) => ctx.go({ number: event.target.value || null }) },
      el('option', { value: '', selected: !which }, t('figures.all_numbers')),
      numbers.map((one) => el('option', { value: String(one), selected: one === which },
        t('number', { n: number(one) })))));
}

/** How many lines there are, and of how many. */
function said(ctx, units, which) {
  const have = number(units.filter((unit) => unit.values).length);
  if (which) return t('figures.of_number', { have, n: number(which) });
  return ctx.brief.counts.expected === null ? t('figures.unset', { have }) :
    t('figures.note', { have, all: number(units.length) });
}

/** They are of all reports, also beside the lines of one number. */
function totals(list, rollup, columns, which) {
  const cell = (code) => rollup.indicators[code];
  const of = (code) => list.find((one) => one.code === code);
  return [
    el('tr', null, el('th', { scope: 'row' }, t(which ? 'figures.total' : 'total')),
      columns.map((code) => el('td', { class: 'num' }, value(of(code), cell(code).value),
        el('span', { class: 'under' }, t(`rule.${cell(code).rule}`))))),
    el('tr', null, el('th', { scope: 'row' }, t('coverage.head')), columns.map((code) =>
      el('td', { class: 'num' }, coverageCell(cell(code))))),
  ];
}

export function draw(ctx, { rollup, groups, list, page, numbers, which, names, chosen }) {
  const numberOf = (unit) => unit.number || which;
  const wanted = ctx.route.params.number;
  const columns = [
    { id: 'name', label: t('unit'), isHeader: true, isText: true, value: (unit) => unit.name,
      cell: (unit) => [el('a', { href: ctx.link('report', { unit: unit.unit, number: numberOf(unit) }) },
        names.get(unit.unit) ?? unit.name),
      numberOf(unit) ? ` (${t('number', { n: number(numberOf(unit)) })})` : null] },
    ...page.columns.map((code, i) => {
      const one = list.find((indicator) => indicator.code === code) || { code, name: code };
      return { id: code, class: 'num',
        label: [el('span', { class: 'code' }, code), el('span', { class: 'label' }, nameOf(one),
          one.unit ? ` (${one.unit})` : '')],
        value: (unit) => (unit.values ? sortable(unit.values[i]) : -Infinity),
        cell: (unit) => (unit.values ? value(one, unit.values[i], true) : t('figures.none')) };
    }),
  ];
  if (!list.length)
    return [el('h1', null, t(title)), el('p', { class: 'none strong' }, t('figures.nothing'))];
  return [
    el('h1', null, t(title)),
    wanted && !which && el('p', { class: 'flag' }, t('figures.no_number', { n: wanted })),
    el('div', { class: 'filters' }, picker(ctx, groups, chosen), numberPicker(ctx, numbers, which),
      el('p', { class: 'note' }, said(ctx, page.units, which))),
    columns.length > COLUMNS_ON_PAPER && el('p', { class: 'flag on-paper', key: 'wide' },
      t('figures.wide', { n: number(columns.length) })),
    table({ caption: t('figures.caption', { where: ctx.whole }), columns, rows: page.units, ctx,
      keyOf: (unit) => `${unit.unit}/${numberOf(unit) || 0}`, classes: 'page-tall frozen',
      rowClass: (unit) => (unit.values ? null : 'absent'),
      foot: page.columns.length ? totals(list, rollup, page.columns, which) : null }),
  ];
}
