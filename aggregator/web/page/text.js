// SPDX-License-Identifier: Apache-2.0
// The page's own words. Vietnamese is the first language; names in the data are never translated.

import { vi } from './vi.js';
import { en } from './en.js';

const WORDS = { vi, en };
const KEPT_AS = 'tonghop.language';

let chosen = 'vi';
try {
  if (localStorage.getItem(KEPT_AS) === 'en') chosen = 'en';
} catch { /* storage is refused: Vietnamese */ }

export const language = () => chosen;

export function choose(name) {
  chosen = name in WORDS ? name : 'vi';
  try {
    localStorage.setItem(KEPT_AS, chosen);
  } catch { /* it lasts as long as the page */ }
}

/** The words of a key; {name} in them is replaced. A key without words is shown as it is. */
export function t(key, values) {
  const words = WORDS[chosen][key] ?? WORDS.vi[key] ?? key;
  return values ? words.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all) : words;
}

/** Words for a value of the data when there are any, otherwise the value. */
export const tr = (prefix, value) => {
  const key = `${prefix}.${value}`;
  return key in WORDS.vi ? t(key) : String(value);
};

/** A name in the reader's language, where the data has both. */
export const nameOf = (thing) => (chosen === 'en' && thing.name_en) || thing.name;
