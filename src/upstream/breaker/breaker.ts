// A circuit breaker over cells that all workers share: closed, open, half-open. Knows no clock and no request: both are passed in.

import type { StateBlock } from '../state/shared-states.ts';
import { SlidingCount } from '../state/sliding-count.ts';
import { StateCell, TimeCell } from '../state/state-cells.ts';

/** See `BreakerConfig` in src/config/resilience-config.ts, to which this is structurally equal. */
export interface BreakerSpec {
  /** Failures in a row that open it; 0 for none. */
  readonly failures: number;
  /** Share of failures in the window that opens it; 0 for none. */
  readonly failureRate: number;
  /** Attempts in the window below which their share says nothing. */
  readonly minimum: number;
  readonly windowMs: number;
  readonly openMs: number;
  /** Attempts that are let through after that; when all succeed it closes. */
  readonly halfOpen: number;
  readonly per: 'upstream' | 'endpoint';
}

export const BreakerState = { closed: 0, open: 1, halfOpen: 2 } as const;

/** What `admit` answers when an attempt may not be made. */
export const REFUSED = -1;

/** The state's word, so that each step is one compare-and-swap: 2 bits of state, 10 of attempts let through, 10 of successes, 10 of generation. */
const STARTED_AT = 2;
const SUCCEEDED_AT = 12;
const GENERATION_AT = 22;
const TEN_BITS = 0x3ff;

/**
 * An attempt that is let through gets a pass, the generation of the state. What comes of it counts only while that state lasts: an
 * attempt from before the breaker opened decides nothing about a half-open one. Every pass is given back once, by `succeeded`,
 * `failed` or `cancelled`; half-open places that a dead worker kept are free again after the time for which the breaker stays open.
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

  /** Milliseconds for which nothing is let through; 0 when an attempt may be. */
  waitMs(now: number): number {
    if (this.state !== BreakerState.open) return 0;
    return Math.max(0, this.block.times[this.block.timesAt + TimeCell.breakerOpenUntil]! - now);
  }

  /** A pass, or `REFUSED`. */
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

  /** True when this closed it. */
  succeeded(pass: number, now: number): boolean {
    const { words } = this.block;
    for (;;) {
      const word = words[this.wordAt]!;
      if (word >>> GENERATION_AT !== pass) return false;
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
      const next = closes ? nextGeneration(word, BreakerState.closed) : word + (1 << SUCCEEDED_AT);
      if (Atomics.compareExchange(words, this.wordAt, word, next) !== word) continue;
      if (closes) this.stamp(now);
      return closes;
    }
  }

  /** True when this opened it. */
  failed(pass: number, now: number): boolean {
    const { words } = this.block;
    const word = words[this.wordAt]!;
    if (word >>> GENERATION_AT !== pass) return false;
    const state = word & 3;
    if (state === BreakerState.open) return false;
    if (state === BreakerState.closed && !this.trips(now)) return false;
    return this.open(pass, now);
  }

  /** The attempt ended without saying anything about the upstream: its client left. */
  cancelled(pass: number): void {
    const { words } = this.block;
    for (;;) {
      const word = words[this.wordAt]!;
      if (word >>> GENERATION_AT !== pass || (word & 3) !== BreakerState.halfOpen) return;
      if (((word >>> STARTED_AT) & TEN_BITS) <= ((word >>> SUCCEEDED_AT) & TEN_BITS)) return;
      if (Atomics.compareExchange(words, this.wordAt, word, word - (1 << STARTED_AT)) === word) return;
    }
  }

  /** Counts a failure; whether it is one too many. */
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
    // Before the state: who sees it open must not find the time at which it was to end the last time.
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

  /** A breaker that closes begins with a clean sheet. */
  private clear(): void {
    Atomics.store(this.block.words, this.inARowAt, 0);
    this.successes.clear();
    this.failures.clear();
  }
}

function nextGeneration(word: number, state: number): number {
  return ((((word >>> GENERATION_AT) + 1) & TEN_BITS) << GENERATION_AT) | state;
}
