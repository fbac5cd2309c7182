// SPDX-License-Identifier: Apache-2.0
// What stands around every view: bands, pickers, tabs, where and when, and the line of origin.

import { address } from './api.js';
import { el } from './dom.js';
import { coverage, number, percent } from './formats.js';
import { format, toView } from './route.js';
import { choose, language, t } from './text.js';
import { spoken, spokenDay, spokenInstant } from './time.js';

export const VIEWS = ['overview', 'units', 'chasing', 'indicators', 'figures', 'narrative', 'models',
  'closings'];

/** Full-width words that must not be missed: a rehearsal, another moment than now, no connection. */
export function bands(ctx, connection) {
  const { store } = ctx;
  return [
    store.mode === 'rehearsal' && el('p', { class: 'band rehearsal', key: 'rehearsal', id: 'rehearsal' },
      el('strong', null, t('band.rehearsal')), ' ', t('band.rehearsal.why')),
    (store.recovery_open || store.clock === 'suspect') && el('p', { class: 'band doubt', key: 'doubt' },
      t(store.recovery_open ? 'band.recovery' : 'band.clock')),
    ctx.isPast && el('p', { class: 'band past', key: 'past', id: 'as-of' },
      el('strong', null, t('band.as_of', { at: spoken(ctx.moment) })), ' ',
      el('a', { href: ctx.link(ctx.route.view, { ...ctx.route.params, as_of: null, position: null }),
        class: 'button small', id: 'return' }, t('band.return'))),
    connection.isStale && el('p', { class: 'band stale', key: 'stale', id: 'stale' },
      el('strong', null, t('band.stale')), ' ',
      t('band.stale.why', { at: connection.since ? spoken(connection.since) : '–',
        seconds: connection.retryIn })),
  ];
}

/** One word about what is seen: live, of another moment, stale, or nothing for a problem. */
export function badge(ctx, connection) {
  const state = connection.isStale ? 'stale' : ctx.isProblem ? 'problem' : ctx.isPast ? 'past' : 'live';
  return el('span', { class: `badge badge-${state}`, id: 'badge' },
    el('span', { class: 'dot', 'aria-hidden': 'true' }), t(`badge.${state}`),
    ctx.store.mode === 'rehearsal' ? ` · ${t('badge.rehearsal')}` : '');
}

/** Around a problem, whose plan may be none of the store's: without a place. */
export function brand(ctx) {
  return [el('span', { class: 'brand-mark', 'aria-hidden': 'true' }),
    el('span', { class: 'brand-name' }, t('brand')),
    ctx.planLine && el('span', { class: 'brand-where', lang: 'vi' }, ctx.planLine.territory_name)];
}

const dated = (obligation) => (obligation.due ? ` – ${t('picker.due',
  { at: spokenDay(obligation.due.instant) })}` : '');

export function picker(ctx, plans) {
  const { plan: id, obligation: chosen } = ctx.route;
  const isThere = plans.some((plan) => plan.id === id &&
    plan.obligations.some((obligation) => obligation.id === chosen));
  return el('label', null, el('span', { class: 'unseen' }, t('picker')),
    el('select', { id: 'pick', onchange: (event) => {
      const [plan, obligation] = event.target.value.split('/').map(decodeURIComponent);
      location.hash = format(toView({ ...ctx.route, plan, obligation, params: {} }, 'overview'));
    } }, !isThere && el('option', { value: '', selected: true, disabled: true }, t('picker.choose')),
    plans.map((plan) => el('optgroup', { label: plan.title },
      plan.obligations.map((obligation) => el('option', {
        value: [plan.id, obligation.id].map(encodeURIComponent).join('/'),
        selected: plan.id === ctx.route.plan && obligation.id === ctx.route.obligation,
      }, obligation.title + dated(obligation)))))));
}

function downloads(ctx) {
  const file = (name) => address(['plans', ctx.route.plan, 'obligations', ctx.route.obligation, name],
    { unit: ctx.scope.unit, branch: ctx.scope.branch, ...ctx.moment_ });
  const kinds = ['xlsx', 'odt', 'csv', 'json'];
  return el('details', { class: 'menu', id: 'downloads' },
    el('summary', { class: 'button' }, t('downloads')),
    el('ul', null, kinds.map((kind) => el('li', null,
      el('a', { href: file(`export.${kind}`), download: '' }, el('strong', null, kind.toUpperCase()),
        el('span', { class: 'under' }, t(`downloads.${kind}`))))),
    el('li', null, el('button', { type: 'button', onclick: () => window.print() },
      el('strong', null, t('print')), el('span', { class: 'under' }, t('print.why'))))));
}

export function tools(ctx, connection, { redraw, openHelp }) {
  const other = language() === 'vi' ? 'en' : 'vi';
  return [badge(ctx, connection), !ctx.isProblem && downloads(ctx),
    el('button', { type: 'button', class: 'plain', lang: other, id: 'language', onclick: () => {
      choose(other);
      redraw();
    } }, other === 'en' ? 'English' : 'Tiếng Việt'),
    el('button', { type: 'button', class: 'plain', id: 'help-button', onclick: openHelp,
      'aria-keyshortcuts': '?' }, t('help'))];
}

export function tabs(ctx) {
  return el('ul', null, VIEWS.map((name, i) => el('li', null, el('a', {
    href: ctx.link(name), 'aria-current': name === ctx.route.view ? 'page' : null,
    'aria-keyshortcuts': String(i + 1),
  }, t(`view.${name}`)))));
}

const BRANCHES = ['', 'communes', 'bodies'];

/** The part of the province that is looked at, and what the figures rest on. */
export function scope(ctx) {
  const { counts } = ctx.brief;
  const chosen = ctx.route.params.branch || '';
  const here = ctx.route.view === 'report' ? 'overview' : ctx.route.view;
  const parts = ctx.route.view === 'report' ? ctx.path : ctx.path.slice(0, -1);
  const isLast = ctx.path[ctx.path.length - 1];
  return [
    el('nav', { class: 'crumbs', 'aria-label': t('scope.path') }, el('ol', null,
      parts.filter((one) => one !== isLast).map((one, i) => el('li', { key: one.unit },
        el('a', { href: ctx.link(here, { unit: i === 0 ? null : one.unit }) }, one.name))),
      el('li', { key: 'here' }, el('span', { 'aria-current': 'location' }, isLast ? isLast.name : '–')))),
    ctx.route.view !== 'report' && el('div', { class: 'choices', role: 'group',
      'aria-label': t('scope.branch') }, BRANCHES.map((name) => el('button', { type: 'button',
      'aria-pressed': chosen === name ? 'true' : 'false',
      onclick: () => ctx.go({ branch: name || null }) }, t(`branch.${name || 'all'}`)))),
    el('p', { class: 'origin', id: 'origin' },
      el('span', null, counts.expected === null ? t('origin.received', { n: number(counts.received) }) :
        [`${ctx.countsWhere}: `, el('strong', null, coverage(counts.received, counts.expected)), ' ',
          t('origin.reported', { percent: percent(counts.received, counts.expected) })]), ' · ',
      el('span', null, t('origin.as_of', { at: spokenInstant(ctx.brief.as_of) })), ' · ',
      el('span', null, t('origin.position', { n: number(ctx.brief.position) })))];
}

/** The head of every printed page. */
export function running(ctx) {
  const { counts } = ctx.brief;
  const said = counts.expected === null ? t('origin.received', { n: number(counts.received) }) :
    t('running.coverage', { said: coverage(counts.received, counts.expected),
      percent: percent(counts.received, counts.expected) });
  return [
    el('p', { class: 'running-title' }, ctx.store.mode === 'rehearsal' &&
      el('strong', null, `${t('band.rehearsal')} `),
    `${ctx.obligation.title} – ${ctx.whole}`),
    el('p', null, `${t('origin.as_of', { at: spokenInstant(ctx.brief.as_of) })} · ` +
      `${ctx.countsWhere}: ${said} · ` +
      t('origin.position', { n: number(ctx.brief.position) })),
  ];
}

export function foot(ctx) {
  return [
    ctx.planLine && el('p', null, `${ctx.planLine.title} – ${ctx.planLine.issuer.name}`),
    el('p', null, `${t('foot.log')} `, el('code', null, ctx.store.realm), ' · ',
      el('a', { href: address(['checkpoint']) }, t('foot.checkpoint')), ` · tonghop ${ctx.store.version}`),
  ];
}

export function help(keysOn, setKeys, close) {
  const line = (key, words) => [el('dt', null, el('kbd', null, key)), el('dd', null, words)];
  return [
    el('h2', null, t('help.title')),
    el('dl', { class: 'keys' }, line('1 – 8', t('help.tabs')), line('/', t('help.search')),
      line('[  ]', t('help.marks')), line('n', t('help.now')), line('?', t('help.this')),
      line('Esc', t('help.close')), line('← →', t('help.hour')), line('PgUp PgDn', t('help.day'))),
    el('label', { class: 'check' }, el('input', { type: 'checkbox', checked: keysOn,
      onchange: (event) => setKeys(event.target.checked) }), t('help.on')),
    el('p', { class: 'note' }, t('help.note')),
    el('p', null, el('button', { type: 'button', onclick: close }, t('close'))),
  ];
}
