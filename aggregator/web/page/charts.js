// SPDX-License-Identifier: Apache-2.0
// Charts as SVG: colour, pattern and number together, so that none of them is needed alone.

import { el, svg } from './dom.js';
import { coverageOf, number } from './formats.js';
import { t } from './text.js';
import { brief, instantOf, spoken, spokenInstant } from './time.js';

/** How a unit can stand, in the order of the bar. Without a due date it is only received. */
export const PARTS = ['on_time', 'late', 'undecided', 'received', 'missing'];

const FILLS = { on_time: null, late: 'url(#p-late)', undecided: 'url(#p-undecided)', received: null,
  missing: 'url(#p-missing)' };

/** The parts that add up to all units, or to what was received where nobody is expected. What is not
 * judged without a date, or not known without an expectation, is no part: it is not 0. */
export function partsOf(counts) {
  return PARTS.filter((name) => (name === 'received' ? counts.on_time === null :
    counts[name] !== null)).map((name) => ({ name, count: counts[name] }));
}

export const swatch = (name) => svg('svg', { class: 'swatch', viewBox: '0 0 14 14',
  'aria-hidden': 'true', focusable: 'false' },
svg('rect', { class: `part-${name}`, x: '.5', y: '.5', width: 13, height: 13, rx: 2,
  fill: FILLS[name] }));

/** One bar of all units; null where it is not known how many they are. It is decoration where the
 * numbers stand beside it. */
export function bar(counts, { label = null, height = 34 } = {}) {
  const all = counts.expected;
  if (all === null) return null;
  let from = 0;
  const pieces = partsOf(counts).filter((part) => part.count > 0).map((part) => {
    const width = (part.count / all) * 1000;
    const piece = svg('rect', { class: `part-${part.name}`, x: from, y: 0, width, height,
      fill: FILLS[part.name] });
    from += width;
    return piece;
  });
  const cuts = pieces.slice(1).map((piece) => svg('rect', { class: 'cut',
    x: Number(piece.getAttribute('x')) - 1, y: 0, width: 2, height }));
  return svg('svg', { class: 'bar-chart', viewBox: `0 0 1000 ${height}`, height,
    preserveAspectRatio: 'none', role: label ? 'img' : null, 'aria-label': label,
    'aria-hidden': label ? null : 'true', focusable: 'false' }, pieces, cuts);
}

export const barLabel = (counts) => partsOf(counts)
  .map((part) => `${t(`standing.${part.name}`)}: ${number(part.count)}`).join('; ');

/** A whole number of steps that is easy to read, at least `least`. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least);
}

function dayTicks(from, to, many) {
  const DAY = 86400000, ZONE = 7 * 3600000;
  const days = niceStep(Math.ceil((to - from) / DAY / many));
  const ticks = [];
  for (let at = Math.ceil((from + ZONE) / DAY) * DAY - ZONE; at <= to; at += days * DAY) ticks.push(at);
  return ticks;
}

/** From shortly before the first arrival to shortly after the last; the deadline is inside. */
function span(arrivals, until) {
  const points = arrivals.points.map((point) => instantOf(point.at));
  const due = instantOf(arrivals.due);
  const known = due === null ? points : [...points, due];
  if (!known.length) return [instantOf(arrivals.start) ?? until - 86400000, until];
  const low = Math.min(...known);
  const high = Math.max(...known, Math.min(until, Math.max(...known)));
  const margin = Math.max((high - low) * 0.05, 6 * 3600000);
  return [low - margin, high + margin];
}

function stepPath(points, x, y, end, field) {
  let path = `M${x(points.length ? instantOf(points[0].at) : end)} ${y(0)}`;
  for (const point of points) path += `H${x(instantOf(point.at))}V${y(field(point))}`;
  return path + `H${end}`;
}

/** How the reports came in, against the deadline: a step line, and its table. */
export function arrivalsCurve(arrivals, counts, until) {
  const isNarrow = window.innerWidth < 640;
  const [width, height] = isNarrow ? [360, 220] : [620, 264];
  const edge = { left: 40, right: 14, top: 22, bottom: 26 };
  const [from, to] = span(arrivals, until);
  const isWhole = counts.expected !== null;
  const top = Math.max(isWhole ? counts.expected : counts.received, 1);
  const x = (ms) => Math.round((edge.left +
    ((ms - from) / (to - from)) * (width - edge.left - edge.right)) * 10) / 10;
  const y = (n) => Math.round((height - edge.bottom -
    (n / top) * (height - edge.top - edge.bottom)) * 10) / 10;
  const due = instantOf(arrivals.due);
  const end = x(Math.min(Math.max(until, from), to));
  const points = arrivals.points;
  const all = stepPath(points, x, y, end, (point) => point.received);
  const step = niceStep(Math.ceil(top / 4));
  const rows = [];
  for (let n = 0; n <= top; n += step) if (top - n >= step * 0.4 || n === top) rows.push(n);
  if (rows[rows.length - 1] !== top) rows.push(top);
  const label = t('curve.label', { said: coverageOf(counts.received, counts.expected),
    until: spoken(until) });
  const chart = svg('svg', { class: 'curve', viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': label, focusable: 'false' },
  rows.map((n) => [
    svg('line', { class: isWhole && n === top ? 'goal' : 'grid', x1: edge.left, x2: width - edge.right,
      y1: y(n), y2: y(n) }),
    svg('text', { class: 'axis end', x: edge.left - 6, y: y(n) + 4 }, number(n)),
  ]),
  dayTicks(from, to, isNarrow ? 4 : 8).map((ms) => [
    svg('line', { class: 'tick', x1: x(ms), x2: x(ms), y1: height - edge.bottom,
      y2: height - edge.bottom + 4 }),
    svg('text', { class: 'axis middle', x: x(ms), y: height - 8 }, brief(ms, false)),
  ]),
  points.length ? [
    svg('path', { class: 'area-late', fill: FILLS.late, d: `${all}V${y(0)}Z` }),
    svg('path', { class: 'area', d: `${stepPath(points, x, y, end,
      (point) => point.on_time ?? point.received)}V${y(0)}Z` }),
    svg('path', { class: 'line', d: all }),
    svg('circle', { class: 'now', cx: end, cy: y(points[points.length - 1].received), r: 4 }),
  ] : null,
  due === null || due < from || due > to ? null : [
    svg('line', { class: 'due', x1: x(due), x2: x(due), y1: edge.top - 8, y2: height - edge.bottom }),
    svg('text', { class: `due-text ${x(due) > width * 0.6 ? 'end' : ''}`,
      x: x(due) + (x(due) > width * 0.6 ? -6 : 6), y: edge.top - 8 },
    t('curve.due', { at: brief(due) })),
  ]);
  return el('figure', { class: 'figure' }, chart,
    el('figcaption', { class: 'note' }, label),
    el('details', { class: 'data' }, el('summary', null, t('curve.table')),
      el('div', { class: 'scroll short', role: 'region', tabindex: 0, 'aria-label': t('curve.table') },
        el('table', { class: 'plain' },
          el('caption', { class: 'unseen' }, t('curve.table')),
          el('thead', null, el('tr', null, ['curve.at', 'received', 'standing.on_time', 'standing.late']
            .map((key) => el('th', { scope: 'col' }, t(key))))),
          el('tbody', null, points.map((point) => el('tr', null,
            el('th', { scope: 'row' }, spokenInstant(point.at)),
            [point.received, point.on_time, point.late]
              .map((n) => el('td', null, n === null || n === undefined ? '–' : number(n))))))))));
}

/** The arrivals as a quiet background of the time slider. */
export function spark(points, from, to, top) {
  const x = (ms) => Math.round(((ms - from) / Math.max(to - from, 1)) * 10000) / 10;
  const y = (n) => Math.round((30 - (n / Math.max(top, 1)) * 26) * 10) / 10;
  let path = `M0 ${y(0)}`;
  for (const point of points) path += `H${x(instantOf(point.at))}V${y(point.received)}`;
  return svg('path', { class: 'spark', d: `${path}H1000V30H0Z` });
}


