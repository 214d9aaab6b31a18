// A sliding window that keeps the time of every unit: exact at every moment, with memory for as many times as the limit has units.

import type { LimitRule } from './limit-rule.ts';
import type { Meter, MeterAnswer } from './meter.ts';
import { WINDOW_TICKS, WindowScale } from './window-scale.ts';

/** Words of the state: index of the oldest time, number of times, then the times in a ring. */
const OLDEST = 0;
const SIZE = 1;
const TIMES = 2;

export class SlidingLog implements Meter {
  readonly stateWords: number;
  readonly recoveryMs: number;
  readonly costMax: number;
  private readonly scale: WindowScale;

  constructor({ count, perMs }: LimitRule) {
    this.scale = new WindowScale(perMs);
    this.costMax = count;
    this.stateWords = TIMES + count;
    this.recoveryMs = perMs;
  }

  tickAt(nowMs: number): number {
    return this.scale.tickAt(nowMs);
  }

  clear(words: Int32Array, at: number): void {
    words[at + OLDEST] = 0;
    words[at + SIZE] = 0;
  }

  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean {
    const gone = this.gone(words, at, tick);
    const size = words[at + SIZE]! - gone;
    const admitted = size + cost <= this.costMax;
    const { msPerTick } = this.scale;
    answer.remaining = this.costMax - size - (admitted ? cost : 0);
    const newest = admitted ? this.latest(words, at, tick) : size === 0 ? tick - WINDOW_TICKS : this.newest(words, at);
    answer.resetMs = ((newest + WINDOW_TICKS - tick) | 0) * msPerTick;
    // The cost fits once the oldest times up to this one have left the window.
    const last = gone + size + cost - this.costMax - 1;
    answer.waitMs = admitted
      ? 0
      : cost > this.costMax
        ? Infinity
        : ((this.timeAt(words, at, last) + WINDOW_TICKS - tick) | 0) * msPerTick;
    return admitted;
  }

  take(words: Int32Array, at: number, tick: number, cost: number): void {
    const gone = this.gone(words, at, tick);
    const time = this.latest(words, at, tick);
    const size = words[at + SIZE]! - gone;
    const added = Math.min(cost, this.costMax);
    // Because: more units than the limit are not owed, but the newest ones are those that leave the window last.
    const dropped = Math.max(0, size + added - this.costMax);
    const oldest = (words[at + OLDEST]! + gone + dropped) % this.costMax;
    const kept = size - dropped;
    for (let i = 0; i < added; i++) words[at + TIMES + ((oldest + kept + i) % this.costMax)] = time;
    words[at + OLDEST] = oldest;
    words[at + SIZE] = kept + added;
  }

  /** How many of the oldest times lie outside the window. */
  private gone(words: Int32Array, at: number, tick: number): number {
    const size = words[at + SIZE]!;
    let gone = 0;
    while (gone < size && ((tick - this.timeAt(words, at, gone)) | 0) >= WINDOW_TICKS) gone++;
    return gone;
  }

  private timeAt(words: Int32Array, at: number, place: number): number {
    return words[at + TIMES + ((words[at + OLDEST]! + place) % this.costMax)]!;
  }

  /** This tick, or the newest time if that is later: times in the log never go back. */
  private latest(words: Int32Array, at: number, tick: number): number {
    if (words[at + SIZE] === 0) return tick;
    const newest = this.newest(words, at);
    return ((newest - tick) | 0) > 0 ? newest : tick;
  }

  private newest(words: Int32Array, at: number): number {
    return this.timeAt(words, at, words[at + SIZE]! - 1);
  }
}
