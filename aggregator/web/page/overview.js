// SPDX-License-Identifier: Apache-2.0
// What a person with two minutes reads: how long, how many, when they came, and who lags.

import { PARTS, arrivalsCurve, bar, barLabel, partsOf, swatch } from './charts.js';
import { copyText, el } from './dom.js';
import { coverage, coverageOf, number, percent } from './formats.js';
import { table } from './table.js';
import { t } from './text.js';
import { DAY_MS, dayStart, duration, instantOf, spoken, spokenInstant } from './time.js';
import { partOf, standingMark, unitCell } from './units.js';

export const title = 'view.overview';

const MISSING_SHOWN = 24;
const UNITS_SHOWN = 200;

export async function load(ctx) {
  const [standing, arrivals, names] = await Promise.all([
    ctx.ask('standing', { ...ctx.scope, standing: 'missing', limit: MISSING_SHOWN }),
    ctx.ask('arrivals', ctx.scope), ctx.callings()]);
  const isLow = (standing.below || []).length <= 1; // a district: its units stand here themselves
  const all = isLow ? await ctx.ask('standing', { ...ctx.scope, limit: UNITS_SHOWN }) : null;
  return { standing, arrivals, all, names };
}

/** The words of the countdown; also called each second. */
export function countdown(due, now) {
  if (due === null) return { words: t('due.none'), class: 'quiet' };
  const left = due - now;
  if (left === 0) return { words: t('due.now'), class: 'past' };
  if (left > 0)
    return { words: t('due.left', { time: duration(left) }), class: left < 3 * 86400000 ? 'soon' : '' };
  // Days alone are those of the calendar, as the chasing list counts them.
  const days = (dayStart(now) - dayStart(due - 1)) / DAY_MS;
  const time = left <= -30 * DAY_MS ? t('time.days', { n: days }) : duration(left);
  return { words: t('due.past', { time }), class: 'past' };
}

function dueCard(ctx) {
  const { obligation } = ctx;
  const due = obligation.due;
  const at = due ? instantOf(due.instant) : null;
  const { quote } = (ctx.plan.obligations || []).find((one) => one.id === obligation.id) || {};
  const { words, class: mood } = countdown(at, ctx.moment);
  return el('section', { class: 'card due-card', 'aria-labelledby': 'due-title' },
    el('h2', { id: 'due-title' }, t('due.title')),
    el('p', { class: `countdown ${mood}`, id: 'countdown', role: 'timer', 'aria-live': 'off' }, words),
    due && el('dl', { class: 'facts' },
      el('dt', null, t('due.last')), el('dd', null, spokenInstant(due.last_on_time)),
      el('dt', null, t('due.from')), el('dd', null, spokenInstant(due.instant))),
    due && el('p', { lang: 'vi' }, el('strong', null, due.wording), ': ', due.semantics, '.'),
    quote && el('blockquote', { lang: 'vi' }, el('p', null, `“${quote}”`)),
    obligation.suspended && el('p', { class: 'flag' }, t('due.suspended')));
}

/** One sentence to say aloud, with its coverage. */
function sentence(ctx, counts, below) {
  const when = spoken(ctx.minute);
  const estimated = counts.estimated ? t('say.estimated', { n: number(counts.estimated) }) : '';
  if (counts.expected === null)
    return t('say.unset', { when, where: ctx.whole, received: number(counts.received) }) + estimated;
  if (counts.expected === 0) return t('say.nobody', { when, where: ctx.whole });
  const lagging = (below.length > 1 ? below : []).filter((row) => row.counts.missing > 0)
    .sort((a, b) => b.counts.missing - a.counts.missing).slice(0, 3)
    .map((row) => `${partName(ctx, row)} ${number(row.counts.missing)}`).join(', ');
  const key = counts.missing === 0 ? 'say.all' : lagging ? 'say.lagging' : 'say.missing';
  return t(key, { when, where: ctx.whole, received: number(counts.received),
    expected: number(counts.expected), percent: percent(counts.received, counts.expected),
    on_time: number(counts.on_time || 0), late: number(counts.late || 0),
    missing: number(counts.missing || 0), lagging }) + estimated;
}

const partName = (ctx, row) => row.name ?? t('part.direct', { where: ctx.scopeName });

/** What the parts add up to; without an expectation, that there is none. */
function sum(ctx, counts) {
  const parts = {};
  for (const { name, count } of partsOf(counts)) parts[name] = number(count);
  if (counts.expected !== null) return t('counts.sum', { ...parts, all: number(counts.expected) });
  return [counts.on_time !== null &&
    `${t('counts.sum_received', { ...parts, all: number(counts.received) })} `, t('counts.unset'),
  ctx.obligation.open_ended && ` ${t('counts.many')}`];
}

function countsCard(ctx, counts, below) {
  const all = counts.expected;
  const said = sentence(ctx, counts, below);
  return el('section', { class: 'card counts-card', 'aria-labelledby': 'counts-title' },
    el('div', { class: 'card-head' },
      el('h2', { id: 'counts-title' }, t('counts.title')),
      el('p', { class: 'coverage' }, el('strong', null, coverageOf(counts.received, all)), ' ',
        all !== null && percent(counts.received, all))),
    all > 0 && bar(counts, { label: barLabel(counts) }),
    el('ul', { class: 'legend' }, partsOf(counts).map(({ name, count }) =>
      el('li', { class: `legend-${name}` },
        el('a', { href: ctx.link('units', { standing: name }) },
          el('span', { class: 'legend-name' }, swatch(name), t(`standing.${name}`)),
          el('span', { class: 'legend-count' }, number(count)),
          all !== null && el('span', { class: 'legend-part' }, percent(count, all)))))),
    el('p', { class: 'sum' }, sum(ctx, counts),
      ['estimated', 'on_behalf', 'returned', 'exempt', 'suspended'].filter((name) => counts[name] > 0)
        .map((name) => ` ${t(`counts.${name}`, { n: number(counts[name]) })}`)),
    el('div', { class: 'say' }, el('p', { id: 'said' }, said),
      el('button', { type: 'button', class: 'small', 'aria-describedby': 'said',
        onclick: async () => ctx.announce(t(await copyText(said) ? 'copied' : 'not_copied'), true) },
      t('copy'))));
}

const share = (row) => (row.counts.expected ? row.counts.missing / row.counts.expected : 0);

/** Five steps of shade, the number beside them: 0, to 10 %, to 25 %, to 50 %, above. */
const shade = (part) => (part === 0 ? 0 : part <= 0.1 ? 1 : part <= 0.25 ? 2 : part <= 0.5 ? 3 : 4);

const countColumn = (name, more) => ({ id: name, label: t(`short.${name}`), class: 'num',
  value: (row) => row.counts[name], cell: (row) => number(row.counts[name]), ...more });

const partColumn = (ctx) => ({ id: 'name', label: t('part'), class: 'name', isHeader: true,
  isText: true, value: (row) => partName(ctx, row),
  cell: (row) => el('a', { href: row.unit ? ctx.link('overview', { unit: row.unit }) :
    ctx.link('units', { direct: '1' }) }, partName(ctx, row)) });

/** Where it is not said who must report, nobody lags: only what each part has sent. */
function sentTable(ctx, below, isDated) {
  const columns = [partColumn(ctx), countColumn('received', { label: t('received') }),
    ...(isDated ? [countColumn('on_time'), countColumn('late')] : [])];
  return el('section', { class: 'card heat-card', 'aria-labelledby': 'heat-title' },
    el('h2', { id: 'heat-title' }, t('sent.title')),
    el('p', { class: 'note' }, t('sent.note')),
    table({ caption: t('sent.title'), columns, rows: below, ctx, order: '-received',
      keyOf: (row) => row.unit ?? '-', classes: 'tall' }));
}

function heatTable(ctx, below) {
  const columns = [
    partColumn(ctx),
    { id: 'shape', label: t('part.shape'), class: 'shape', cell: (row) => bar(row.counts, { height: 12 }) },
    { id: 'received', label: t('short.received'), class: 'num',
      value: (row) => (row.counts.expected ? row.counts.received / row.counts.expected : 0),
      cell: (row) => `${number(row.counts.received)}/${number(row.counts.expected)}` },
    countColumn('on_time', { class: 'num roomy' }), countColumn('late', { class: 'num roomy' }),
    countColumn('missing', { cell: (row) => el('span', { class: 'strong' },
      number(row.counts.missing)) }),
    { id: 'share', label: t('short.share'), class: 'num heat', value: share,
      cell: (row) => el('span', { class: `shade shade-${shade(share(row))}` },
        percent(row.counts.missing, row.counts.expected)) },
  ];
  return el('section', { class: 'card heat-card', 'aria-labelledby': 'heat-title' },
    el('h2', { id: 'heat-title' }, t('heat.title')),
    el('p', { class: 'note' }, t('heat.note')),
    table({ caption: t('heat.title'), columns, rows: below, ctx, order: '-share',
      keyOf: (row) => row.unit ?? '-', classes: 'tall' }));
}

function missingCard(ctx, standing, names) {
  const { counts, units } = standing;
  if (!counts.missing) return null;
  const more = counts.missing - units.length;
  return el('section', { class: 'card', 'aria-labelledby': 'missing-title' },
    el('h2', { id: 'missing-title' }, t('missing.title', { n: number(counts.missing),
      all: number(counts.expected) })),
    el('ul', { class: 'inline-list', lang: 'vi' }, units.map((unit) => el('li', { key: unit.unit },
      el('a', { href: ctx.link('report', { unit: unit.unit }) }, names.get(unit.unit) ?? unit.name)))),
    el('p', null, more > 0 && `${t('indicators.more', { n: number(more) })} · `,
      el('a', { href: ctx.link('chasing') }, t('missing.chase'))));
}

function unitsCard(ctx, all) {
  const columns = [
    { id: 'name', label: t('unit'), isHeader: true, isText: true, value: (unit) => unit.name,
      cell: (unit) => unitCell(ctx, unit) },
    { id: 'standing', label: t('standing'), isText: true, value: (unit) =>
      PARTS.indexOf(partOf(unit.standing)), cell: (unit) => standingMark(unit.standing) },
    { id: 'first', label: t('first_received'), class: 'when',
      value: (unit) => instantOf(unit.first_received) ?? -Infinity,
      cell: (unit) => (unit.first_received ? spokenInstant(unit.first_received) : '–') },
  ];
  return el('section', { class: 'card', 'aria-labelledby': 'units-title' },
    el('h2', { id: 'units-title' }, t('view.units')),
    table({ caption: t('view.units'), columns, rows: all.units, ctx, order: '-standing',
      keyOf: (unit) => `${unit.unit}/${unit.number || 0}`, classes: 'tall' }),
    el('p', { class: 'go' }, el('a', { href: ctx.link('units') }, t('overview.units'))));
}

export function draw(ctx, { standing, arrivals, all, names }) {
  const { counts } = standing;
  const below = standing.below || [];
  return [
    el('h1', { class: 'unseen' }, `${t(title)}: ${ctx.obligation.title}`),
    el('div', { class: 'lead' }, dueCard(ctx), countsCard(ctx, counts, below)),
    el('div', { class: 'two' },
      el('div', { class: 'stack' }, el('section', { class: 'card', 'aria-labelledby': 'curve-title' },
        el('h2', { id: 'curve-title' }, t('curve.title')),
        arrivalsCurve(arrivals, counts, ctx.minute)), !all && missingCard(ctx, standing, names)),
      all ? unitsCard(ctx, all) : counts.expected === null ?
        sentTable(ctx, below, counts.on_time !== null) : heatTable(ctx, below)),
  ];
}

