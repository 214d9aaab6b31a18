// The range in which two versions of a list differ: what remains without their common start and end. Elements are compared by identity.

/**
 * The differing elements: from `from` to before `toBefore` in the old list, from `from` to before `toNow` in the new one. Empty when
 * nothing changed.
 */
export interface ChangedRange {
  readonly from: number;
  readonly toBefore: number;
  readonly toNow: number;
}

const longMin = 1_000;

/** By new list: the last list that it was compared with or made from, and the range in which they differ. Long lists only. */
const known = new WeakMap<readonly unknown[], { readonly before: WeakRef<object>; readonly range: ChangedRange }>();

/** The differing range of two lists. The lists must not change afterwards, since results for long lists are remembered. */
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
 * Called by code that made `now` from `before` and kept everything outside `range`. The lists are then not compared element by element
 * later, which is most of the cost of a small change to a long list while the code is cold.
 */
export function rememberChangedRange(before: readonly unknown[], now: readonly unknown[], range: ChangedRange): void {
  remember(before, now, compared(before, now, range));
}

function remember(before: readonly unknown[], now: readonly unknown[], range: ChangedRange): void {
  if (Math.min(before.length, now.length) >= longMin) known.set(now, { before: new WeakRef(before), range });
}

/** Narrows a range by the equal elements at both of its ends. */
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
