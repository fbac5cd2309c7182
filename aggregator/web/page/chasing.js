// SPDX-License-Identifier: Apache-2.0
// Whom to call: the units that have not reported, district by district, with their officers.

import { address } from './api.js';
import { contactLink, copyText, el } from './dom.js';
import { coverage, number } from './formats.js';
import { t } from './text.js';

export const title = 'view.chasing';

export async function load(ctx) {
  return { chasing: await ctx.ask('chasing', ctx.scope) };
}

const emails = (units) => units.map((unit) => unit.contact && unit.contact.email)
  .filter((email) => email && /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(email));

const groupName = (ctx, group) => group.name ?? t('part.direct', { where: ctx.scopeName });

function mailAll(ctx, group) {
  const to = emails(group.units);
  if (!to.length) return null;
  const subject = t('chasing.subject', { title: ctx.obligation.title });
  const query = `bcc=${to.map(encodeURIComponent).join(',')}&subject=${encodeURIComponent(subject)}`;
  return el('a', { class: 'button small', href: `mailto:?${query}` },
    t('chasing.mail', { n: number(to.length) }));
}

function copyButton(ctx, text, label) {
  return el('button', { type: 'button', class: 'small', onclick: async () =>
    ctx.announce(t(await copyText(text) ? 'copied' : 'not_copied'), true) }, label);
}

function contactText(unit) {
  const c = unit.contact;
  return c ? [c.name, c.phone, c.email].filter(Boolean).join(', ') : t('chasing.no_contact');
}

function groupCard(ctx, group) {
  const name = groupName(ctx, group);
  const id = `group-${group.unit ?? 'bodies'}`;
  const lines = group.units.map((unit) => `- ${unit.name}: ${contactText(unit)}`).join('\n');
  return el('section', { class: 'card', key: id, 'aria-labelledby': id },
    el('div', { class: 'card-head' },
      el('h2', { id }, name, ' ', el('span', { class: 'count missing' },
        t('chasing.n_missing', { n: number(group.missing) }))),
      el('div', { class: 'actions' }, copyButton(ctx, `${name}:\n${lines}`, t('chasing.copy_group')),
        mailAll(ctx, group))),
    el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': name },
      el('table', { class: 'people' }, el('caption', { class: 'unseen' }, name),
        el('thead', null, el('tr', null, ['unit', 'chasing.late', 'chasing.person', 'chasing.phone',
          'chasing.email', 'notes'].map((key, i) => el('th',
          { scope: 'col', class: i === 1 ? 'num' : null }, t(key))))),
        el('tbody', null, group.units.map((unit) => el('tr', { key: unit.unit },
          el('th', { scope: 'row' }, el('a', { href: ctx.link('report', { unit: unit.unit }) },
            unit.name), ' ', el('span', { class: 'aside' }, unit.kind_name)),
          el('td', { class: 'num' }, unit.days_late > 0 ? t('time.days', { n: number(unit.days_late) }) :
            t('chasing.not_yet')),
          unit.contact ? [el('td', null, unit.contact.name || '–'),
            el('td', { class: 'when' }, contactLink('tel', unit.contact.phone, unit.contact.dial) || '–'),
            el('td', null, contactLink('mailto', unit.contact.email) || '–'),
            el('td', null, unit.contact.note || '')] :
            el('td', { colspan: 4, class: 'none' }, t('chasing.no_contact'))))))));
}

/** Why there is nobody to chase. */
function nobody(counts) {
  if (counts.expected === null) return t('chasing.undated');
  return counts.expected === 0 ? t('chasing.unasked') :
    t('chasing.nobody', { coverage: coverage(counts.received, counts.expected) });
}

export function draw(ctx, { chasing }) {
  const { counts, groups } = chasing;
  const path = (file) => address(['plans', ctx.route.plan, 'obligations', ctx.route.obligation, file],
    { ...ctx.moment_, ...ctx.scope });
  return [
    el('div', { class: 'title' }, el('h1', null, t(title)),
      counts.expected !== null && el('p', { class: 'coverage' },
        t('chasing.coverage', { missing: number(counts.missing), all: number(counts.expected) }))),
    el('div', { class: 'actions wide' },
      copyButton(ctx, chasing.text, t('chasing.copy')),
      el('a', { class: 'button small', href: path('chasing.csv'), download: '' }, t('chasing.csv')),
      el('a', { class: 'button small', href: path('chasing.txt'), download: '' }, t('chasing.txt'))),
    groups.length === 0 && el('p', { class: 'none strong' }, nobody(counts)),
    groups.map((group) => groupCard(ctx, group)),
    groups.length > 0 && el('details', { class: 'card' }, el('summary', null, t('chasing.text')),
      el('pre', { class: 'paste', lang: 'vi' }, chasing.text)),
  ];
}
