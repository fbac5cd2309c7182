// SPDX-License-Identifier: Apache-2.0
// The answers of /api/v1. Each is kept with its ETag, and asked for again with it.

const BASE = '/api/v1/';
const DEADLINE_MS = 20000;
const KEPT_MAX = 80;

/** What went wrong: as the server says it, in Vietnamese (problem+json); or that it cannot be reached;
 * or in the page's own words (`isOwn`), which are in the reader's language. */
export class Problem extends Error {
  constructor({ status = 0, title = '', detail = '', code = 'unreachable', isOwn = false }) {
    super(detail || title || code);
    Object.assign(this, { status, title, detail, code, isOwn });
  }

  get isUnreachable() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

const kept = new Map(); // address → {etag, value}
let heard = 0;

/** When an answer last came, by the browser's clock; 0: never. */
export const lastHeard = () => heard;
export const hear = () => { heard = Date.now(); };

/** The path of an answer, from the names that it is made of and its parameters. */
export function address(names, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return BASE + names.map(encodeURIComponent).join('/') + (text ? `?${text}` : '');
}

function keep(url, entry) {
  kept.delete(url);
  kept.set(url, entry);
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value);
  return entry.value;
}

async function problemOf(response) {
  let said = {};
  try {
    said = await response.json();
  } catch { /* a proxy's page: the status is all that it says */ }
  return new Problem({ status: response.status, title: said.title || response.statusText,
    detail: said.detail, code: said.code || `http_${response.status}` });
}

/** The answer at a path, parsed. The same object again while it has not changed. */
export async function get(names, params) {
  const url = address(names, params);
  const before = kept.get(url);
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), DEADLINE_MS);
  try {
    const headers = { Accept: 'application/json' };
    if (before && before.etag) headers['If-None-Match'] = before.etag;
    const response = await fetch(url, { headers, cache: 'no-store', signal: abort.signal });
    if (response.status === 304 && before) {
      hear();
      return keep(url, before);
    }
    if (!response.ok) throw await problemOf(response);
    const value = await response.json();
    hear();
    return keep(url, { etag: response.headers.get('ETag'), value });
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem({});
  } finally {
    clearTimeout(deadline);
  }
}

/** As get(), or null where there is nothing (404). */
export async function find(names, params) {
  try {
    return await get(names, params);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
