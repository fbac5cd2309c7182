// SPDX-License-Identifier: Apache-2.0
// The register of "Dân vận khéo" models, as the units reported them.

import { el } from './dom.js';
import { fold, number } from './formats.js';
import { table } from './table.js';
import { t, tr } from './text.js';

export const title = 'view.models';

const MODELS_MAX = 500;

export async function load(ctx) {
  return { register: await ctx.ask('models', { ...ctx.scope, limit: MODELS_MAX }) };
}

const STAGES = ['registered', 'running', 'recognised', 'ended'];

export function draw(ctx, { register }) {
  const { q } = ctx.route.params;
  const stage = STAGES.find((name) => name === ctx.route.params.stage);
  const { counts } = register;
  const rows = register.models.filter((model) => (!stage || model.stage === stage) &&
    (!q || fold([model.name, model.field, model.summary, model.unit_name].join(' ')).includes(fold(q))));
  const text = (id, label, of_) => ({ id, label: t(label), isText: true, value: of_, cell: of_ });
  const columns = [
    { ...text('name', 'model', (model) => model.name), isHeader: true },
    { ...text('unit', 'unit', (model) => model.unit_name), cell: (model) => [
      el('a', { href: ctx.link('report', { unit: model.unit, number: model.number || null }) },
        model.unit_name), ' ',
      el('span', { class: 'aside' }, model.parent_name || '')] },
    text('field', 'model.field', (model) => model.field || ''),
    { ...text('stage', 'model.stage', (model) => STAGES.indexOf(model.stage)),
      cell: (model) => tr('stage', model.stage) },
    { id: 'summary', label: t('model.summary'), class: 'prose', cell: (model) => model.summary || '' },
  ];
  return [
    el('h1', null, t(title)),
    el('div', { class: 'filters' },
      el('div', { class: 'choices', role: 'group', 'aria-label': t('model.stage') },
        ['', ...STAGES].map((name) => el('button', { type: 'button',
          'aria-pressed': (stage || '') === name ? 'true' : 'false',
          onclick: () => ctx.go({ stage: name || null }) },
        name ? tr('stage', name) : t('all'), ' ',
        el('span', { class: 'count' }, number(name ? counts.by_stage[name] || 0 : counts.models))))),
      el('label', { class: 'field' }, el('span', null, t('models.find')), el('input',
        { type: 'search', value: q || '', autocomplete: 'off',
          oninput: (event) => ctx.go({ q: event.target.value || null }, { replace: true }) }))),
    el('p', { class: 'note' }, t('models.counts', { of: counts.expected === null ?
      '' : t('models.of', { n: number(counts.expected) }), models: number(counts.models),
      units: number(counts.units), reports: number(counts.reports) }),
    counts.by_field.length > 0 && ` ${counts.by_field.map((one) =>
      `${one.field}: ${number(one.count)}`).join('; ')}.`),
    register.models.length === 0 ? el('p', { class: 'none strong' }, t('models.none')) :
      table({ caption: t(title), columns, rows, ctx, order: 'unit',
        keyOf: (model) => `${model.unit}/${model.position}/${model.name}`, classes: 'page-tall' }),
    register.more && el('p', { class: 'flag' }, t('models.cut', { n: number(MODELS_MAX) })),
  ];
}
