// SPDX-License-Identifier: Apache-2.0
// Knows whether what is shown is fresh. Events say that something changed; a question now and then
// says that the server is there, for a stream that is silent may be a stream that is dead.

import { get, hear, lastHeard } from './api.js';

const HEARTBEAT_MS = 15000;
const STALE_MS = 45000;
const BACKOFF_MAX_MS = 30000;
const GATHER_MS = 120;
const BETWEEN_MS = 700;
const DOUBT_MS = 300; // after the stream broke
const HIDDEN_MS = 20000; // a tab that nobody sees gives its connection back

/** hooks: changed(events) after something changed, store(answer), state({isStale, since, retryIn}). */
export function watch(hooks) {
  let source = null;
  let gathered = [];
  let timer = null;
  let lastTold = 0;
  let failures = 0;
  let wasLost = false;
  let next = null;
  let isAsking = false;

  const tell = () => {
    timer = null;
    lastTold = Date.now();
    const events = gathered;
    gathered = [];
    hooks.changed(events);
  };
  const gather = (event) => {
    gathered.push(event);
    if (timer === null)
      timer = setTimeout(tell, Math.max(GATHER_MS, lastTold + BETWEEN_MS - Date.now()));
  };

  const listen = () => {
    if (source) source.close();
    let wasOpen = false;
    source = new EventSource('/api/v1/events'); // it sends Last-Event-ID when it comes back
    for (const kind of ['position', 'rollup', 'standing', 'closing', 'reminder', 'reset'])
      source.addEventListener(kind, (event) => {
        hear();
        let data = {};
        try {
          data = JSON.parse(event.data);
        } catch { /* a reset needs no words */ }
        gather({ kind, ...data });
      });
    source.onopen = () => {
      hear();
      wasOpen = true;
      if (wasLost) gather({ kind: 'reset' });
      wasLost = false;
    };
    source.onerror = () => {
      wasLost = true;
      if (wasOpen && !failures) askIn(DOUBT_MS);
      wasOpen = false;
    };
  };

  const wait = () => (failures ? Math.min(1000 * 2 ** (failures - 1), BACKOFF_MAX_MS) : HEARTBEAT_MS);
  const beat = async () => {
    if (isAsking) return;
    if (document.hidden) {
      askIn(HEARTBEAT_MS);
      return;
    }
    isAsking = true;
    try {
      hooks.store(await get(['store']));
      if (failures) gather({ kind: 'reset' });
      failures = 0;
    } catch {
      failures += 1;
    }
    isAsking = false;
    if (source.readyState === EventSource.CLOSED) listen();
    const isStale = failures > 0 || Date.now() - lastHeard() > STALE_MS;
    hooks.state({ isStale, since: lastHeard(), retryIn: Math.round(wait() / 1000) });
    askIn(wait());
  };
  function askIn(ms) {
    clearTimeout(next);
    next = setTimeout(beat, ms);
  }

  let hiding = null;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => source.close(), HIDDEN_MS);
    else if (source.readyState === EventSource.CLOSED) {
      listen();
      gather({ kind: 'reset' });
    }
  });
  listen();
  askIn(3000);
  window.addEventListener('offline', () => {
    failures += 1;
    hooks.state({ isStale: true, since: lastHeard(), retryIn: 1 });
  });
  window.addEventListener('online', () => gather({ kind: 'reset' }));
  window.addEventListener('pagehide', () => source.close());
  window.addEventListener('pageshow', (event) => { if (event.persisted) listen(); });
}
