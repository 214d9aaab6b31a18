// The range in which two versions of a text differ: what remains without their common start and end.

import type { ChangedRange } from './changed-range.ts';

/** The differing characters, with `from`, `toBefore` and `toNow` as indexes of UTF-16 code units; empty when nothing changed. */
export function changedText(before: string, now: string): ChangedRange {
  const from = commonStart(before, now);
  const behind = commonEnd(before, now, Math.min(before.length, now.length) - from);
  return { from, toBefore: before.length - behind, toNow: now.length - behind };
}

/** How many characters two texts have in common at their starts. A binary search, since comparing slices costs next to nothing. */
function commonStart(a: string, b: string): number {
  let low = 0;
  let high = Math.min(a.length, b.length);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(low, middle) === b.slice(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How many characters two texts have in common at their ends, at most `max`. */
function commonEnd(a: string, b: string, max: number): number {
  let low = 0;
  let high = max;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const isSame = a.slice(a.length - middle, a.length - low) === b.slice(b.length - middle, b.length - low);
    if (isSame) low = middle;
    else high = middle - 1;
  }
  return low;
}
