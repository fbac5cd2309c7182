// SPDX-License-Identifier: Apache-2.0
// Civil time of Vietnam, +07:00 whatever the browser's zone is. An instant is milliseconds UTC.

import { language, t } from './text.js';

const ZONE_MS = 7 * 3600 * 1000;
export const DAY_MS = 24 * 3600 * 1000;

const two = (n) => String(n).padStart(2, '0');

/** An instant as the API writes it, or null. */
export function instantOf(text) {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function civil(ms) {
  const d = new Date(ms + ZONE_MS);
  return {
    year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate(),
    hour: d.getUTCHours(), minute: d.getUTCMinutes(), second: d.getUTCSeconds(),
  };
}

function dayText(c) {
  if (language() === 'en') return `${c.day} ${t('months').split(' ')[c.month - 1]} ${c.year}`;
  // Days below 10 and the months 1 and 2 are written with a zero: Nghị định 30/2020/NĐ-CP.
  return `${two(c.day)}/${c.month < 3 ? two(c.month) : c.month}/${c.year}`;
}

/** "2025-05-08" as people write it. */
export function spokenDay(text) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)/.exec(text || '');
  return parts ? dayText({ year: +parts[1], month: +parts[2], day: +parts[3] }) : text;
}

/** "09:00 ngày 08/5/2025"; with seconds when there are some. */
export function spoken(ms) {
  if (ms === null || ms === undefined) return '–';
  const c = civil(ms);
  const clock = `${two(c.hour)}:${two(c.minute)}${c.second ? `:${two(c.second)}` : ''}`;
  return t('time.at_day', { time: clock, day: dayText(c) });
}

export const spokenInstant = (text) => spoken(instantOf(text));

/** "08/5 09:00", for tables and axes. */
export function brief(ms, withTime = true) {
  const c = civil(ms);
  const day = `${two(c.day)}/${c.month < 3 ? two(c.month) : c.month}`;
  return withTime ? `${day} ${two(c.hour)}:${two(c.minute)}` : day;
}

export const briefInstant = (text) => {
  const ms = instantOf(text);
  return ms === null ? '–' : brief(ms);
};

/** The API's form, to the minute or second: 2025-05-10T09:00:00+07:00. */
export function apiInstant(ms) {
  const c = civil(ms);
  return `${c.year}-${two(c.month)}-${two(c.day)}T${two(c.hour)}:${two(c.minute)}:` +
    `${two(c.second)}+07:00`;
}

/** What the field of the moment shows: 08/05/2025 09:00. */
export function fieldText(ms) {
  const c = civil(ms);
  return `${two(c.day)}/${two(c.month)}/${c.year} ${two(c.hour)}:${two(c.minute)}`;
}

/** What people type: 08/5/2025, 08/05/2025 09:00, 2025-05-08, 2025-05-08T09:00. Null: not a time. */
export function typedInstant(text) {
  const wanted = text.trim();
  const ours = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ ,T]+(\d{1,2}):(\d\d))?$/.exec(wanted);
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?(?:\+07:00)?)?$/.exec(wanted);
  if (!ours && !iso) return null;
  const [year, month, day] = ours ? [+ours[3], +ours[2], +ours[1]] : [+iso[1], +iso[2], +iso[3]];
  const [hour, minute] = ours ? [+(ours[4] || 0), +(ours[5] || 0)] : [+(iso[4] || 0), +(iso[5] || 0)];
  const ms = Date.UTC(year, month - 1, day, hour, minute, iso ? +(iso[6] || 0) : 0) - ZONE_MS;
  const c = civil(ms);
  return c.year === year && c.month === month && c.day === day && hour < 24 && minute < 60 ? ms : null;
}

/** The start of the day, +07:00, that an instant is in. */
export const dayStart = (ms) => Math.floor((ms + ZONE_MS) / DAY_MS) * DAY_MS - ZONE_MS;

/** A length of time in its two largest parts; from 30 days on in days alone. */
export function duration(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds >= 30 * 86400) return t('time.days', { n: Math.floor(seconds / 86400) });
  const parts = [
    ['time.days', Math.floor(seconds / 86400)], ['time.hours', Math.floor(seconds / 3600) % 24],
    ['time.minutes', Math.floor(seconds / 60) % 60], ['time.seconds', seconds % 60],
  ];
  const first = parts.findIndex(([, n]) => n > 0);
  if (first < 0) return t('time.seconds', { n: 0 });
  return parts.slice(first, first + 2).filter(([, n], i) => i === 0 || n > 0)
    .map(([name, n]) => t(name, { n })).join(' ');
}
