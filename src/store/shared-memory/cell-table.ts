// Cells by 64-bit key in memory of a fixed size, for all threads. When a set is full its idlest cell makes room. Knows nothing of
// what the words of a state mean.

import { HEADER_BYTES, openHeader, type TableHeader } from './table-header.ts';

/** Cells of a set: a key has its place in one set, so this many are looked through at most. */
const CELLS_PER_SET = 16;

/**
 * Cells of a set at which keys begin to look, each at one of its own, so that mostly one is looked at. Not all of the set: those of
 * the shortest states fill one cache line, and callers in as few lines as possible is what makes many of them cheap. Taken from the
 * half of the hash that is made first: memory is on its way while the other one is made.
 */
const PLACES = 4;

/** Words in front of each state: two of the key, one that says when the cell was touched. */
const KEY_LOW = 0;
const KEY_HIGH = 1;
const TOUCHED = 2;
const CELL_HEAD_WORDS = 3;

/**
 * The word that says when a cell was touched: whether that was more than once (so that a stranger who comes once never displaces
 * somebody who comes often), how long a touch counts as a power of two, and the time.
 */
const AGAIN = 1 << 31;
const LASTS_SHIFT = 26;
const LASTS_MASK = 31;
const TIME_BITS = 26;
const TIME_MASK = (1 << TIME_BITS) - 1;
const TIME_UNIT_MS = 256;

/** A moment as cells know it, of `momentOf`: a quarter of a second, running round after half a year. */
export type Moment = number;

/** Of milliseconds on a clock that all users of the table share. */
export function momentOf(nowMs: number): Moment {
  return Math.floor(nowMs / TIME_UNIT_MS) & TIME_MASK;
}

/** How long a touch counts, for `CellTable.touch`: as a power of two of moments, rounded up. */
export function lastingClass(recoveryMs: number): number {
  return Math.min(TIME_BITS - 2, Math.max(0, Math.ceil(Math.log2(recoveryMs / TIME_UNIT_MS + 1))));
}

/** Bytes for so many cells. */
export function tableBytes(cells: number, stateWords: number): number {
  const sets = Math.max(1, Math.ceil(cells / CELLS_PER_SET));
  return HEADER_BYTES + 4 * padded(sets) + 4 * sets * CELLS_PER_SET * (CELL_HEAD_WORDS + stateWords);
}

/** Cells that a table of this size has; 0 when not even one set fits. */
export function cellsIn(bytes: number, stateWords: number): number {
  return setsIn(bytes, stateWords) * CELLS_PER_SET;
}

function setsIn(bytes: number, stateWords: number): number {
  const setWords = CELLS_PER_SET * (CELL_HEAD_WORDS + stateWords);
  const words = Math.floor((bytes - HEADER_BYTES) / 4);
  let sets = Math.max(0, Math.floor(words / (setWords + 1)));
  while (sets > 0 && padded(sets) + sets * setWords > words) sets--;
  return sets;
}

/** Words of the locks, with what makes cells begin on a cache line: the allocator (glibc's, for so much) puts 16 bytes in front of all. */
function padded(sets: number): number {
  return Math.ceil(sets / 16) * 16 + 12;
}

export class CellTable {
  readonly header: TableHeader;
  /** All words: locks of the sets from `locksAt` on, one each, then cells. */
  readonly words: Int32Array;
  readonly cellCount: number;
  readonly stateWords: number;
  /** Sets, by 2^32. */
  private readonly setsPerKey: number;
  private readonly locksAt = HEADER_BYTES / 4;
  private readonly cellsAt: number;
  private readonly cellWords: number;
  private readonly setWords: number;

  constructor(memory: SharedArrayBuffer, stateWords: number) {
    this.header = openHeader(memory);
    this.words = new Int32Array(memory);
    this.stateWords = stateWords;
    const sets = setsIn(memory.byteLength, stateWords);
    if (sets === 0) throw new TypeError(`${memory.byteLength} bytes hold no set of cells`);
    this.setsPerKey = sets / 2 ** 32;
    this.cellCount = sets * CELLS_PER_SET;
    this.cellWords = CELL_HEAD_WORDS + stateWords;
    this.setWords = this.cellWords * CELLS_PER_SET;
    this.cellsAt = this.locksAt + padded(sets);
  }

  /** Where the lock of this key's set lies in `words`; also tells sets apart. */
  lockOf(keyLow: number): number {
    return this.locksAt + this.setOf(keyLow);
  }

  /** Where the key's state begins in `words`, or -1. Needs no lock; without one the cell may change hands at any time. */
  find(keyLow: number, keyHigh: number): number {
    const { words } = this;
    const low = keyLow === 0 ? 1 : keyLow;
    const start = this.cellsAt + this.setOf(keyLow) * this.setWords;
    const at = start + (keyLow & (PLACES - 1)) * this.cellWords;
    if (words[at + KEY_LOW] === low && words[at + KEY_HIGH] === keyHigh) return at + CELL_HEAD_WORDS;
    return this.findOn(start, at, low, keyHigh);
  }

  /** Goes on from the key's own place. */
  private findOn(start: number, first: number, low: number, keyHigh: number): number {
    const { words, cellWords } = this;
    const end = start + this.setWords;
    let at = first;
    for (let n = 0; n < CELLS_PER_SET; n++) {
      const there = words[at + KEY_LOW]!;
      if (there === low && words[at + KEY_HIGH] === keyHigh) return at + CELL_HEAD_WORDS;
      if (there === 0) return -1;
      at += cellWords;
      if (at === end) at = start;
    }
    return -1;
  }

  /**
   * The cell for a key that `find` does not know: an unused one, or the set's idlest, whose state the caller must then make new
   * before `name` gives it to the key. The set's lock must be held. -1 when `isHeld` says of every cell that it may not go.
   */
  vacate(keyLow: number, moment: Moment, isHeld: (state: number) => boolean): number {
    const { words, cellWords } = this;
    const start = this.cellsAt + this.setOf(keyLow) * this.setWords;
    const end = start + this.setWords;
    let at = start + (keyLow & (PLACES - 1)) * cellWords;
    let idlest = -1;
    let most = -1;
    for (let n = 0; n < CELLS_PER_SET; n++) {
      if (words[at + KEY_LOW] === 0) return at + CELL_HEAD_WORDS;
      const idleness = this.idleness(words[at + TOUCHED]!, moment);
      if (idleness > most && !isHeld(at + CELL_HEAD_WORDS)) {
        most = idleness;
        idlest = at;
      }
      at += cellWords;
      if (at === end) at = start;
    }
    if (idlest === -1) return -1;
    // From here on nobody finds its old owner; a thread that found him before sees the state change.
    Atomics.store(words, idlest + KEY_HIGH, 0);
    return idlest + CELL_HEAD_WORDS;
  }

  /** Gives a vacated cell, its state made new, to a key. The set's lock must be held. */
  name(state: number, keyLow: number, keyHigh: number, moment: Moment, lasts: number): void {
    const { words } = this;
    const at = state - CELL_HEAD_WORDS;
    words[at + TOUCHED] = (lasts << LASTS_SHIFT) | moment;
    words[at + KEY_HIGH] = keyHigh;
    Atomics.store(words, at + KEY_LOW, keyLow === 0 ? 1 : keyLow);
  }

  /** Whether the cell still is this key's. */
  isOf(state: number, keyLow: number, keyHigh: number): boolean {
    const at = state - CELL_HEAD_WORDS;
    const { words } = this;
    return words[at + KEY_LOW] === (keyLow === 0 ? 1 : keyLow) && words[at + KEY_HIGH] === keyHigh;
  }

  /** Moments since the cell was touched; below zero when a clock is behind. */
  age(state: number, moment: Moment): number {
    return ((moment - this.words[state - CELL_HEAD_WORDS + TOUCHED]!) << (32 - TIME_BITS)) >> (32 - TIME_BITS);
  }

  /** Notes that the cell is in use. Costs a write four times a second at most. */
  touch(state: number, moment: Moment, lasts: number): void {
    const age = this.age(state, moment);
    if (age === 0) return;
    // A clock that lags behind does not make a cell older, but a large step back is followed.
    if (age < 0 && age > -STEP_BACK_MOMENTS) return;
    // Because: nothing hangs on when another thread sees it.
    this.words[state - CELL_HEAD_WORDS + TOUCHED] = AGAIN | (lasts << LASTS_SHIFT) | moment;
  }

  /** Bytes that the table takes, whatever it holds. */
  get bytes(): number {
    return this.words.byteLength;
  }

  private setOf(keyLow: number): number {
    // The high half of a product spreads 32 bits over any number of sets.
    return ((keyLow >>> 0) * this.setsPerKey) | 0;
  }

  /** Who goes first: those whose state says nothing any more, then those who came once, then the others; within these the idlest. */
  private idleness(touched: number, moment: Moment): number {
    const age = ((moment - touched) << (32 - TIME_BITS)) >> (32 - TIME_BITS);
    const idle = Math.max(age, 0);
    const lasts = (touched >>> LASTS_SHIFT) & LASTS_MASK;
    if (idle > 2 ** lasts) return idle + 2 * TIME_MASK;
    return touched < 0 ? idle : idle + TIME_MASK;
  }
}

/** See `STEP_BACK_MAX_MS`. */
export const STEP_BACK_MOMENTS = Math.ceil(60_000 / TIME_UNIT_MS);
