// SPDX-License-Identifier: Apache-2.0
// The time slider: from the start of the period to now, with marks at the due instant and at the
// closings. What it says goes into the address, and the whole page follows.

import { spark } from './charts.js';
import { el, svg } from './dom.js';
import { t } from './text.js';
import { DAY_MS, apiInstant, brief, dayStart, fieldText, instantOf, spoken, typedInstant }
  from './time.js';

const HOUR_MS = 3600000;

/** What the slider spans: {from, to, marks: [{at, kind}], points, top}. */
export function timelineOf(planLine, obligation, arrivals, now) {
  const due = obligation.due ? instantOf(obligation.due.instant) : null;
  const starts = [obligation.period_start && instantOf(`${obligation.period_start}`.slice(0, 10) +
    'T00:00:00+07:00'), instantOf(planLine.loaded_at), instantOf(arrivals && arrivals.start)]
    .filter((ms) => ms !== null && ms !== undefined && ms < now);
  const loaded = instantOf(planLine.loaded_at);
  let from = starts.length ? starts[0] : now - 30 * DAY_MS;
  if (loaded !== null && loaded > from && loaded < now) from = loaded; // nothing was known before
  const marks = [];
  if (due !== null && due > from && due < now) marks.push({ at: due, kind: 'due' });
  for (const closing of obligation.closings || []) {
    const at = instantOf(closing.closed_at);
    if (at > from && at < now && at !== due) marks.push({ at, kind: 'closing' });
    else if (at === due) marks.forEach((mark) => { if (mark.at === at) mark.kind = 'due_closing'; });
  }
  marks.sort((a, b) => a.at - b.at);
  const points = (arrivals && arrivals.points) || [];
  const counts = arrivals && arrivals.counts;
  const top = (counts && counts.expected) || obligation.expected ||
    (points.length ? points[points.length - 1].received : 1);
  return { from, to: now, marks, points, top };
}

/** Near a mark it is the mark; at the end it is now; otherwise a whole hour. */
function snapped(ms, line) {
  const near = (line.to - line.from) / 120;
  if (line.to - ms < near / 2) return null;
  const mark = line.marks.find((one) => Math.abs(one.at - ms) < near / 2);
  if (mark) return mark.at;
  const hour = Math.round(ms / HOUR_MS) * HOUR_MS;
  return Math.min(Math.max(hour, line.from), line.to);
}

/** The mark before or after a moment; null: there is none, or it is now. */
export function nextMark(line, moment, way) {
  const stops = [line.from, ...line.marks.map((mark) => mark.at)];
  return way < 0 ? [...stops].reverse().find((at) => at < moment) ?? line.from :
    stops.find((at) => at > moment) ?? null;
}

function step(key, moment, line) {
  const by = { ArrowLeft: -HOUR_MS, ArrowDown: -HOUR_MS, ArrowRight: HOUR_MS, ArrowUp: HOUR_MS,
    PageDown: -DAY_MS, PageUp: DAY_MS }[key];
  if (key === 'Home') return line.from;
  if (key === 'End') return line.to;
  if (!by) return undefined;
  return Math.min(Math.max(Math.round((moment + by) / HOUR_MS) * HOUR_MS, line.from), line.to);
}

/** The words under the slider, each below what it names; those that would overlap are left out. */
function labels(line) {
  const part = (ms) => Math.round(((ms - line.from) / Math.max(line.to - line.from, 1)) * 1000) / 10;
  const isNarrow = window.innerWidth < 640;
  const room = isNarrow ? 34 : 14;
  const words = line.marks.map((mark) => ({ at: part(mark.at), kind: 'marks',
    text: isNarrow ? brief(mark.at) : `${t(`mark.${mark.kind}`)} ${brief(mark.at)}` }))
    .filter((mark, i, all) => i === all.length - 1 || all[i + 1].at - mark.at > room);
  const isFree = (at) => words.every((mark) => Math.abs(mark.at - at) > room / 1.6);
  if (isFree(0)) words.push({ at: 0, kind: '', text: brief(line.from, false) });
  if (isFree(100)) words.push({ at: 100, kind: '', text: t('now') });
  const anchor = (at) => (at < 8 ? '' : at > 92 ? 'end' : 'middle');
  return svg('svg', { class: 'track-ends', 'aria-hidden': 'true', focusable: 'false' },
    words.map((word) => svg('text', { class: `${word.kind} ${anchor(word.at)}`, x: `${word.at}%`, y: 13 },
      word.text)));
}

/** A field that says itself, by `isHeld`, while it has what is not asked for yet. */
const held = (tag, props) => Object.assign(el(tag, props), { isHeld: false });

/** moves: {drag(ms or null), settle(ms or null), now(), announce(words)}; null is now. */
export function strip(ctx, line, moves) {
  const moment = Math.min(Math.max(ctx.moment, line.from), line.to);
  const x = (ms) => Math.round(((ms - line.from) / Math.max(line.to - line.from, 1)) * 10000) / 10;
  const nowOr = (ms) => (ms === null || ms >= line.to ? null : ms);
  const settleTyped = (input) => {
    const ms = typedInstant(input.value);
    const now = moves.now(); // which may be long after the last draw
    const isAhead = ms !== null && ms > now;
    const isRight = ms !== null && ms >= line.from - DAY_MS && !isAhead;
    input.setAttribute('aria-invalid', isRight ? 'false' : 'true');
    input.isHeld = !isRight;
    if (isRight) moves.settle(ms < now ? ms : null);
    else moves.announce(isAhead ? t('slider.ahead', { to: fieldText(now) }) :
      t('slider.wrong', { from: fieldText(line.from) }), true);
  };
  return [
    el('button', { type: 'button', class: 'small', 'aria-label': t('slider.before'),
      title: t('slider.before'), id: 'mark-before', 'aria-keyshortcuts': '[',
      onclick: () => moves.settle(nextMark(line, moment, -1)) }, '◀'),
    el('div', { class: 'track' },
      svg('svg', { class: 'track-chart', viewBox: '0 0 1000 30', preserveAspectRatio: 'none',
        'aria-hidden': 'true', focusable: 'false' },
      spark(line.points, line.from, line.to, line.top),
      svg('rect', { class: 'unlit', x: x(moment), y: 0, width: 1000 - x(moment), height: 30 }),
      line.marks.map((mark) => svg('rect', { class: `track-mark ${mark.kind}`, x: x(mark.at) - 1,
        y: 0, width: 2, height: 30 }))),
      held('input', { type: 'range', id: 'slider', min: line.from, max: line.to, step: 'any',
        value: String(moment), 'aria-label': t('slider'), 'aria-valuetext': ctx.isPast ?
          spoken(moment) : t('slider.now', { at: spoken(moment) }),
        oninput: (event) => {
          event.target.isHeld = true;
          moves.drag(snapped(Number(event.target.value), line));
        },
        onchange: (event) => {
          event.target.isHeld = false;
          moves.settle(snapped(Number(event.target.value), line));
        },
        onkeydown: (event) => {
          const to = step(event.key, Number(event.target.value), line);
          if (to === undefined) return;
          event.preventDefault();
          event.target.value = String(to);
          moves.settle(nowOr(to), { isStep: true });
        } }),
      labels(line)),
    el('button', { type: 'button', class: 'small', 'aria-label': t('slider.after'),
      title: t('slider.after'), id: 'mark-after', 'aria-keyshortcuts': ']',
      disabled: !ctx.isPast, onclick: () => moves.settle(nowOr(nextMark(line, moment, 1))) }, '▶'),
    el('form', { class: 'moment', onsubmit: (event) => {
      event.preventDefault();
      settleTyped(event.target.elements.moment);
    } }, el('label', null, el('span', null, t('slider.field')),
      held('input', { name: 'moment', id: 'moment', value: fieldText(ctx.moment), inputmode: 'numeric',
        oninput: (event) => { event.target.isHeld = true; },
        onblur: (event) => { event.target.isHeld = false; },
        autocomplete: 'off', spellcheck: 'false', placeholder: 'dd/mm/yyyy hh:mm' })),
    el('button', { type: 'submit', class: 'small' }, t('slider.see'))),
  ];
}

/** The moment as the address carries it; the start of a day as the day alone. */
export function momentParam(ms) {
  if (ms === null) return null;
  return dayStart(ms) === ms ? apiInstant(ms).slice(0, 10) : apiInstant(ms);
}
