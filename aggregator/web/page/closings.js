// SPDX-License-Identifier: Apache-2.0
// The table that was closed at the due instant beside the figures of now, and why they differ.

import { bar, barLabel } from './charts.js';
import { el } from './dom.js';
import { coverageOf, number, percent, signed, value } from './formats.js';
import { bySection, coverageCell } from './indicators.js';
import { nameOf, t, tr } from './text.js';
import { instantOf, spoken, spokenInstant, typedInstant } from './time.js';

export const title = 'view.closings';

export async function load(ctx) {
  const [closings, rollup, names] = await Promise.all([ctx.ask('closings', ctx.scope),
    ctx.ask('rollup', ctx.scope), ctx.callings()]);
  const list = closings.closings;
  const asked = ctx.route.params.closed_at;
  const at = asked ? typedInstant(asked) ?? instantOf(asked) : null;
  const wanted = list.find((one) => instantOf(one.closed_at) === at);
  const closing = wanted || list[list.length - 1];
  const differences = closing ? await ctx.findPart('differences',
    { ...ctx.scope, closed_at: closing.closed_at }) : null;
  return { list, closing, rollup, differences, names, notThere: wanted ? null : asked };
}

function counted(label, counts) {
  return el('div', { class: 'counted' }, el('h2', null, label),
    el('p', { class: 'coverage' }, el('strong', null, coverageOf(counts.received, counts.expected)), ' ',
      counts.expected !== null && percent(counts.received, counts.expected)),
    bar(counts, { label: barLabel(counts), height: 16 }),
    el('p', { class: 'note' }, barLabel(counts)));
}

function why(ctx, indicator, cell, names) {
  const causes = cell.causes || [];
  if (!causes.length) return '';
  return el('details', { class: 'causes' },
    el('summary', null, t('closings.causes', { n: number(cell.causes_count ?? causes.length) })),
    el('ul', null, causes.map((cause) => el('li', { key: cause.unit },
      el('a', { href: ctx.link('report', { unit: cause.unit }) }, names.get(cause.unit) ?? cause.name), ': ',
      tr('cause', cause.kind), indicator.kind !== 'text' && [', ',
        value(indicator, cause.before, true), ' → ', value(indicator, cause.after, true)])),
    cell.causes_count > causes.length &&
      el('li', null, t('indicators.more', { n: number(cell.causes_count - causes.length) }))));
}

/** A total; of texts how many there are. */
const shown = (indicator, cell) => (cell.rule === 'concat' ?
  t('indicators.texts', { n: number(cell.reported) }) : value(indicator, cell.value));

/** What changed: the difference where the answer has one, otherwise only that it did. */
function changeOf(indicator, before, now, differ) {
  if (!differ) return t('closings.same');
  if (differ.change !== null && differ.change !== undefined) return signed(differ.change);
  const isEqual = before && now && shown(indicator, before) === shown(indicator, now);
  return t(isEqual ? 'closings.same' : 'closings.differs');
}

function line(ctx, indicator, { closing, rollup, names }, differ) {
  const before = closing.indicators[indicator.code];
  const now = rollup.indicators[indicator.code];
  return el('tr', { key: indicator.code, class: differ ? 'differs' : null },
    el('th', { scope: 'row' }, nameOf(indicator), el('span', { class: 'under' },
      [indicator.code, indicator.unit].filter(Boolean).join(' · '))),
    el('td', { class: 'num' }, before ? [shown(indicator, before),
      el('span', { class: 'under' }, coverageCell(before))] : '–'),
    el('td', { class: 'num' }, now ? [shown(indicator, now),
      el('span', { class: 'under' }, coverageCell(now))] : '–'),
    el('td', { class: 'num' }, changeOf(indicator, before, now, differ)),
    el('td', null, differ ? why(ctx, indicator, differ, names) : ''));
}

function comparison(ctx, data) {
  const { rollup, differences } = data;
  const changed = new Map(((differences && differences.cells) || []).map((cell) =>
    [cell.indicator, cell]));
  const isAll = ctx.route.params.all === '1';
  const codes = Object.keys(rollup.indicators).filter((code) => isAll || changed.has(code));
  const groups = bySection(ctx.plan, codes);
  const heads = ['indicator', 'closings.then', 'closings.now', 'closings.change', 'closings.why'];
  return [
    el('p', { class: 'note' }, t('closings.changed', { n: number(changed.size) })),
    el('label', { class: 'check' }, el('input', { type: 'checkbox', checked: isAll,
      onchange: (event) => ctx.go({ all: event.target.checked ? '1' : null }, { replace: true }) }),
    t('closings.all')),
    groups.length > 0 && el('div', { class: 'scroll page-tall', role: 'region', tabindex: 0,
      'aria-label': t('closings.table') },
    el('table', { class: 'compare' }, el('caption', { class: 'unseen' }, t('closings.table')),
      el('thead', null, el('tr', null, heads.map((key, i) => el('th', { scope: 'col',
        class: i > 0 && i < 4 ? 'num' : null }, t(key))))),
      groups.map(([section, list]) => el('tbody', { key: section.section },
        el('tr', { class: 'section-row' }, el('th', { scope: 'rowgroup', colspan: 5 }, nameOf(section))),
        list.map((one) => line(ctx, one, data, changed.get(one.code)))))))];
}

/** That there is no closing of the moment in the address, and which one is shown. */
function absence(notThere, closing) {
  const at = typedInstant(notThere) ?? instantOf(notThere);
  return el('p', { class: 'flag' }, t('closings.not_there', { at: at === null ? notThere : spoken(at),
    shown: spokenInstant(closing.closed_at) }));
}

export function draw(ctx, data) {
  const { list, closing, rollup, notThere } = data;
  if (!closing)
    return [el('h1', null, t(title)), el('p', { class: 'none strong' },
      t(ctx.obligation.due ? 'closings.none' : 'closings.undated'))];
  return [
    el('h1', null, t(title)),
    notThere && absence(notThere, closing),
    list.length > 1 && el('div', { class: 'filters' }, el('label', { class: 'field' },
      el('span', null, t('closings.which')), el('select', { onchange: (event) =>
        ctx.go({ closed_at: event.target.value }) }, list.map((one) => el('option',
        { value: one.closed_at, selected: one === closing }, spokenInstant(one.closed_at)))))),
    el('section', { class: 'card', 'aria-label': t('closings.counts') },
      el('div', { class: 'beside' },
        counted(t('closings.at', { at: spoken(instantOf(closing.closed_at)) }), closing.counts),
        counted(t('closings.until', { at: spoken(ctx.minute) }), rollup.counts))),
    comparison(ctx, data),
  ];
}
