// How long to wait before trying again. Formulas only; who waits and whether to try at all is decided elsewhere.

import type { Random } from './random.ts';

/**
 * Exponential backoff with full jitter: drawn evenly from 0 to `baseMs * 2^tries`, at most `maxMs`. Those that failed together
 * do not come back together, as they would with plain backoff.
 */
export function fullJitterMs(tries: number, baseMs: number, maxMs: number, random: Random): number {
  return random.unit() * Math.min(maxMs, baseMs * 2 ** Math.min(tries, 30));
}

/** The pause after this many failures in a row, from 1 on, for a single client that retries without end: twice as long each time. */
export function retryPauseMs(failures: number, baseMs: number, maxMs: number): number {
  return somewhatEarlyMs(Math.min(maxMs, baseMs * 2 ** (failures - 1)));
}

/** Up to a quarter earlier, so that gateways which began together do not all come at once. */
export function somewhatEarlyMs(wholeMs: number): number {
  return wholeMs * (0.75 + Math.random() * 0.25);
}
