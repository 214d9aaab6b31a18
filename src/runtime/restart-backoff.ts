// How long to wait before a dead worker is replaced, so that one which dies at every start does not take the machine.

const FIRST_MS = 100;
const LAST_MS = 10_000;

/** A worker that lived this long had a death of its own, not one of the row. */
const STABLE_MS = 30_000;

export class RestartBackoff {
  private delayMs = 0;

  /** Time to wait now, for a worker that lived `livedMs`: nothing the first time, then doubled from 100 ms to 10 s. */
  next(livedMs: number): number {
    if (livedMs >= STABLE_MS) this.delayMs = 0;
    const now = this.delayMs;
    this.delayMs = now === 0 ? FIRST_MS : Math.min(LAST_MS, now * 2);
    return now;
  }
}
