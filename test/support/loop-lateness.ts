// How late this thread's event loop was, seen by a timer of a millisecond that runs beside the measured calls: the delay that a busy
// machine, the collector and other work of the thread add to a call, as opposed to waiting by design.

const TICK_MS = 1;
/** A tick within this time is not late: timers count whole milliseconds, and rounding takes part of one. */
const IN_TIME_MS = 1.3 * TICK_MS;
/** Shorter gaps delay a call, but nothing that is done every 25 ms. */
const STANDSTILL_MS = 25;

export interface LoopLateness {
  /** ms within this interval in which the loop did not run. Resolves at the next tick. */
  lateness(fromMs: number, untilMs: number): Promise<number>;
  /** Sum of all standstills of more than 25 ms so far, in ms. */
  readonly standstillMs: number;
  close(): void;
}

export function watchLoop(): LoopLateness {
  let before = performance.now();
  /** Intervals in which a tick was due and did not come: start and end of each. */
  const gaps: (readonly [number, number])[] = [];
  let waiting: (() => void)[] = [];
  let standstillMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - before > IN_TIME_MS) {
      gaps.push([before + TICK_MS, now]);
      if (now - before > STANDSTILL_MS) standstillMs += now - before;
    }
    before = now;
    const all = waiting;
    waiting = [];
    for (const resolve of all) resolve();
  }, TICK_MS);
  return {
    async lateness(from, until) {
      await new Promise<void>(resolve => waiting.push(resolve));
      let ms = 0;
      for (let at = gaps.length - 1; at >= 0 && gaps[at]![1] > from; at--)
        ms += Math.max(0, Math.min(until, gaps[at]![1]) - Math.max(from, gaps[at]![0]));
      return ms;
    },
    get standstillMs() {
      return standstillMs;
    },
    close: () => clearInterval(timer),
  };
}
