// SPDX-License-Identifier: Apache-2.0
// What is shown is in the address, so that it can be sent to somebody:
//   #/PLAN/OBLIGATION/VIEW?unit=622&branch=communes&as_of=2025-05-10T00:00:00+07:00&sort=…

/** Parameters that stay when another view is opened: where and when. */
const LASTING = ['unit', 'branch', 'as_of', 'position'];

/** Whether a text can be a unit's code: others need not be asked about. */
export const isUnitCode = (text) => /^[A-Za-z0-9-]{1,64}$/.test(text || '');

export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  let names = [];
  try {
    names = path.split('/').map(decodeURIComponent);
  } catch { /* not an address of ours: the start */ }
  const params = {};
  for (const [name, value] of new URLSearchParams((query || '').replace(/\+/g, '%2B'))) params[name] = value;
  return { plan: names[0] || null, obligation: names[1] || null, view: names[2] || null, params };
}

export function format(route) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(route.params))
    if (value !== null && value !== undefined && value !== '') query.set(name, value);
  // A plus sign is itself, so that +07:00 can be read, and typed.
  const text = query.toString().replace(/\+/g, '%20').replace(/%2B/g, '+').replace(/%3A/g, ':');
  return `#/${[route.plan, route.obligation, route.view].map(encodeURIComponent).join('/')}` +
    (text ? `?${text}` : '');
}

/** Another view, with the same where and when. */
export function toView(route, view, params = {}) {
  const lasting = {};
  for (const name of LASTING) if (route.params[name]) lasting[name] = route.params[name];
  return { ...route, view, params: { ...lasting, ...params } };
}

/** The same view with other parameters; null takes one away. */
export const withParams = (route, params) => ({ ...route, params: { ...route.params, ...params } });
