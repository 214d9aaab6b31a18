// The thread's coarse clock: read once when a turn of the event loop enters our code, then shared by everything that runs in it.

/** Monotonic milliseconds with a fraction, as of the last `tick()`. */
export class Clock {
  now: number;

  constructor() {
    this.now = performance.now();
  }

  /** Reads the system's clock. Called where the event loop enters: a read, a connect, a timer. */
  tick(): number {
    // Because: this is the one place that reads the raw clock.
    this.now = performance.now();
    return this.now;
  }
}
