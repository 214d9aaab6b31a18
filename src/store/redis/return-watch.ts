// Waits for a server that does not answer: probes it again and again, and makes the connection anew when nothing arrives on it for
// long, since the other side may be gone without notice.

import type { Redis } from 'ioredis';

const PROBE_EVERY_MS = 50;
const SILENCE_MAX_MS = 1_000;

export interface ReturnWatch {
  stop(): void;
}

/** Looks every so often until `look` calls the function that it is given, and calls `onBack` then, once. */
export function lookUntilBack(everyMs: number, look: (back: () => void) => void, onBack: () => void): ReturnWatch {
  let over = false;
  const stop = () => {
    over = true;
    clearInterval(timer);
  };
  const back = () => {
    if (over) return;
    stop();
    onBack();
  };
  const timer = setInterval(look, everyMs, back).unref();
  return { stop };
}

/** `node` returns the connection; null ends the wait, as an answer does. Calls `onBack` once. */
export function watchForReturn(node: () => Redis | null, onBack: () => void): ReturnWatch {
  let askedAt = 0;
  const look = (back: () => void) => {
    const connection = node();
    if (connection === null) return back();
    if (askedAt !== 0) {
      if (performance.now() - askedAt < SILENCE_MAX_MS) return;
      askedAt = 0;
      return connection.disconnect(true);
    }
    if (connection.status !== 'ready') return;
    askedAt = performance.now();
    connection.ping().then(back, () => {
      askedAt = 0;
    });
  };
  return lookUntilBack(PROBE_EVERY_MS, look, onBack);
}
