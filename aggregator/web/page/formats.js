// SPDX-License-Identifier: Apache-2.0
// Figures come as decimal text and stay text: they are grouped, never calculated with here.

import { language, t } from './text.js';
import { spokenDay } from './time.js';

/** "1234567.5" as 1.234.567,5; anything that is no number as it is. */
export function number(value) {
  const text = String(value);
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!parts) return text;
  const [group, point] = language() === 'en' ? [',', '.'] : ['.', ','];
  const whole = parts[2].replace(/\B(?=(\d{3})+$)/g, group);
  return `${parts[1] ? '\u2212' : ''}${whole}${parts[3] ? point + parts[3] : ''}`;
}

/** With its sign: +12, −3. */
export const signed = (value) => (/^-|^0(\.0+)?$/.test(String(value)) ? number(value) :
  `+${number(value)}`);

/** Part of a whole to one decimal: 100 % is said only of all, 0 % only of nothing. */
export function percent(part, whole) {
  if (!whole) return '–';
  const near = Math.round((part * 1000) / whole);
  const tenths = part < whole && near === 1000 ? 999 : part > 0 && near === 0 ? 1 : near;
  return `${number(tenths % 10 ? (tenths / 10).toFixed(1) : String(tenths / 10))} %`;
}

/** n of m units, as every total is shown. */
export const coverage = (part, whole) => t('coverage', { part: number(part), whole: number(whole) });

/** How much there is behind a total: of how many units, where it is said who must report; otherwise
 * of how many reports. */
export const coverageOf = (part, whole) => (whole === null ? t('reports', { n: number(part) }) :
  coverage(part, whole));

/** One value of an indicator. A bool of one unit is yes or no; of many, how many said yes. */
export function value(indicator, raw, isOfOne = false) {
  if (raw === null || raw === undefined || raw === '') return '–';
  if (typeof raw === 'object') {
    if ('average' in raw) return number(raw.average);
    return Object.entries(raw).map(([name, n]) => `${name}: ${number(n)}`).join('; ');
  }
  if (indicator && indicator.kind === 'date') return spokenDay(String(raw));
  if (isOfOne && indicator && indicator.kind === 'bool') return t(raw === '1' ? 'yes' : 'not_yet');
  return number(raw);
}

/** Without diacritics and case, for finding: "Đăk Đoa" is "dak doa". */
export function fold(text) {
  return text.toLowerCase().replace(/đ/g, 'd').normalize('NFD').replace(/[\u0300-\u036f]/g, '');
}

/** For sorting alone. */
export function sortable(raw) {
  if (raw === null || raw === undefined || raw === '') return -Infinity;
  const n = Number(raw);
  return Number.isNaN(n) ? String(raw) : n;
}

export function compare(a, b) {
  if (typeof a === 'string' && typeof b === 'string') return a.localeCompare(b, 'vi');
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'number' ? -1 : 1;
}
