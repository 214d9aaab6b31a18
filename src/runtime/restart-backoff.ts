// How long to wait before replacing a dead worker, so that a worker that dies at every start does not use up the machine.

const FIRST_MS = 100;
const LAST_MS = 10_000;

/** After a life this long, a worker's death is a single event and not part of a series. */
const STABLE_MS = 30_000;

export class RestartBackoff {
  private delayMs = 0;

  /** Milliseconds to wait before replacing a worker that lived `livedMs`: 0 the first time, then 100, doubling up to 10,000. */
  next(livedMs: number): number {
    if (livedMs >= STABLE_MS) this.delayMs = 0;
    const now = this.delayMs;
    this.delayMs = now === 0 ? FIRST_MS : Math.min(LAST_MS, now * 2);
    return now;
  }
}
