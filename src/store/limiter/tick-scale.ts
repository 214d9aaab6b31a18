// The clock of gcra and tokenBucket: a tick is an exact fraction of the time in which one unit comes back, so that rates that do
// not divide a millisecond lose nothing.

import { DEBT_BURSTS_MAX } from './limit-rule.ts';

/** Most ticks that a state may be ahead of the clock: half of the positive 32-bit range; the rest is for clocks that differ. */
const AHEAD_MAX = 2 ** 30;
const TICK_MS_MIN = 0.0001;
const TICKS_PER_UNIT_MAX = 2 ** 24;

export class TickScale {
  /** A power of two. */
  readonly ticksPerUnit: number;
  readonly msPerTick: number;
  private readonly ticksPerPeriod: number;
  private readonly perMs: number;

  constructor(count: number, perMs: number, burst: number) {
    const ticksMax = Math.min(
      TICKS_PER_UNIT_MAX,
      AHEAD_MAX / (burst * (1 + DEBT_BURSTS_MAX)),
      perMs / count / TICK_MS_MIN,
    );
    this.ticksPerUnit = 2 ** Math.max(0, Math.floor(Math.log2(ticksMax)));
    this.ticksPerPeriod = count * this.ticksPerUnit;
    this.perMs = perMs;
    this.msPerTick = perMs / this.ticksPerPeriod;
  }

  /** Whole ticks since 0, modulo 2^32. Whole periods are converted apart, so that a large number loses no precision. */
  tickAt(nowMs: number): number {
    const periods = Math.floor(nowMs / this.perMs);
    const within = nowMs - periods * this.perMs;
    return (Math.imul(periods, this.ticksPerPeriod) + Math.floor((within * this.ticksPerPeriod) / this.perMs)) | 0;
  }
}
