// The generic cell rate algorithm (ITU-T I.371): one word per caller, the time at which the whole burst is available again.
// A token bucket by arithmetic; the only algorithm here that needs nothing but compare-and-swap.

import { DEBT_BURSTS_MAX, type LimitRule } from './limit-rule.ts';
import type { Meter, MeterAnswer } from './meter.ts';
import { TickScale } from './tick-scale.ts';

export class Gcra implements Meter {
  readonly stateWords = 1;
  readonly recoveryMs: number;
  readonly costMax: number;
  private readonly scale: TickScale;
  /** In ticks: one unit, the whole burst, and the furthest that a caller's word can lie ahead, which is burst and largest debt together. */
  private readonly unit: number;
  private readonly burst: number;
  private readonly aheadMax: number;

  constructor({ count, perMs, burst }: LimitRule) {
    this.scale = new TickScale(count, perMs, burst);
    this.unit = this.scale.ticksPerUnit;
    this.burst = burst * this.unit;
    this.aheadMax = this.burst * (1 + DEBT_BURSTS_MAX);
    this.costMax = burst;
    this.recoveryMs = this.aheadMax * this.scale.msPerTick;
  }

  tickAt(nowMs: number): number {
    return this.scale.tickAt(nowMs);
  }

  clear(words: Int32Array, at: number, tick: number): void {
    Atomics.store(words, at, tick);
  }

  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean {
    const ahead = this.ahead(Atomics.load(words, at), tick);
    const after = ahead + cost * this.unit;
    const admitted = after <= this.burst;
    this.tell(admitted ? after : ahead, admitted ? 0 : cost, answer);
    return admitted;
  }

  take(words: Int32Array, at: number, tick: number, cost: number): void {
    for (;;) {
      const word = Atomics.load(words, at);
      const after = Math.min(this.ahead(word, tick) + cost * this.unit, this.aheadMax);
      if (Atomics.compareExchange(words, at, word, (tick + after) | 0) === word) return;
    }
  }

  /**
   * Checks and takes in one step without a lock. Returns 1 when admitted, 0 when refused, and -1 when another thread changed the
   * word meanwhile, so that the caller's cell has to be looked up again.
   */
  tryTake(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): -1 | 0 | 1 {
    // A plain read: a call of `Atomics` costs 15 ns, and both branches below check that the word is unchanged.
    const word = words[at]!;
    const ahead = this.ahead(word, tick);
    const after = ahead + cost * this.unit;
    if (after > this.burst) {
      if (Atomics.load(words, at) !== word) return -1;
      this.tell(ahead, cost, answer);
      return 0;
    }
    if (Atomics.compareExchange(words, at, word, (tick + after) | 0) !== word) return -1;
    this.tell(after, 0, answer);
    return 1;
  }

  /** Ticks until the whole burst is available again. */
  private ahead(word: number, tick: number): number {
    const ahead = (word - tick) | 0;
    return Math.max(ahead, 0);
  }

  /** Fills `answer`. `missing` is the cost that did not fit; 0 when the cost fitted. */
  private tell(ahead: number, missing: number, answer: MeterAnswer): void {
    const { msPerTick } = this.scale;
    const left = this.burst - ahead;
    answer.remaining = left > 0 ? Math.floor(left / this.unit) : 0;
    answer.resetMs = ahead * msPerTick;
    answer.waitMs =
      missing === 0 ? 0 : missing > this.costMax ? Infinity : (ahead + missing * this.unit - this.burst) * msPerTick;
  }
}
