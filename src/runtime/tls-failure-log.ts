// Tells the operator why TLS to an endpoint failed: each reason once in a while, however many requests meet it.

import type { TlsFailureLog } from '../net/tls/client-tls.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';

const AGAIN_AFTER_MS = 10_000;
/** Endpoints and reasons that are remembered; beyond it the memory starts anew. */
const REMEMBERED_MAX = 1_000;

export function tlsFailureLog(say: (level: LogLevel, message: string, fields: LogFields) => void): TlsFailureLog {
  const toldAt = new Map<string, number>();
  return (upstream, endpoint, reason) => {
    const key = `${upstream} ${endpoint} ${reason}`;
    const now = performance.now();
    if (now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_AFTER_MS) return;
    if (toldAt.size >= REMEMBERED_MAX) toldAt.clear();
    toldAt.set(key, now);
    say('warn', 'TLS to an endpoint failed', { upstream, endpoint, reason });
  };
}
