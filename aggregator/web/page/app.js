// SPDX-License-Identifier: Apache-2.0
// Puts the parts together: address → what to ask → what to show. Answers that come for an address
// that was left meanwhile are dropped.

import * as frame from './frame.js';
import * as indicators from './indicators.js';
import * as overview from './overview.js';
import * as units from './units.js';
import { Problem, find, get } from './api.js';
import { el, patch } from './dom.js';
import { coverageOf } from './formats.js';
import { watch } from './live.js';
import { format, isUnitCode, parse, toView, withParams } from './route.js';
import { searchBox } from './search.js';
import { momentParam, nextMark, strip, timelineOf } from './slider.js';
import { language, t } from './text.js';
import { DAY_MS, instantOf } from './time.js';

/** Each view is a module: {title, load(ctx), draw(ctx, data)}. The first, and those that others need, are
 * here at once; the others come after it is shown, so that they are there when the server no longer is. */
const VIEWS = { overview, units, indicators, chasing: './chasing.js', figures: './figures.js',
  narrative: './narrative.js', models: './models.js', closings: './closings.js', report: './report.js' };
const failures = {}; // view → how often it could not be fetched

/** One that cannot be fetched is the server out of reach, as it is for an answer. It is asked for again
 * by another address: of the same one most browsers say that it failed as long as the page lives. */
async function viewOf(name) {
  const view = VIEWS[name];
  if (typeof view !== 'string') return view;
  try {
    return await import(failures[name] ? `${view}?${failures[name]}` : view);
  } catch (error) {
    failures[name] = (failures[name] || 0) + 1;
    throw error instanceof TypeError ? new Problem({}) : error;
  }
}
const LONG_PAST_MS = 14 * DAY_MS;
const UNITS_PAGE = 1000;
const UNITS_KEPT_MS = 600000;
const ELSEWHERE_MS = 5000;
const AGAIN_MAX_MS = 30000;
const byId = (id) => document.getElementById(id);

const state = {
  turn: 0, ctx: null, data: null, plans: null, store: null, line: null, offset: 0, shown: '',
  connection: { isStale: false, since: 0, retryIn: 0 }, unitList: null, unitsAt: 0, keysOn: true,
  coverage: '', later: null, isProblem: false, // what the address asks for cannot be shown
  misses: 0, again: null, shownAt: 0, // since then answers did not come, so many times
  isBehind: false, // what came while a past moment was shown was not asked for
};

// ---- what is looked at ----

/** The store's time now: a rehearsal's clock stands still, the other goes on between answers. */
const storeNow = () => {
  const said = instantOf(state.store.time);
  return state.store.mode === 'rehearsal' ? said : Math.max(said, Date.now() + state.offset);
};

/** The due instant that is nearest and not long past; without one the last that was due. */
function usual(plans) {
  const now = storeNow();
  const all = plans.flatMap((plan) => plan.obligations.map((obligation) => ({ plan, obligation,
    due: obligation.due && !obligation.suspended ? instantOf(obligation.due.instant) : null })));
  const dated = all.filter((one) => one.due !== null).sort((a, b) => a.due - b.due);
  return dated.find((one) => one.due > now - LONG_PAST_MS) || dated[dated.length - 1] || all[0];
}

function routeOf(hash) {
  const route = parse(hash);
  const plan = state.plans.find((one) => one.id === route.plan);
  const obligation = plan && plan.obligations.find((one) => one.id === route.obligation);
  if (obligation && (!route.view || Object.hasOwn(VIEWS, route.view)))
    return { ...route, view: route.view || 'overview' };
  if (obligation) return { ...route, view: 'overview', noView: route.view };
  if (route.plan)
    throw new Problem({ status: 404, code: 'not_found', title: t('problem.plan'),
      detail: t('problem.plan.do'), isOwn: true });
  const first = usual(state.plans);
  if (!first) throw new Problem({ status: 404, code: 'no_plan', title: t('problem.empty'),
    detail: t('problem.empty.do'), isOwn: true });
  return { plan: first.plan.id, obligation: first.obligation.id, view: 'overview',
    params: route.params };
}

async function unitList() {
  if (state.unitList && Date.now() - state.unitsAt < UNITS_KEPT_MS) return state.unitList;
  const all = [];
  let after = null;
  do {
    const answer = await get(['units'], { limit: UNITS_PAGE, after });
    all.push(...answer.units.filter((unit) => unit.valid !== false));
    after = answer.more;
  } while (after);
  Object.assign(state, { unitList: all, unitsAt: Date.now() });
  return all;
}

const names = async () => new Map((await unitList()).map((unit) => [unit.unit, unit.name]));

/** What a unit is called where its place does not stand beside it: with the place when another unit of
 * its level has the same name. */
async function callings() {
  const all = await unitList();
  const seen = new Map();
  const own = (unit) => `${unit.level}/${unit.name}`;
  for (const unit of all) seen.set(own(unit), (seen.get(own(unit)) || 0) + 1);
  return new Map(all.map((unit) => [unit.unit, seen.get(own(unit)) > 1 && unit.parent_name ?
    `${unit.name} (${unit.parent_name})` : unit.name]));
}

const isPast = ({ params }) => Boolean(params.as_of || params.position);

function makeContext(route) {
  const planLine = state.plans.find((one) => one.id === route.plan);
  const { unit, branch, as_of: asOf, position } = route.params;
  const moment_ = asOf ? { as_of: asOf } : position ? { position } : {};
  const at = ['plans', route.plan, 'obligations', route.obligation];
  const part = (what) => [...at, ...(Array.isArray(what) ? what : [what])];
  const isReport = route.view === 'report';
  return {
    route, planLine, store: state.store, moment_, names, callings,
    isPast: isPast(route),
    scope: isReport ? {} : { unit, branch },
    obligation: planLine.obligations.find((one) => one.id === route.obligation),
    ask: (what, params) => get(part(what), { ...params, ...moment_ }),
    findPart: (what, params) => find(part(what), { ...params, ...moment_ }),
    find: (where) => find(where, moment_),
    link: (view, params) => format(toView(route, view, view === 'report' || route.view === 'report' ?
      { unit: null, branch: null, ...params } : params)),
    go: (params, options) => choose(route, params, options),
    announce,
  };
}

/** The parts of the frame that need answers of their own. */
async function complete(ctx) {
  const unit = ctx.route.params.unit || ctx.planLine.territory;
  const [plan, brief, known] = await Promise.all([
    get(['plans', ctx.route.plan]), ctx.ask('standing', { ...ctx.scope, brief: 1 }),
    isUnitCode(unit) ? ctx.find(['units', unit]) : null]);
  ctx.plan = plan;
  ctx.brief = brief;
  ctx.moment = instantOf(brief.as_of);
  if (!ctx.isPast) ctx.moment = Math.max(ctx.moment, storeNow());
  ctx.minute = ctx.isPast ? ctx.moment : Math.floor(ctx.moment / 60000) * 60000;
  ctx.path = (known && known.path) || [{ unit, name: unit }];
  ctx.scopeName = ctx.path[ctx.path.length - 1].name;
  const within = ctx.scope.branch ? ` (${t(`branch.${ctx.scope.branch}`).toLowerCase()})` : '';
  ctx.whole = ctx.scopeName + within;
  ctx.countsWhere = (ctx.scope.unit ? ctx.scopeName : ctx.planLine.territory_name) + within;
  ctx.indicator = (code) => plan.indicators.find((one) => one.code === code);
}

/** What the slider spans: always of now, of the whole territory. */
async function timeline(route, isFresh) {
  const whose = `${route.plan}/${route.obligation}`;
  if (state.line && state.line.whose === whose && !isFresh)
    return { ...state.line, to: Math.max(state.line.to, storeNow()) };
  const at = ['plans', route.plan, 'obligations', route.obligation];
  const planLine = state.plans.find((one) => one.id === route.plan);
  const [obligation, arrivals] = await Promise.all([get(at), find([...at, 'arrivals'])]);
  return { whose, ...timelineOf(planLine, obligation, arrivals, storeNow()) };
}

// ---- showing ----

function announce(words, isSeen = false) {
  byId('live').textContent = words;
  if (!isSeen) return;
  const note = el('p', { class: 'toast', 'aria-hidden': 'true' }, words);
  document.body.append(note);
  setTimeout(() => note.remove(), 2500);
}

/** A drag, and steps by key, are one way: “back” leads to where it began. */
const moves = {
  announce,
  now: storeNow,
  isDragged: false,
  drag(ms) {
    clearTimeout(moves.timer);
    moves.timer = setTimeout(() => {
      moves.isDragged = move(ms, moves.isDragged) || moves.isDragged;
    }, 90);
  },
  settle(ms, { isStep = false } = {}) {
    clearTimeout(moves.timer);
    move(ms, moves.isDragged || (isStep && isPast(here())));
    moves.isDragged = false;
  },
};

function move(ms, isReplaced) {
  if (!state.ctx) return false;
  const asOf = momentParam(ms);
  const route = here();
  if ((route.params.as_of || null) === asOf && !route.params.position) return false;
  go(withParams(route, { as_of: asOf, position: null }), { replace: isReplaced });
  return true;
}

/** Where the address leads, which may not be shown yet; what it leaves out is as shown. */
function here() {
  const asked = parse(location.hash);
  const { plan, obligation, view } = state.ctx.route;
  return { ...asked, plan: asked.plan || plan, obligation: asked.obligation || obligation,
    view: asked.view || view };
}

/** Another choice in what is shown: added to those before it whose answers are still to come. */
function choose(route, params, options) {
  const now = here();
  const isSame = ['plan', 'obligation', 'view'].every((name) => now[name] === route[name]);
  go(withParams(isSame ? now : route, params), options);
}

function go(route, { replace = false } = {}) {
  const hash = format(route);
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  show();
}

/** What stands around everything, whatever is shown. */
function paintLanguage() {
  document.documentElement.lang = language();
  byId('skip').textContent = t('skip');
  byId('tabs').setAttribute('aria-label', t('tabs'));
  byId('strip').setAttribute('aria-label', t('strip'));
}

function paintFrame(ctx) {
  paintLanguage();
  document.title = `${ctx.isPast ? `${t('badge.past')} · ` : ''}${t(ctx.view.title)} – ` +
    `${ctx.obligation.title}${ctx.store.mode === 'rehearsal' ? ` (${t('badge.rehearsal')})` : ''}`;
  patch(byId('bands'), frame.bands(ctx, connection()));
  patch(byId('brand'), frame.brand(ctx));
  patch(byId('picker'), frame.picker(ctx, state.plans));
  patch(byId('tools'), frame.tools(ctx, connection(), { redraw, openHelp }));
  patch(byId('tabs'), frame.tabs(ctx));
  const current = byId('tabs').querySelector('[aria-current]');
  if (current && state.tab !== ctx.route.view)
    byId('tabs').firstChild.scrollLeft = current.offsetLeft - 40;
  state.tab = ctx.route.view;
  patch(byId('scope'), frame.scope(ctx));
  patch(byId('running'), frame.running(ctx));
  patch(byId('foot'), frame.foot(ctx));
  if (state.line) patch(byId('strip'), strip(ctx, state.line, moves));
  document.body.classList.toggle('is-past', ctx.isPast);
}

function paint(ctx, data) {
  paintFrame(ctx);
  const main = byId('main');
  const { noView } = ctx.route;
  patch(main, [noView && el('p', { class: 'flag', key: 'no-view' }, t('no_view', { name: noView,
    shown: t(ctx.view.title) })), ctx.view.draw(ctx, data)]);
  main.setAttribute('aria-busy', 'false');
  const { counts } = ctx.brief;
  const said = coverageOf(counts.received, counts.expected);
  const place = format({ ...ctx.route, params: { ...ctx.route.params, q: null, sort: null } });
  if (state.coverage && state.shown === place && said !== state.coverage)
    announce(t('live.changed', { said }));
  const isOther = state.shown && state.view !== `${ctx.route.view}/${ctx.route.params.unit || ''}`;
  state.view = `${ctx.route.view}/${ctx.route.params.unit || ''}`;
  state.shown = place;
  state.coverage = said;
  if (isOther) {
    window.scrollTo(0, 0);
    if (![byId('slider'), byId('find')].includes(document.activeElement))
      main.focus({ preventScroll: true });
    announce(`${t(ctx.view.title)}: ${said}`);
  }
}

/** A title and a sentence in the reader's language: the server's own are Vietnamese alone. */
function wordsOf(problem) {
  if (!(problem instanceof Problem)) return [t('problem'), t('problem.page')];
  if (problem.isOwn) return [problem.title, problem.detail];
  if (problem.isUnreachable && !problem.detail) return [t('problem'), t('problem.unreachable')];
  const key = `problem.is.${problem.code}`;
  const byCode = t(key) === key ? t('problem.is.other') : t(key);
  return [t('problem'), (language() === 'vi' && problem.detail) || byCode];
}

/** Around a problem stands nothing that was true of what was shown before it. Its own plan, when
 * there is such a one, can be looked at elsewhere, now and as a whole. */
function paintFrameOfProblem() {
  const route = { ...parse(location.hash), params: {} };
  const planLine = (state.plans || []).find((one) => one.id === route.plan &&
    one.obligations.some((obligation) => obligation.id === route.obligation));
  const ctx = { route, planLine, store: state.store || {}, isProblem: true,
    link: (view) => format(toView(route, view)) };
  paintLanguage();
  document.title = `${t('problem')} – ${t('brand')}`;
  patch(byId('bands'), frame.bands(ctx, connection()));
  patch(byId('tools'), frame.tools(ctx, connection(), { redraw, openHelp }));
  patch(byId('brand'), frame.brand(ctx));
  patch(byId('tabs'), planLine ? frame.tabs(ctx) : []);
  patch(byId('foot'), state.store ? frame.foot(ctx) : []);
  for (const id of ['strip', 'scope', 'running']) patch(byId(id), []);
  document.body.classList.remove('is-past');
}

/** How fresh what is shown is: an answer that did not come makes it stale, whatever came besides. */
const connection = () => (state.connection.isStale || !state.misses ? state.connection :
  { isStale: true, since: state.shownAt, retryIn: Math.round(againIn() / 1000) });

const againIn = () => Math.min(1000 * 2 ** (state.misses - 1), AGAIN_MAX_MS);

function paintAround() {
  if (state.isProblem) paintFrameOfProblem();
  else paintFrame(state.ctx);
}

/** What is shown stays, is told to be stale, and is asked for again. */
function miss(isAsked) {
  state.misses += 1;
  if (isAsked && location.hash !== format(state.ctx.route)) announce(t('problem.unreachable'), true);
  else if (state.misses === 1 && !state.connection.isStale) announce(t('band.stale'));
  clearTimeout(state.again);
  state.again = setTimeout(() => show({ isFresh: true }), againIn());
  paintAround();
}

/** `isAsked`: by the person, who looks for what comes of it. */
function paintProblem(problem, isAsked) {
  const main = byId('main');
  main.setAttribute('aria-busy', 'false');
  if (problem.isUnreachable && state.data) { // the band says it; what is there stays
    miss(isAsked);
    return;
  }
  const known = problem instanceof Problem;
  const route = parse(location.hash);
  if (!known) console.error(problem);
  const [title, sentence] = wordsOf(problem);
  Object.assign(state, { isProblem: true, misses: 0 });
  paintFrameOfProblem();
  patch(main, [el('h1', null, title),
    el('div', { class: 'problem', role: 'alert' },
      el('p', null, sentence),
      el('p', { class: 'note' }, `${known ? problem.code : problem.message}`),
      el('p', null, el('button', { type: 'button', onclick: () => show() }, t('again')), ' ',
        el('a', { href: '#/', class: 'button' }, t('problem.start')), ' ',
        (route.params.as_of || route.params.position) && route.plan && el('a', { class: 'button',
          href: format(withParams(route, { as_of: null, position: null })) }, t('band.return'))))]);
  if (state.plans) patch(byId('picker'), frame.picker({ route }, state.plans));
}

let viewsAsked = false;
function fetchViews() {
  if (viewsAsked) return;
  viewsAsked = true;
  setTimeout(() => Object.keys(VIEWS).forEach((name) => viewOf(name).catch(() => {
    viewsAsked = false; // asked again with what is shown next
  })), 200);
}

function redraw() {
  search();
  if (state.ctx && state.data && !state.isProblem) paint(state.ctx, state.data);
  else show();
}

async function show({ isFresh = false, isLive = false } = {}) {
  const mine = ++state.turn;
  clearTimeout(state.again);
  byId('main').setAttribute('aria-busy', 'true');
  try {
    const isAnew = isFresh || (state.isBehind && !isPast(parse(location.hash)));
    if (!state.plans || isAnew) {
      state.unitsAt = 0;
      const [store, plans] = await Promise.all([get(['store']), get(['plans'])]);
      heardStore(store);
      state.plans = plans.plans;
    }
    const route = routeOf(location.hash);
    const ctx = makeContext(route);
    const [line, view] = await Promise.all([timeline(route, isAnew || isLive),
      viewOf(route.view), complete(ctx)]);
    ctx.view = view;
    const data = await view.load(ctx);
    if (mine !== state.turn) return;
    if (!location.hash.startsWith(`#/${encodeURIComponent(route.plan)}`))
      history.replaceState(null, '', format(route));
    if (state.misses && !state.connection.isStale) announce(t('live.back'));
    Object.assign(state, { ctx, data, line, isProblem: false, misses: 0, shownAt: Date.now() });
    if (isAnew) state.isBehind = false;
    paint(ctx, data);
    fetchViews();
  } catch (problem) {
    if (mine === state.turn) paintProblem(problem, !isFresh && !isLive);
  }
}

function heardStore(store) {
  state.store = store;
  state.offset = instantOf(store.time) - Date.now();
}

// ---- what happens while it is shown ----

function search() {
  byId('search').setAttribute('aria-label', t('search'));
  byId('search').replaceChildren(...searchBox({ units: unitList, announce, open: (unit) => {
    if (!state.ctx) return;
    const isAbove = ['province', 'district'].includes(unit.level) ||
      ['tinh', 'thanh_pho_tw', 'huyen', 'quan', 'thi_xa', 'thanh_pho'].includes(unit.kind);
    go(toView(state.ctx.route, isAbove ? 'overview' : 'report', { branch: null, unit: unit.unit }));
  } }));
}

function openHelp() {
  const dialog = byId('help');
  dialog.setAttribute('aria-label', t('help.title'));
  patch(dialog, frame.help(state.keysOn, (isOn) => {
    state.keysOn = isOn;
    try {
      localStorage.setItem('tonghop.keys', isOn ? '1' : '0');
    } catch { /* as long as the page lives */ }
  }, () => dialog.close()));
  if (!dialog.open) dialog.showModal();
}

function onKey(event) {
  if (!state.keysOn || event.ctrlKey || event.metaKey || event.altKey || !state.ctx) return;
  if (event.target.closest('input, select, textarea, dialog')) return;
  const number = Number(event.key);
  if (number >= 1 && number <= frame.VIEWS.length)
    location.hash = format(toView(state.ctx.route, frame.VIEWS[number - 1]));
  else if (event.key === '/') byId('find').focus();
  else if (event.key === '?') openHelp();
  else if (event.key === 'n') moves.settle(null);
  else if (event.key === '[') moves.settle(nextMark(state.line, state.ctx.moment, -1));
  else if (event.key === ']') moves.settle(nextMark(state.line, state.ctx.moment, 1));
  else return;
  event.preventDefault();
}

/** Whether an event is about the obligation that is shown. */
const concerns = (event) => event.plan === state.ctx.route.plan &&
  event.obligation === state.ctx.route.obligation;

function changed(events) {
  if (!state.ctx) return;
  for (const event of events)
    if (event.time && instantOf(event.time) > instantOf(state.store.time))
      state.store = { ...state.store, time: event.time };
  const isReset = events.some((event) => event.kind === 'reset');
  if (state.ctx.isPast && !isReset) {
    state.isBehind = true;
    return;
  }
  if (isReset || events.some(concerns)) show({ isFresh: isReset, isLive: true });
  else if (!state.later) // something else came in: the position moves on, without haste
    state.later = setTimeout(() => {
      state.later = null;
      show({ isFresh: true });
    }, ELSEWHERE_MS);
}

function tick() {
  const node = byId('countdown');
  if (!node || !state.ctx || state.ctx.isPast || state.store.mode === 'rehearsal') return;
  const { due } = state.ctx.obligation;
  const { words } = overview.countdown(due ? instantOf(due.instant) : null, storeNow());
  if (node.textContent !== words) node.textContent = words;
}

function start() {
  try {
    state.keysOn = localStorage.getItem('tonghop.keys') !== '0';
  } catch { /* shortcuts stay on */ }
  document.documentElement.lang = language();
  search();
  show();
  window.addEventListener('hashchange', () => show());
  byId('skip').onclick = (event) => { // the address is what is seen, not a place in the document
    event.preventDefault();
    byId('main').focus();
  };
  document.addEventListener('keydown', onKey);
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll('details.menu[open]'))
      if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener('keydown', (event) => {
    const menu = event.key === 'Escape' && document.querySelector('details.menu[open]');
    if (!menu) return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if ((width < 640) !== (window.innerWidth < 640) && state.data && !state.isProblem)
      paint(state.ctx, state.data);
    width = window.innerWidth;
  });
  setInterval(tick, 1000);
  watch({
    changed, store: heardStore,
    state(told) {
      const isOther = told.isStale !== state.connection.isStale;
      const wasLost = state.connection.isStale && !told.isStale;
      state.connection = told;
      if (isOther) announce(t(told.isStale ? 'band.stale' : 'live.back'));
      if (state.isProblem || (state.ctx && (isOther || told.isStale))) paintAround();
      if (wasLost || (!state.data && !told.isStale)) show({ isFresh: true });
    },
  });
}

start();
