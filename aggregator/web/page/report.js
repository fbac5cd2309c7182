// SPDX-License-Identifier: Apache-2.0
// One unit: how it stands, its report with every revision, and the receipts.

import { contactLink, el } from './dom.js';
import { number, value } from './formats.js';
import { address } from './api.js';
import { isUnitCode } from './route.js';
import { standingMark } from './units.js';
import { nameOf, t, tr } from './text.js';
import { spokenDay, spokenInstant } from './time.js';

export const title = 'view.report';

/** What a unit has sent: of an obligation that takes several reports a line for each. */
const linesOf = (standing, unit) => ((standing && standing.units) || [])
  .filter((one) => one.unit === unit && one.revision);

/** The report that the address asks for; where there is none such the newest, and what there is not. */
async function reportOf(ctx, lines) {
  const { unit, number: asked, revision } = ctx.route.params;
  const ask = (params) => ctx.findPart(['reports', unit], params);
  const newest = ctx.obligation.open_ended && lines.length ?
    Math.max(...lines.map((one) => one.number)) : null;
  const isThere = !asked || lines.some((one) => String(one.number) === asked);
  const which = asked && isThere ? asked : newest;
  if (ctx.obligation.open_ended && !which) return {};
  const report = await ask({ number: which, revision: isThere ? revision : null });
  if (!isThere) return { report, noNumber: asked };
  if (report || !revision) return { report };
  const last = await ask({ number: which });
  return { report: last, noRevision: last && revision };
}

export async function load(ctx) {
  const { unit } = ctx.route.params;
  if (!isUnitCode(unit)) return {};
  const [known, standing, chasing] = await Promise.all([ctx.find(['units', unit]),
    ctx.findPart('standing', { unit }), ctx.findPart('chasing', { unit })]);
  const lines = linesOf(standing, unit);
  return { known, standing, chasing, lines, ...await reportOf(ctx, lines) };
}

function facts(pairs) {
  return el('dl', { class: 'facts wide' }, pairs.filter(([, said]) => said).map(([name, said]) =>
    [el('dt', null, t(name)), el('dd', null, said)]));
}

function revisions(ctx, report) {
  const list = [...(report.revisions || [])].sort((a, b) => b.revision - a.revision);
  if (!list.length) return null;
  const receipt = (revision) => address(['plans', ctx.route.plan, 'obligations',
    ctx.route.obligation, 'reports', report.unit, 'receipt'],
  { number: report.number || null, revision: revision.revision });
  return el('section', { class: 'card', 'aria-labelledby': 'revisions' },
    el('h2', { id: 'revisions' }, t('report.revisions')),
    el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': t('report.revisions') },
      el('table', null, el('caption', { class: 'unseen' }, t('report.revisions')),
        el('thead', null, el('tr', null, ['revision', 'received_at', 'position', 'sha256', 'receipt']
          .map((key) => el('th', { scope: 'col', class: key === 'position' ? 'num' : null }, t(key))))),
        el('tbody', null, list.map((one) => el('tr', { key: one.revision,
          class: one.revision === report.revision ? 'chosen' : null },
        el('th', { scope: 'row' }, one.revision === report.revision ?
          t('report.shown', { n: one.revision }) :
          el('a', { href: ctx.link('report', { unit: report.unit, number: report.number || null,
            revision: one.revision }) }, t('report.revision_n', { n: one.revision }))),
        el('td', null, spokenInstant(one.received),
          one.on_behalf && el('span', { class: 'under' }, t('report.on_behalf', { who: one.on_behalf }))),
        el('td', { class: 'num' }, number(one.position)),
        el('td', { class: 'digest' }, el('code', null, one.sha256)),
        el('td', null, el('a', { href: receipt(one),
          download: `bien-nhan-${[report.unit, report.number || null, one.revision]
            .filter(Boolean).join('-')}.txt`, class: 'receipt' },
          t('report.receipt')))))))));
}

function figures(ctx, report) {
  const known = ctx.plan.indicators.filter((one) => report.values && report.values[one.code]);
  const sections = (ctx.plan.sections || []).map((section) => [section,
    known.filter((one) => one.section === section.section)]).filter(([, list]) => list.length);
  return el('section', { class: 'card', 'aria-labelledby': 'figures' },
    el('h2', { id: 'figures' }, t('report.figures')),
    sections.length === 0 && el('p', { class: 'none' }, t('table.none')),
    el('div', { class: 'columns' }, sections.map(([section, list]) =>
      el('table', { class: 'plain', key: section.section },
        el('caption', null, nameOf(section)),
        el('thead', { class: 'unseen' }, el('tr', null, el('th', { scope: 'col' }, t('indicator')),
          el('th', { scope: 'col' }, t('value')))),
        el('tbody', null, list.map((one) => el('tr', { key: one.code },
          el('th', { scope: 'row' }, nameOf(one), el('span', { class: 'under' },
            [one.code, one.unit].filter(Boolean).join(' · '))),
          el('td', { class: 'num' }, value(one, report.values[one.code].value, true),
            report.values[one.code].estimated &&
              el('span', { class: 'under' }, t('note.estimated'))))))))));
}

function texts(ctx, report) {
  const named = (code) => ctx.indicator(code) || { name: code };
  return Object.keys(report.sections || {}).length > 0 && el('section',
    { class: 'card', 'aria-labelledby': 'texts' },
    el('h2', { id: 'texts' }, t('report.texts')),
    Object.entries(report.sections).map(([code, text]) => el('div', { key: code },
      el('h3', null, nameOf(named(code))), el('p', { class: 'prose', lang: 'vi' }, text))));
}

function list(id, name, items, line) {
  return items && items.length > 0 && el('section', { class: 'card', 'aria-labelledby': id },
    el('h2', { id }, t(name)), el('ul', { class: 'plain-list' },
      items.map((item) => el('li', null, line(item)))));
}

function extras(ctx, report) {
  const taskOf = (no) => ((ctx.plan.tasks || []).find((task) => task.no === no) || {}).title || '';
  return [
    list('tasks', 'report.tasks', report.tasks, (task) => [el('strong', null,
      `${task.task}. ${taskOf(task.task)} `), `${tr('task', task.status)}, ${task.percent} %`,
    task.note ? ` – ${task.note}` : '']),
    list('own-models', 'report.models', report.models, (model) => [el('strong', null, model.name),
      ` – ${model.field}; ${tr('stage', model.stage)}. ${model.summary}`]),
    list('attachments', 'report.attachments', report.attachments, (file) => [el('strong', null,
      file.name), ` – ${file.media_type}, ${number(file.size)} B; SHA-256 `,
    el('code', null, file.sha256)]),
    list('warnings', 'report.warnings', report.warnings, (warning) =>
      `${warning.rule}: ${warning.field} ${warning.value}`),
  ];
}

function contactOf(chasing, code) {
  for (const group of (chasing && chasing.groups) || [])
    for (const unit of group.units) if (unit.unit === code) return unit.contact;
  return null;
}

/** Of several reports: which they are, and which of them is shown. */
function choice(ctx, lines, report) {
  return el('nav', { class: 'numbers', 'aria-label': t('report.numbers') }, `${t('report.numbers')}: `,
    el('ul', null, lines.map((one) => el('li', { key: one.number }, one.number === report.number ?
      el('strong', { 'aria-current': 'true' }, t('report.number_shown', { n: number(one.number) })) :
      el('a', { href: ctx.link('report', { unit: one.unit, number: one.number }) },
        t('number', { n: number(one.number) }))))));
}

/** Why there is no report here. */
function absence(ctx, standing, line) {
  if (line) return t('report.none');
  const isUnset = standing && standing.counts.expected === null;
  return t(isUnset ? 'report.unset' : 'report.not_asked');
}

export function draw(ctx, { known, standing, report, chasing, lines, noNumber, noRevision }) {
  const code = ctx.route.params.unit;
  const line = ((standing && standing.units) || []).find((one) => one.unit === code &&
    (!report || (one.number || 0) === (report.number || 0)));
  const contact = contactOf(chasing, code);
  const name = (known && known.name) || (report && report.name) || code;
  if (!known && !report)
    return [el('h1', null, t('report.no_unit', { unit: code || '' })), el('p', null, t('report.find'))];
  return [
    el('div', { class: 'title' }, el('h1', null, name),
      line && standingMark(line.standing)),
    el('p', { class: 'note' }, [known && known.kind_name, known && (known.path || []).slice(0, -1)
      .map((one) => one.name).reverse().join(', '), `${t('unit.code')} ${code}`]
      .filter(Boolean).join(' · ')),
    noNumber && el('p', { class: 'flag' }, report && report.number ?
      t('report.no_number', { n: noNumber, shown: report.number }) :
      t('report.no_numbers', { n: noNumber })),
    noRevision && el('p', { class: 'flag' },
      t('report.no_revision', { n: noRevision, shown: report.revision })),
    report && report.number > 0 && choice(ctx, lines, report),
    report ? el('section', { class: 'card', 'aria-label': t('report.how') }, facts([
      ['received_first', report.first_received && spokenInstant(report.first_received)],
      ['received_at', report.received !== report.first_received && spokenInstant(report.received)],
      ['prepared_at', report.prepared && spokenInstant(report.prepared)],
      ['revision', number(report.revision)],
      ['position', report.entry !== undefined && number(report.entry)],
      ['report.estimated_to', report.estimated_to && spokenDay(report.estimated_to)],
      ['report.document', report.document && [report.document.number,
        spokenDay(report.document.date), report.document.title, report.document.signer]
        .filter(Boolean).join(', ')],
    ])) : el('section', { class: 'card', 'aria-label': t('report.how') },
      el('p', { class: 'none strong' }, absence(ctx, standing, line)),
      contact && el('p', null, `${contact.name || ''} `, contactLink('tel', contact.phone, contact.dial), ' ',
        contactLink('mailto', contact.email), contact.note ? ` – ${contact.note}` : '')),
    report && [revisions(ctx, report), figures(ctx, report), texts(ctx, report),
      extras(ctx, report)],
  ];
}
