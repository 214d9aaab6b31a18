// The difference between two lists as removed and added elements; all other elements are the same objects in the same order. Also applies
// such a difference to another list that has one entry for each element.

import { changedRange } from './changed-range.ts';

export interface ListEdits {
  /** Indexes in the old list, ascending. */
  readonly removed: readonly number[];
  /** Indexes in the new list, ascending. */
  readonly added: readonly number[];
}

/**
 * The edits that turn one list into the other. Elements are compared by identity. When the order of two elements changed, one of them
 * counts as removed and added. Null when more than `max` elements were removed, or more than `max` were added.
 */
export function listEdits(before: readonly unknown[], now: readonly unknown[], max: number): ListEdits | null {
  const { from, toBefore, toNow } = changedRange(before, now);
  if (Math.abs(toNow - toBefore) > max) return null;
  const fewMax = 2 * max + 8;
  if (toBefore - from > fewMax && !isAnyKept(before, now, from, toBefore)) return null;
  const placeOf = new Map<unknown, number>();
  for (let at = from; at < toBefore; at++) placeOf.set(before[at], at);
  const removed: number[] = [];
  const added: number[] = [];
  /** All elements of the old list before this index have been handled. */
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

/**
 * Samples a few elements of a range of the old list. If none of them is in the new list, an index of the range would cost more than it
 * saves.
 */
export function isAnyKept(before: readonly unknown[], now: readonly unknown[], from: number, to: number): boolean {
  return isAnySampled(from, to, 8, at => now.includes(before[at]));
}

/** Whether `isSo` holds at one of about `samples` evenly spaced indexes from `from` to before `to`. */
export function isAnySampled(from: number, to: number, samples: number, isSo: (at: number) => boolean): boolean {
  const step = Math.max(1, Math.floor((to - from) / samples));
  for (let at = from + (step >> 1); at < to; at += step) if (isSo(at)) return true;
  return false;
}

/** Applies edits to a list and returns the result. `addedElements` are the elements to add, in the order of `added`. */
export function editedList<Element>(
  before: readonly Element[],
  { removed, added }: ListEdits,
  addedElements: readonly Element[],
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
    // Copies the kept elements before this index, and skips the removed ones.
    while (next < removed.length && removed[next]! - from <= place - length) {
      take(removed[next++]!);
      from++;
    }
    take(from + place - length);
    pieces.push([addedElements[index]!]);
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
