// The time of day for readings of the thread's clock, which is monotonic: nobody sets it, and it knows no date.

/** How old the comparison of the two clocks may be, in ms. */
export const WALL_TIME_LAG_MS = 1_000;

let comparedAt = -Infinity;
let aheadMs = performance.timeOrigin;

/**
 * Milliseconds since 1970 for a reading of the thread's clock. Makes a system call only once a second: the system's clock may be set while
 * a gateway runs, by hours if the gateway started before network time was available, or if its virtual machine slept.
 */
export function wallMs(now: number): number {
  if (now - comparedAt >= WALL_TIME_LAG_MS) {
    comparedAt = now;
    // Because: other machines, which signed tokens and set expiry times, agree with the system's clock.
    aheadMs = Date.now() - performance.now();
  }
  return aheadMs + now;
}
