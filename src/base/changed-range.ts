// What two versions of a list do not have in common at their starts and ends. Elements are compared by identity.

/** Elements from `from` on: up to `toBefore` in the old list, up to `toNow` in the new one. Empty when nothing changed. */
export interface ChangedRange {
  readonly from: number;
  readonly toBefore: number;
  readonly toNow: number;
}

/** The last answer about long lists: several ask it of the same two. They may go meanwhile. */
let last: { readonly before: WeakRef<object>; readonly now: WeakRef<object>; readonly range: ChangedRange } | null =
  null;
const longMin = 1_000;

/** The lists are not changed afterwards. */
export function changedRange(before: readonly unknown[], now: readonly unknown[]): ChangedRange {
  const shorter = Math.min(before.length, now.length);
  if (before === now) return { from: shorter, toBefore: shorter, toNow: shorter };
  if (shorter < longMin) return compared(before, now);
  if (last === null || last.before.deref() !== before || last.now.deref() !== now) {
    last = { before: new WeakRef(before), now: new WeakRef(now), range: compared(before, now) };
  }
  return last.range;
}

function compared(before: readonly unknown[], now: readonly unknown[]): ChangedRange {
  const shorter = Math.min(before.length, now.length);
  let from = 0;
  while (from < shorter && before[from] === now[from]) from++;
  let toBefore = before.length;
  let toNow = now.length;
  while (toBefore > from && toNow > from && before[toBefore - 1] === now[toNow - 1]) {
    toBefore--;
    toNow--;
  }
  return { from, toBefore, toNow };
}
