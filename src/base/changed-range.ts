// The range in which two versions of a list differ: what is left without their common start and end. Elements are compared by identity.

/** Elements from `from` on: up to `toBefore` in the old list, up to `toNow` in the new one. Empty when nothing changed. */
export interface ChangedRange {
  readonly from: number;
  readonly toBefore: number;
  readonly toNow: number;
}

const longMin = 1_000;

/** By long list, the last one that it was compared with, or was made of. */
const known = new WeakMap<readonly unknown[], { readonly before: WeakRef<object>; readonly range: ChangedRange }>();

/** The lists are not changed afterwards. */
export function changedRange(before: readonly unknown[], now: readonly unknown[]): ChangedRange {
  const shorter = Math.min(before.length, now.length);
  if (before === now) return { from: shorter, toBefore: shorter, toNow: shorter };
  const last = known.get(now);
  if (last !== undefined && last.before.deref() === before) return last.range;
  const range = compared(before, now, { from: 0, toBefore: before.length, toNow: now.length });
  remember(before, now, range);
  return range;
}

/**
 * To be called by the code that made a list from another and kept everything outside `range`: then the two are not compared element by
 * element, which is most of a small change of a long list while the code is cold.
 */
export function rememberChangedRange(before: readonly unknown[], now: readonly unknown[], range: ChangedRange): void {
  remember(before, now, compared(before, now, range));
}

function remember(before: readonly unknown[], now: readonly unknown[], range: ChangedRange): void {
  if (Math.min(before.length, now.length) >= longMin) known.set(now, { before: new WeakRef(before), range });
}

/** What is left of a range when its ends are compared. */
function compared(before: readonly unknown[], now: readonly unknown[], range: ChangedRange): ChangedRange {
  let { from, toBefore, toNow } = range;
  const shorter = Math.min(toBefore, toNow);
  while (from < shorter && before[from] === now[from]) from++;
  while (toBefore > from && toNow > from && before[toBefore - 1] === now[toNow - 1]) {
    toBefore--;
    toNow--;
  }
  return { from, toBefore, toNow };
}
