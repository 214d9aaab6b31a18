// How long to wait before trying again. One formula; who waits and whether to try at all is decided elsewhere.

import type { Random } from './random.ts';

/**
 * Exponential backoff with full jitter: evenly drawn from 0 to `baseMs * 2^tries`, at most `maxMs`. Those who failed together
 * do not come back together, which plain backoff has them do.
 */
export function fullJitterMs(tries: number, baseMs: number, maxMs: number, random: Random): number {
  return random.unit() * Math.min(maxMs, baseMs * 2 ** Math.min(tries, 30));
}
