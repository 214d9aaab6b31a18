// Counts units in each window of the clock; the next window begins with none used. Twice the limit can pass around a boundary.

import type { LimitRule } from './limit-rule.ts';
import type { Meter, MeterAnswer } from './meter.ts';
import { WINDOW_TICKS, WindowScale, windowStart } from './window-scale.ts';

/** Words of the state: first tick of the counted window, units used in it. */
const START = 0;
const USED = 1;

export class FixedWindow implements Meter {
  readonly stateWords = 2;
  readonly recoveryMs: number;
  readonly costMax: number;
  private readonly scale: WindowScale;

  constructor({ count, perMs }: LimitRule) {
    this.scale = new WindowScale(perMs);
    this.costMax = count;
    this.recoveryMs = perMs;
  }

  tickAt(nowMs: number): number {
    return this.scale.tickAt(nowMs);
  }

  clear(words: Int32Array, at: number, tick: number): void {
    words[at + START] = windowStart(tick);
    words[at + USED] = 0;
  }

  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean {
    const isPast = this.isPast(words, at, tick);
    const used = isPast ? 0 : words[at + USED]!;
    const start = isPast ? windowStart(tick) : words[at + START]!;
    const admitted = used + cost <= this.costMax;
    const left = this.costMax - used - (admitted ? cost : 0);
    answer.remaining = Math.max(left, 0);
    answer.resetMs = ((start + WINDOW_TICKS - tick) | 0) * this.scale.msPerTick;
    answer.waitMs = admitted ? 0 : cost > this.costMax ? Infinity : answer.resetMs;
    return admitted;
  }

  take(words: Int32Array, at: number, tick: number, cost: number): void {
    if (this.isPast(words, at, tick)) this.clear(words, at, tick);
    words[at + USED] = Math.min(words[at + USED]! + cost, 0x7fffffff);
  }

  /** Whether the counted window is over. A window that lies ahead of this tick, as a slower clock sees it, goes on. */
  private isPast(words: Int32Array, at: number, tick: number): boolean {
    return ((tick - words[at + START]!) | 0) >= WINDOW_TICKS;
  }
}
