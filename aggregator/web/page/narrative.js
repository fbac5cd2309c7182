// SPDX-License-Identifier: Apache-2.0
// What the units wrote, two subjects side by side, with a search that needs no diacritics.

import { el } from './dom.js';
import { fold, number } from './formats.js';
import { coverageCell } from './indicators.js';
import { nameOf, t } from './text.js';

export const title = 'view.narrative';

const PAGE = 500;
const SHOWN_FIRST = 100;

async function texts(ctx, code) {
  return code ? ctx.ask('narrative', { ...ctx.scope, indicator: code, limit: PAGE }) : null;
}

export async function load(ctx) {
  const rollup = await ctx.ask('rollup', ctx.scope);
  const subjects = ctx.plan.indicators.filter((one) =>
    rollup.indicators[one.code] && rollup.indicators[one.code].rule === 'concat');
  const written = subjects.filter((one) => rollup.indicators[one.code].reported > 0);
  const usual = (written.length > 1 ? written : subjects).slice(-2).map((one) => one.code);
  const { left = usual[0] || '', right = usual.find((code) => code !== left) || '' } = ctx.route.params;
  const [first, second] = await Promise.all([texts(ctx, left), right === '-' ? null : texts(ctx, right)]);
  return { rollup, subjects, columns: [[left, first], [right, second]].filter(([code]) => code) };
}

/** The text with what was searched for marked; folding keeps one letter one letter. */
function marked(text, q) {
  const plain = text.normalize('NFC');
  const folded = [...plain].map((letter) => fold(letter).charAt(0) || ' ').join('');
  const letters = [...plain];
  const parts = [];
  let from = 0;
  for (let at = folded.indexOf(q); q && at >= 0; at = folded.indexOf(q, from)) {
    parts.push(letters.slice(from, at).join(''),
      el('mark', null, letters.slice(at, at + q.length).join('')));
    from = at + q.length;
  }
  return [...parts, letters.slice(from).join('')];
}

function joined(columns) {
  const units = new Map();
  columns.forEach(([, answer], i) => ((answer && answer.sections) || []).forEach((one) => {
    const key = `${one.unit}/${one.number || 0}`; // a line for each of several reports
    const unit = units.get(key) || { key, unit: one.unit, name: one.name, parent: one.parent_name,
      number: one.number || null, texts: columns.map(() => null) };
    unit.texts[i] = one.text;
    units.set(key, unit);
  }));
  return [...units.values()];
}

function chooser(ctx, name, label, subjects, chosen, isOptional) {
  return el('label', { class: 'field' }, el('span', null, t(label)),
    el('select', { onchange: (event) => ctx.go({ [name]: event.target.value }) },
      isOptional && el('option', { value: '-', selected: chosen === '-' }, t('narrative.alone')),
      subjects.map((one) => el('option', { value: one.code, selected: one.code === chosen },
        nameOf(one)))));
}

export function draw(ctx, { rollup, subjects, columns }) {
  // Where no indicators are listed anything may be written: there is nothing yet.
  const isOpen = !Object.keys(rollup.indicators).length || rollup.counts.expected === null;
  if (!subjects.length)
    return [el('h1', null, t(title)), el('p', { class: 'none' },
      t(isOpen ? 'narrative.nothing' : 'narrative.none'))];
  const q = fold(ctx.route.params.q || '');
  const shownColumns = columns.filter(([code]) => code !== '-');
  const all = joined(shownColumns);
  const rows = all.filter((unit) => !q || fold([unit.name, unit.parent || '', ...unit.texts
    .filter(Boolean)].join(' ')).includes(q));
  const most = Math.max(Number(ctx.route.params.rows) || 0, SHOWN_FIRST);
  const indicatorOf = (code) => ctx.indicator(code) || { code, name: code };
  return [
    el('h1', null, t(title)),
    el('div', { class: 'filters' },
      chooser(ctx, 'left', 'narrative.left', subjects, columns[0][0], false),
      columns.length > 1 && chooser(ctx, 'right', 'narrative.right', subjects, columns[1][0], true),
      el('label', { class: 'field grow' }, el('span', null, t('narrative.find')),
        el('input', { type: 'search', value: ctx.route.params.q || '', autocomplete: 'off',
          oninput: (event) => ctx.go({ q: event.target.value || null }, { replace: true }) }))),
    el('p', { class: 'note' }, t(ctx.obligation.open_ended ? 'narrative.reports' : 'narrative.shown',
      { n: number(rows.length), all: number(all.length) })),
    el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': t(title) },
      el('table', { class: 'texts' }, el('caption', { class: 'unseen' }, t(title)),
        el('thead', null, el('tr', null, el('th', { scope: 'col' }, t('unit')),
          shownColumns.map(([code]) => {
            const cell = rollup.indicators[code];
            return el('th', { scope: 'col' }, nameOf(indicatorOf(code)),
              cell && el('span', { class: 'under' }, coverageCell(cell)));
          }))),
        el('tbody', null, rows.slice(0, most).map((unit) => el('tr', { key: unit.key },
          el('th', { scope: 'row' }, el('a', { href: ctx.link('report', { unit: unit.unit,
            number: unit.number }) }, marked(unit.name, q)),
          unit.number && ` (${t('number', { n: number(unit.number) })})`,
          el('span', { class: 'under' }, unit.parent || '')),
          unit.texts.map((text) => el('td', { class: 'prose', lang: 'vi' },
            text === null ? el('span', { class: 'none' }, t('narrative.silent')) : marked(text, q)))))))),
    rows.length > most && el('p', { class: 'more' },
      t('table.shown', { shown: number(most), all: number(rows.length) }), ' ', el('button', { type: 'button',
      onclick: () => ctx.go({ rows: most + 300 }, { replace: true }) }, t('table.more'))),
    shownColumns.some(([, answer]) => answer && answer.more) && el('p', { class: 'flag' },
      t('narrative.cut', { n: number(PAGE) })),
  ];
}
