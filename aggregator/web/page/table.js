// SPDX-License-Identifier: Apache-2.0
// Tables of data: a caption, column and row headers, sorting by buttons in the headers, and a part
// of very long ones first.

import { el } from './dom.js';
import { compare, number } from './formats.js';
import { t } from './text.js';

const ROWS_FIRST = 300;
const CELLS_FIRST = 6000; // what an old PC draws in a second

/** `sort` is "id" or "-id" (descending) of a column that has a `value`. */
function sorted(rows, columns, sort) {
  const column = columns.find((one) => one.id === sort.replace(/^-/, ''));
  if (!column || !column.value) return rows;
  const way = sort.startsWith('-') ? -1 : 1;
  return rows.map((row, i) => [row, column.value(row), i])
    .sort((a, b) => {
      const nothing = (a[1] === -Infinity) - (b[1] === -Infinity); // nothing goes last, either way
      return nothing || way * compare(a[1], b[1]) || a[2] - b[2];
    })
    .map(([row]) => row);
}

function headCell(column, sort, ctx) {
  const props = { scope: 'col', class: column.class, key: column.id };
  if (!column.value) return el('th', props, column.label);
  const is = sort.replace(/^-/, '') === column.id;
  const isDown = sort.startsWith('-');
  const firstWay = column.isText ? column.id : `-${column.id}`;
  const next = !is ? firstWay : isDown ? column.id : `-${column.id}`;
  return el('th', { ...props, 'aria-sort': is ? (isDown ? 'descending' : 'ascending') : null },
    el('button', { type: 'button', class: 'sort', title: t('table.sort'),
      onclick: () => ctx.go({ sort: next }, { replace: true }) }, column.label,
    el('span', { class: 'arrow', 'aria-hidden': 'true' }, is ? (isDown ? '▼' : '▲') : '↕')));
}

/**
 * columns: {id, label, class, value(row): what is sorted by, isText, isHeader, cell(row)}.
 * The first column with isHeader is the row's header. `order` is the sort when none is chosen.
 */
export function table({ caption, columns, rows, ctx, order = '', keyOf, foot = null,
  classes = '', isCaptionSeen = false, rowClass = () => null }) {
  const sort = ctx.route.params.sort || order;
  const first = Math.min(ROWS_FIRST, Math.floor(CELLS_FIRST / columns.length));
  const most = Math.max(Number(ctx.route.params.rows) || 0, first);
  const shown = sorted(rows, columns, sort).slice(0, most);
  const cellOf = (column, row) => el(column.isHeader ? 'th' : 'td',
    { scope: column.isHeader ? 'row' : null, class: column.class }, column.cell(row));
  return [
    el('div', { class: `scroll ${classes}`, role: 'region', tabindex: 0, 'aria-label': caption },
      el('table', null,
        el('caption', { class: isCaptionSeen ? null : 'unseen' }, caption),
        el('thead', null, el('tr', null, columns.map((column) => headCell(column, sort, ctx)))),
        el('tbody', null, shown.map((row) => el('tr', { key: keyOf(row), class: rowClass(row) },
          columns.map((column) => cellOf(column, row))))),
        foot && el('tfoot', null, foot))),
    shown.length < rows.length && el('p', { class: 'more' },
      t('table.shown', { shown: number(shown.length), all: number(rows.length) }), ' ',
      el('button', { type: 'button',
        onclick: () => ctx.go({ rows: most + 500 }, { replace: true }) }, t('table.more'))),
    rows.length === 0 && el('p', { class: 'none' }, t('table.none')),
  ];
}
