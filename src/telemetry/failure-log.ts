// Logs why endpoints fail: each reason once in a while, however many requests it affects.

import type { LogFields, LogLevel } from './operator-log.ts';

export type FailureLog = (upstream: string, endpoint: string, reason: string) => void;

const AGAIN_AFTER_MS = 10_000;
/** Most pairs of endpoint and reason that are remembered; beyond this number all are forgotten. */
const REMEMBERED_MAX = 1_000;

export function failureLog(
  say: (level: LogLevel, message: string, fields: LogFields) => void,
  message: string,
): FailureLog {
  const toldAt = new Map<string, number>();
  return (upstream, endpoint, reason) => {
    const key = `${upstream} ${endpoint} ${reason}`;
    const now = performance.now();
    if (now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_AFTER_MS) return;
    if (toldAt.size >= REMEMBERED_MAX) toldAt.clear();
    toldAt.set(key, now);
    say('warn', message, { upstream, endpoint, reason });
  };
}
