// How long to wait before a retry. Formulas only; whether to retry, and what waits, is decided elsewhere.

import type { Random } from './random.ts';

/**
 * Exponential backoff with full jitter, in ms: drawn evenly from 0 to `baseMs * 2^tries`, at most `maxMs`. Callers that failed together do
 * not retry together, as they would with plain backoff.
 */
export function fullJitterMs(tries: number, baseMs: number, maxMs: number, random: Random): number {
  return random.unit() * Math.min(maxMs, baseMs * 2 ** Math.min(tries, 30));
}

/**
 * The pause in ms after this many failures in a row (from 1 on), for a single client that retries forever. Doubles with each failure, up to
 * `maxMs`, then shortened by `somewhatEarlyMs`.
 */
export function retryPauseMs(failures: number, baseMs: number, maxMs: number): number {
  return somewhatEarlyMs(Math.min(maxMs, baseMs * 2 ** (failures - 1)));
}

/** Shortens a delay by up to a quarter at random, so that gateways which started together do not all act at the same moment. */
export function somewhatEarlyMs(wholeMs: number): number {
  return wholeMs * (0.75 + Math.random() * 0.25);
}
