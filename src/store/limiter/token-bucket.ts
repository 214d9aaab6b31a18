// The textbook token bucket: a level, and when it was last filled. Decides as gcra does while clocks run forward; after a clock steps
// back, it waits at the latest time that it has seen.

import { DEBT_BURSTS_MAX, type LimitRule } from './limit-rule.ts';
import type { Meter, MeterAnswer } from './meter.ts';
import { TickScale } from './tick-scale.ts';

/** Words of the state: the level in ticks' worth of tokens, negative when something is owed; the tick of the last filling. */
const LEVEL = 0;
const FILLED_AT = 1;

export class TokenBucket implements Meter {
  readonly stateWords = 2;
  readonly recoveryMs: number;
  readonly costMax: number;
  private readonly scale: TickScale;
  private readonly unit: number;
  private readonly full: number;

  constructor({ count, perMs, burst }: LimitRule) {
    this.scale = new TickScale(count, perMs, burst);
    this.unit = this.scale.ticksPerUnit;
    this.full = burst * this.unit;
    this.costMax = burst;
    this.recoveryMs = this.full * (1 + DEBT_BURSTS_MAX) * this.scale.msPerTick;
  }

  tickAt(nowMs: number): number {
    return this.scale.tickAt(nowMs);
  }

  clear(words: Int32Array, at: number, tick: number): void {
    words[at + LEVEL] = this.full;
    words[at + FILLED_AT] = tick;
  }

  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean {
    const level = this.level(words, at, tick);
    const price = cost * this.unit;
    const admitted = price <= level;
    const left = admitted ? level - price : level;
    const { msPerTick } = this.scale;
    // A clock that is behind the last filling also has to wait until it reaches it.
    const behind = Math.max(0, (words[at + FILLED_AT]! - tick) | 0);
    answer.remaining = left > 0 ? Math.floor(left / this.unit) : 0;
    answer.resetMs = (this.full - left + behind) * msPerTick;
    answer.waitMs = admitted ? 0 : cost > this.costMax ? Infinity : (price - level + behind) * msPerTick;
    return admitted;
  }

  take(words: Int32Array, at: number, tick: number, cost: number): void {
    const level = this.level(words, at, tick) - cost * this.unit;
    words[at + LEVEL] = Math.max(level, -this.full * DEBT_BURSTS_MAX);
    if (((tick - words[at + FILLED_AT]!) | 0) > 0) words[at + FILLED_AT] = tick;
  }

  private level(words: Int32Array, at: number, tick: number): number {
    const passed = (tick - words[at + FILLED_AT]!) | 0;
    const level = words[at + LEVEL]!;
    return passed > 0 ? Math.min(this.full, level + passed) : level;
  }
}
