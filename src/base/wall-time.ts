// The time of day for readings of the thread's own clock, which nobody sets and which knows no date.

/** How old the comparison of both clocks may be. */
export const WALL_TIME_LAG_MS = 1_000;

let comparedAt = -Infinity;
let aheadMs = performance.timeOrigin;

/**
 * Milliseconds since 1970 for a reading of the thread's clock. Costs no call, but for one a second: the system's clock is set while a
 * gateway runs, by hours where it began before the network's time was known, or slept as a virtual machine.
 */
export function wallMs(now: number): number {
  if (now - comparedAt >= WALL_TIME_LAG_MS) {
    comparedAt = now;
    // Because: what the system says is what other machines, which signed and set ends to things, agree with.
    aheadMs = Date.now() - performance.now();
  }
  return aheadMs + now;
}
