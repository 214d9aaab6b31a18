// A circuit breaker over cells that all workers share: closed, open, half-open. Knows no clock and no requests: the time and the outcomes
// are passed in.

import type { StateBlock } from '../state/shared-states.ts';
import { SlidingCount } from '../state/sliding-count.ts';
import { StateCell, TimeCell } from '../state/state-cells.ts';

/** See `BreakerConfig` in src/config/resilience-config.ts, to which this is structurally equal. */
export interface BreakerSpec {
  /** Consecutive failures that open the breaker; 0 to ignore them. */
  readonly failures: number;
  /** Share of failures in the window that opens the breaker, 0 to 1; 0 to ignore it. */
  readonly failureRate: number;
  /** Attempts in the window below which the share of failures is ignored. */
  readonly minimum: number;
  readonly windowMs: number;
  readonly openMs: number;
  /** Attempts that are let through after `openMs`; the breaker closes when all of them succeed. */
  readonly halfOpen: number;
  readonly per: 'upstream' | 'endpoint';
}

export const BreakerState = { closed: 0, open: 1, halfOpen: 2 } as const;

/** What `admit` returns when an attempt may not be made. */
export const REFUSED = -1;

/**
 * Bit positions in the word of the state, which is one word so that each step is one compare-and-swap: 2 bits of state, then 10 each for
 * the attempts let through, the successes, and the generation.
 */
const STARTED_AT = 2;
const SUCCEEDED_AT = 12;
const GENERATION_AT = 22;
const TEN_BITS = 0x3ff;

/** Set in a pass, beside its generation, once its place was given up. */
const WITHOUT_PLACE = TEN_BITS + 1;

/**
 * An attempt that is let through gets a pass, which is the generation of the state. The attempt's outcome counts only while that generation
 * lasts: an attempt from before the breaker opened decides nothing about a half-open one. The caller gives each pass back once, by
 * `succeeded`, `failed` or `cancelled`. Half-open places that a dead worker never gave back are free again after `openMs`; an attempt that
 * may take long for no fault of the upstream gives its place up sooner, by `giveUpPlace`.
 */
export class Breaker {
  private readonly spec: BreakerSpec;
  private readonly block: StateBlock;
  private readonly wordAt: number;
  private readonly inARowAt: number;
  private readonly successes: SlidingCount;
  private readonly failures: SlidingCount;

  constructor(spec: BreakerSpec, block: StateBlock) {
    this.spec = spec;
    this.block = block;
    this.wordAt = block.at + StateCell.breaker;
    this.inARowAt = block.at + StateCell.breakerFailuresInARow;
    this.successes = new SlidingCount(block.words, block.at + StateCell.breakerSuccesses, spec.windowMs);
    this.failures = new SlidingCount(block.words, block.at + StateCell.breakerFailures, spec.windowMs);
  }

  get state(): number {
    return this.block.words[this.wordAt]! & 3;
  }

  /** Milliseconds until an attempt may be let through; 0 when it may be now. */
  waitMs(now: number): number {
    if (this.state !== BreakerState.open) return 0;
    return Math.max(0, this.block.times[this.block.timesAt + TimeCell.breakerOpenUntil]! - now);
  }

  /** Returns a pass, or `REFUSED`. */
  admit(now: number): number {
    const { words, times, timesAt } = this.block;
    const { halfOpen, openMs } = this.spec;
    for (;;) {
      const word = words[this.wordAt]!;
      const state = word & 3;
      if (state === BreakerState.closed) return word >>> GENERATION_AT;
      const started = (word >>> STARTED_AT) & TEN_BITS;
      let next: number;
      if (state === BreakerState.open) {
        if (now < times[timesAt + TimeCell.breakerOpenUntil]!) return REFUSED;
        next = nextGeneration(word, BreakerState.halfOpen) | (1 << STARTED_AT);
      } else if (started < halfOpen) next = word + (1 << STARTED_AT);
      else if (now - times[timesAt + TimeCell.breakerHalfOpenAt]! > openMs) {
        next = nextGeneration(word, BreakerState.halfOpen) | (1 << STARTED_AT);
      } else return REFUSED;
      if (Atomics.compareExchange(words, this.wordAt, word, next) !== word) continue;
      times[timesAt + TimeCell.breakerHalfOpenAt] = now;
      return next >>> GENERATION_AT;
    }
  }

  /** Counts a success. True when it closed the breaker. */
  succeeded(pass: number, now: number): boolean {
    const { words } = this.block;
    for (;;) {
      const word = words[this.wordAt]!;
      if (word >>> GENERATION_AT !== (pass & TEN_BITS)) return false;
      const state = word & 3;
      if (state === BreakerState.closed) {
        if (words[this.inARowAt] !== 0) Atomics.store(words, this.inARowAt, 0);
        if (this.spec.failureRate > 0) this.successes.add(1, now);
        return false;
      }
      if (state === BreakerState.open) return false;
      const succeeded = ((word >>> SUCCEEDED_AT) & TEN_BITS) + 1;
      const closes = succeeded >= this.spec.halfOpen;
      if (closes) this.clear();
      const next = closes ? nextGeneration(word, BreakerState.closed) : placeOf(word, pass) + (1 << SUCCEEDED_AT);
      if (Atomics.compareExchange(words, this.wordAt, word, next) !== word) continue;
      if (closes) this.stamp(now);
      return closes;
    }
  }

  /** Counts a failure. True when it opened the breaker. */
  failed(pass: number, now: number): boolean {
    const { words } = this.block;
    const word = words[this.wordAt]!;
    if (word >>> GENERATION_AT !== (pass & TEN_BITS)) return false;
    const state = word & 3;
    if (state === BreakerState.open) return false;
    if (state === BreakerState.closed && !this.trips(now)) return false;
    return this.open(pass & TEN_BITS, now);
  }

  /** The attempt ended without an outcome that says something about the upstream, for example because its client left. */
  cancelled(pass: number): void {
    const { words } = this.block;
    for (;;) {
      const word = words[this.wordAt]!;
      if (word >>> GENERATION_AT !== pass || (word & 3) !== BreakerState.halfOpen) return;
      if (((word >>> STARTED_AT) & TEN_BITS) <= ((word >>> SUCCEEDED_AT) & TEN_BITS)) return;
      if (Atomics.compareExchange(words, this.wordAt, word, word - (1 << STARTED_AT)) === word) return;
    }
  }

  /**
   * Lets another attempt take the half-open place of this one, whose outcome still counts when it comes. Returns the pass with which it goes
   * on.
   */
  giveUpPlace(pass: number): number {
    this.cancelled(pass);
    return pass | WITHOUT_PLACE;
  }

  /** Counts a failure of a closed breaker. True when it must open. */
  private trips(now: number): boolean {
    const { failures, failureRate, minimum } = this.spec;
    const inARow = Atomics.add(this.block.words, this.inARowAt, 1) + 1;
    if (failures > 0 && inARow >= failures) return true;
    if (failureRate === 0) return false;
    this.failures.add(1, now);
    const failed = this.failures.total(now);
    const all = failed + this.successes.total(now);
    return all >= minimum && failed >= failureRate * all;
  }

  private open(pass: number, now: number): boolean {
    const { words, times, timesAt } = this.block;
    // Written before the state: a worker that sees the breaker open must not find the end of the previous opening.
    times[timesAt + TimeCell.breakerOpenUntil] = now + this.spec.openMs;
    for (;;) {
      const word = words[this.wordAt]!;
      if (word >>> GENERATION_AT !== pass) return false;
      if (Atomics.compareExchange(words, this.wordAt, word, nextGeneration(word, BreakerState.open)) !== word) continue;
      this.stamp(now);
      return true;
    }
  }

  private stamp(now: number): void {
    this.block.times[this.block.timesAt + TimeCell.breakerSince] = now;
  }

  /** Resets the counts, so that a breaker that closes starts anew. */
  private clear(): void {
    Atomics.store(this.block.words, this.inARowAt, 0);
    this.successes.clear();
    this.failures.clear();
  }
}

/** The word with a place for a success whose attempt gave its place up: what has succeeded has also started. */
function placeOf(word: number, pass: number): number {
  const isFull = ((word >>> STARTED_AT) & TEN_BITS) === TEN_BITS;
  return pass < WITHOUT_PLACE || isFull ? word : word + (1 << STARTED_AT);
}

function nextGeneration(word: number, state: number): number {
  return ((((word >>> GENERATION_AT) + 1) & TEN_BITS) << GENERATION_AT) | state;
}
