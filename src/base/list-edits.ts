// The difference between two lists: which elements were removed and added; the others are the same objects in the same order. Also applies it
// to another list that has one entry for each element.

import { changedRange } from './changed-range.ts';

export interface ListEdits {
  /** Places in the old list, going up. */
  readonly removed: readonly number[];
  /** Places in the new list, going up. */
  readonly added: readonly number[];
}

/** Elements are compared by identity. One that moved up is removed and added. Null when more than `max` were removed, or added. */
export function listEdits(before: readonly unknown[], now: readonly unknown[], max: number): ListEdits | null {
  const { from, toBefore, toNow } = changedRange(before, now);
  if (Math.abs(toNow - toBefore) > max) return null;
  const fewMax = 2 * max + 8;
  if (toBefore - from > fewMax && !isAnyKept(before, now, from, toBefore)) return null;
  const placeOf = new Map<unknown, number>();
  for (let at = from; at < toBefore; at++) placeOf.set(before[at], at);
  const removed: number[] = [];
  const added: number[] = [];
  /** Elements of the old list up to here have been dealt with. */
  let done = from;
  for (let at = from; at < toNow; at++) {
    const place = placeOf.get(now[at]) ?? -1;
    if (place < done) {
      if (added.push(at) > max) return null;
      continue;
    }
    if (removed.length + place - done > max) return null;
    while (done < place) removed.push(done++);
    done++;
  }
  if (removed.length + toBefore - done > max) return null;
  while (done < toBefore) removed.push(done++);
  return { removed, added };
}

/** Samples a few elements of a part of the old list: if none is in the new one, an index of them would cost more than it saves. */
export function isAnyKept(before: readonly unknown[], now: readonly unknown[], from: number, to: number): boolean {
  return isAnySampled(from, to, 8, at => now.includes(before[at]));
}

/** Whether `isSo` holds for one of about `samples` places between `from` and `to`. */
export function isAnySampled(from: number, to: number, samples: number, isSo: (at: number) => boolean): boolean {
  const step = Math.max(1, Math.floor((to - from) / samples));
  for (let at = from + (step >> 1); at < to; at += step) if (isSo(at)) return true;
  return false;
}

/** The list with these edits made; `come` are the elements that are added, in their order. */
export function editedList<Element>(
  before: readonly Element[],
  { removed, added }: ListEdits,
  come: readonly Element[],
): Element[] {
  const pieces: (readonly Element[])[] = [];
  let length = 0;
  let from = 0;
  const take = (to: number): void => {
    if (to > from) pieces.push(before.slice(from, to));
    length += to - from;
    from = to;
  };
  let next = 0;
  for (const [index, place] of added.entries()) {
    // What is kept up to here, without the removed ones.
    while (next < removed.length && removed[next]! - from <= place - length) {
      take(removed[next++]!);
      from++;
    }
    take(from + place - length);
    pieces.push([come[index]!]);
    length++;
  }
  for (; next < removed.length; next++) {
    take(removed[next]!);
    from++;
  }
  take(before.length);
  const nothing: Element[] = [];
  return nothing.concat(...pieces);
}
