// A sliding window of two counters: the units of the previous window count by the share of it that still lies in the sliding one.
// Smooth and small; assumes that the requests of the previous window were spread evenly.

import type { LimitRule } from './limit-rule.ts';
import type { Meter, MeterAnswer } from './meter.ts';
import { WINDOW_TICKS, WindowScale, windowStart } from './window-scale.ts';

/** Words of the state: first tick of the counted window, units used in it, units used in the previous one. */
const START = 0;
const USED = 1;
const BEFORE = 2;

export class SlidingWindow implements Meter {
  readonly stateWords = 3;
  readonly recoveryMs: number;
  readonly costMax: number;
  private readonly scale: WindowScale;
  // What `roll` found: the state as of a tick. Valid until the next `roll`, so it is read immediately.
  private start = 0;
  private used = 0;
  private before = 0;
  private within = 0;

  constructor({ count, perMs }: LimitRule) {
    this.scale = new WindowScale(perMs);
    this.costMax = count;
    this.recoveryMs = 2 * perMs;
  }

  tickAt(nowMs: number): number {
    return this.scale.tickAt(nowMs);
  }

  clear(words: Int32Array, at: number, tick: number): void {
    words[at + START] = windowStart(tick);
    words[at + USED] = 0;
    words[at + BEFORE] = 0;
  }

  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean {
    this.roll(words, at, tick);
    const { used, before, within, costMax } = this;
    // Units times ticks, so that the weighted part is a whole number.
    const weighted = before * (WINDOW_TICKS - within);
    const room = (costMax - used) * WINDOW_TICKS - weighted;
    const admitted = cost * WINDOW_TICKS <= room;
    const left = Math.floor(room / WINDOW_TICKS) - (admitted ? cost : 0);
    const { msPerTick } = this.scale;
    // Ticks by which this tick lies before the counted window; 0 for clocks that run forward.
    const behind = Math.max(0, (this.start - tick) | 0);
    const usedAfter = used + (admitted ? cost : 0);
    const windowsLeft = usedAfter > 0 ? 2 : before > 0 ? 1 : 0;
    answer.remaining = Math.max(left, 0);
    answer.resetMs = windowsLeft === 0 ? 0 : (windowsLeft * WINDOW_TICKS - within + behind) * msPerTick;
    answer.waitMs = admitted ? 0 : (this.ticksUntil(cost) + behind) * msPerTick;
    return admitted;
  }

  take(words: Int32Array, at: number, tick: number, cost: number): void {
    this.roll(words, at, tick);
    words[at + START] = this.start;
    words[at + USED] = Math.min(this.used + cost, 0x1fffffff);
    words[at + BEFORE] = this.before;
  }

  /** Ticks until the cost fits if nothing else is taken: in this window while the previous one slides out, or in the next one. */
  private ticksUntil(cost: number): number {
    const { used, before, within, costMax } = this;
    if (cost > costMax) return Infinity;
    if (used + cost <= costMax) {
      // before * (W - t) <= (costMax - used - cost) * W
      return Math.ceil(WINDOW_TICKS - ((costMax - used - cost) * WINDOW_TICKS) / before) - within;
    }
    return WINDOW_TICKS - within + Math.ceil(WINDOW_TICKS - ((costMax - cost) * WINDOW_TICKS) / used);
  }

  /** Reads the state as of a tick into the fields above; changes no word. */
  private roll(words: Int32Array, at: number, tick: number): void {
    const start = words[at + START]!;
    const passed = (tick - start) | 0;
    if (passed < WINDOW_TICKS) {
      this.start = start;
      this.used = words[at + USED]!;
      this.before = words[at + BEFORE]!;
      this.within = Math.max(passed, 0);
      return;
    }
    this.start = windowStart(tick);
    this.used = 0;
    this.before = passed < 2 * WINDOW_TICKS ? words[at + USED]! : 0;
    this.within = tick - this.start;
  }
}
