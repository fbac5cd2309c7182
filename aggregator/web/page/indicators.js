// SPDX-License-Identifier: Apache-2.0
// The totals, section by section, each with how many units are in it and how far they differ.

import { el } from './dom.js';
import { coverageOf, fold, number, value } from './formats.js';
import { nameOf, t } from './text.js';

export const title = 'view.indicators';

export async function load(ctx) {
  const [rollup, spread, names] = await Promise.all([ctx.ask('rollup', ctx.scope),
    ctx.ask('spread', ctx.scope), ctx.callings()]);
  return { rollup, spread, names };
}

/** The indicators that the obligation totals, by section, in the catalogue's order. */
export function bySection(plan, codes) {
  const wanted = new Set(codes);
  const groups = (plan.sections || []).map((section) => [section,
    plan.indicators.filter((one) => one.section === section.section && wanted.has(one.code))]);
  const grouped = new Set(groups.flatMap(([, list]) => list.map((one) => one.code)));
  const rest = plan.indicators.filter((one) => wanted.has(one.code) && !grouped.has(one.code));
  return [...groups, [{ section: 0, name: t('indicators.other') }, rest]].filter(([, list]) => list.length);
}

/** n of m units; n reports where it is not said who must report. */
export function coverageCell(cell) {
  return el('span', { class: `cover ${cell.missing ? 'part' : 'full'}` },
    coverageOf(cell.reported, cell.missing === null ? null : cell.reported + cell.missing));
}

function extreme(ctx, indicator, raw, units, count, names) {
  if (raw === null || raw === undefined) return '–';
  const shown = (units || []).slice(0, 2);
  const more = (count ?? (units || []).length) - shown.length;
  return [el('span', { class: 'strong' }, value(indicator, raw, true)),
    shown.length > 0 && el('span', { class: 'under' }, shown.map((code) => el('span', { class: 'line' },
      el('a', { href: ctx.link('report', { unit: code }) }, names.get(code) || code))),
    more > 0 && t('indicators.more', { n: more }))];
}

function row(ctx, indicator, cell, spread, names) {
  const isText = cell.rule === 'concat';
  const isRange = cell.rule === 'average_min_max' && cell.value && typeof cell.value === 'object';
  const low = spread ? spread.min : isRange ? cell.value.min : null;
  const high = spread ? spread.max : isRange ? cell.value.max : null;
  return el('tr', { key: indicator.code },
    el('th', { scope: 'row' }, isText ?
      el('a', { href: ctx.link('narrative', { left: indicator.code }) }, nameOf(indicator)) :
      el('a', { href: ctx.link('figures', { section: indicator.section, sort: `-${indicator.code}` }) },
        nameOf(indicator)),
    el('span', { class: 'under' }, indicator.code)),
    el('td', null, el('span', { class: 'rule' }, t(`rule.${cell.rule}`))),
    el('td', { class: 'num total' }, isText ? t('indicators.texts', { n: number(cell.reported) }) :
      value(indicator, cell.value), !isText && indicator.unit &&
      el('span', { class: 'under' }, indicator.unit)),
    el('td', { class: 'num' }, coverageCell(cell)),
    isText ? el('td', { colspan: 3 }, '') : [
      el('td', { class: 'num' }, extreme(ctx, indicator, low, spread && spread.min_units,
        spread && spread.min_count, names)),
      el('td', { class: 'num' }, extreme(ctx, indicator, high, spread && spread.max_units,
        spread && spread.max_count, names)),
      el('td', { class: 'num' }, spread && spread.mean !== null && spread.mean !== undefined ?
        number(spread.mean) : '–')]);
}

const HEADS = ['indicator', 'rule', 'total', 'coverage.head', 'min', 'max', 'mean'];

function sectionCard(ctx, section, list, data) {
  const id = `section-${section.section}`;
  return el('section', { class: 'card', key: id, 'aria-labelledby': id },
    el('h2', { id }, nameOf(section)),
    el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': nameOf(section) },
      el('table', { class: 'totals' }, el('caption', { class: 'unseen' }, nameOf(section)),
        el('thead', null, el('tr', null, HEADS.map((key, i) => el('th',
          { scope: 'col', class: i > 1 ? 'num' : null }, t(key))))),
        el('tbody', null, list.map((one) => row(ctx, one, data.rollup.indicators[one.code],
          data.spread.indicators[one.code], data.names))))));
}

export function draw(ctx, data) {
  const q = fold(ctx.route.params.q || '');
  const groups = bySection(ctx.plan, Object.keys(data.rollup.indicators)).map(([section, list]) =>
    [section, list.filter((one) => !q ||
      fold(`${one.code} ${one.name} ${one.name_en || ''} ${section.name}`).includes(q))])
    .filter(([, list]) => list.length);
  return [
    el('h1', null, t(title)),
    el('p', { class: 'note' }, t(ctx.brief.counts.expected === null ? 'indicators.unset' :
      'indicators.note')),
    el('div', { class: 'filters' }, el('label', { class: 'field' }, el('span', null,
      t('indicators.find')), el('input', { type: 'search', value: ctx.route.params.q || '',
      autocomplete: 'off',
      oninput: (event) => ctx.go({ q: event.target.value || null }, { replace: true }) }))),
    groups.length === 0 && el('p', { class: 'none' }, t('table.none')),
    groups.map(([section, list]) => sectionCard(ctx, section, list, data)),
  ];
}
