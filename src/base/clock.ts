// The thread's coarse clock: read once when the event loop enters the gateway's code, then shared by everything that runs in that turn.

/** Monotonic milliseconds with a fraction, as of the last `tick()`. */
export class Clock {
  now: number;

  constructor() {
    this.now = performance.now();
  }

  /** Reads the system's clock. Called wherever the event loop enters the gateway's code: a read, a connect, a timer. */
  tick(): number {
    // Because: this is the one place that reads the raw clock.
    this.now = performance.now();
    return this.now;
  }
}
