// Counts the failed tries of many sources in memory that all workers share: bounded and approximate, not exact book-keeping. One cell per
// source holds the time at which its budget is whole again (GCRA); when a set is full, the source closest to a whole budget is forgotten.

import { hashText, mixBits } from '../base/hash.ts';

const HEADER_WORDS = 2;
const SETS = 1_024;
const WAYS = 8;
const WORDS = 2;

/** Size in bytes of the memory that a table needs. */
export const attemptTableBytes = (HEADER_WORDS + SETS * WAYS * WORDS) * 4;

/** `count` tries per `perMs`; all of them may be used at once. */
export interface AttemptLimit {
  readonly count: number;
  readonly perMs: number;
}

export class AttemptTable {
  private readonly words: Int32Array;
  private readonly seed: number;
  private readonly stepMs: number;
  private readonly perMs: number;

  /** Tables over one memory share their cells when both `purpose` and limit are the same. */
  constructor(memory: SharedArrayBuffer, purpose: string, { count, perMs }: AttemptLimit) {
    this.words = new Int32Array(memory);
    // Because: nobody outside should know which sources share a set. The first thread decides the seed.
    Atomics.compareExchange(this.words, 0, 0, (Math.random() * 0x7fffffff) | 1);
    this.seed = hashText(`${purpose} ${count} ${perMs}`, this.words[0]);
    this.perMs = perMs;
    this.stepMs = Math.max(1, Math.round(perMs / count));
  }

  /** Milliseconds until the source may try again; 0 when it may try now. `nowMs`: milliseconds since 1970, the same on all threads. */
  waitMs(source: string, nowMs: number): number {
    const key = this.keyOf(source);
    const at = this.find(key);
    return at === -1 ? 0 : Math.max(0, this.debtMs(at, nowMs) - (this.perMs - this.stepMs));
  }

  /** Counts one failed try. */
  fail(source: string, nowMs: number): void {
    const { words } = this;
    const key = this.keyOf(source);
    let at = this.find(key);
    if (at === -1) {
      at = this.emptiest(key, nowMs);
      // A thread that intervenes between the two stores counts once for the wrong source; both counts stay bounded.
      Atomics.store(words, at, key);
      Atomics.store(words, at + 1, nowMs | 0);
    }
    for (let tries = 0; tries < 8; tries++) {
      const before = Atomics.load(words, at + 1);
      const after = (nowMs + Math.min(this.perMs, this.debtMs(at, nowMs) + this.stepMs)) | 0;
      if (Atomics.compareExchange(words, at + 1, before, after) === before) return;
    }
  }

  private keyOf(source: string): number {
    return hashText(source, this.seed) | 0 || 1;
  }

  private setStart(key: number): number {
    return HEADER_WORDS + (mixBits(key ^ this.seed) % SETS) * WAYS * WORDS;
  }

  private find(key: number): number {
    const start = this.setStart(key);
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) if (Atomics.load(this.words, at) === key) return at;
    return -1;
  }

  /** What is left of a cell's debt, in ms. Times are kept modulo 2^32 ms; a difference that cannot be a debt is long past, and counts 0. */
  private debtMs(at: number, nowMs: number): number {
    const debt = (Atomics.load(this.words, at + 1) - (nowMs | 0)) | 0;
    return debt > 0 && debt <= this.perMs ? debt : 0;
  }

  /** A cell for a new source: an unused one, else the one closest to a whole budget. */
  private emptiest(key: number, nowMs: number): number {
    const start = this.setStart(key);
    let best = start;
    let least = Infinity;
    for (let at = start; at < start + WAYS * WORDS; at += WORDS) {
      const debt = Atomics.load(this.words, at) === 0 ? -1 : this.debtMs(at, nowMs);
      if (debt >= least) continue;
      least = debt;
      best = at;
    }
    return best;
  }
}
