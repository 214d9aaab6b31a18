// The clock of the windows: each window has the same power of two of ticks, and begins where the low bits of a tick are all 0.

const TICK_BITS = 24;

/** Ticks per window. */
export const WINDOW_TICKS = 2 ** TICK_BITS;

export class WindowScale {
  readonly msPerTick: number;
  private readonly perMs: number;

  constructor(perMs: number) {
    this.perMs = perMs;
    this.msPerTick = perMs / WINDOW_TICKS;
  }

  /** Whole ticks since 0, modulo 2^32. Multiplies before dividing, so that whole milliseconds convert exactly. */
  tickAt(nowMs: number): number {
    const windows = Math.floor(nowMs / this.perMs);
    const within = nowMs - windows * this.perMs;
    return ((windows << TICK_BITS) + Math.floor((within * WINDOW_TICKS) / this.perMs)) | 0;
  }
}

/** First tick of the window in which this tick lies. */
export function windowStart(tick: number): number {
  return tick & -WINDOW_TICKS;
}
