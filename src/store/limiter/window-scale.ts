// The clock of the windows: every window is the same power of two of ticks long, and begins where all bits of its place are 0.

const TICK_BITS = 24;

/** Ticks of a window. */
export const WINDOW_TICKS = 2 ** TICK_BITS;

export class WindowScale {
  readonly msPerTick: number;
  private readonly perMs: number;

  constructor(perMs: number) {
    this.perMs = perMs;
    this.msPerTick = perMs / WINDOW_TICKS;
  }

  /** Whole ticks since 0, modulo 2^32. Multiplied before it is divided: so whole milliseconds come out exact. */
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
