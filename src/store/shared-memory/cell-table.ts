// Cells by 64-bit key in memory of a fixed size, for all threads. In a full set, the idlest cell makes room. Knows nothing of the
// meaning of a state's words.

import { HEADER_BYTES, openHeader, type TableHeader } from './table-header.ts';

/** Cells per set. A key belongs to one set, so a search looks at no more cells than this. */
const CELLS_PER_SET = 16;

/**
 * Cells of a set at which searches begin, each key at one of them, so that mostly one cell is looked at. Fewer than the set has: those
 * with the shortest states fill one cache line, and many callers are cheap only if they lie in few lines. Chosen by the half of the hash
 * that is computed first: the memory is being fetched while the other half is computed.
 */
const PLACES = 4;

/** Words in front of each state: two of the key, one that says when the cell was touched. */
const KEY_LOW = 0;
const KEY_HIGH = 1;
const TOUCHED = 2;
const CELL_HEAD_WORDS = 3;

/**
 * Parts of the word that says when a cell was touched: whether it was touched more than once (so that a stranger who comes once never
 * displaces a frequent caller), how long a touch counts as a power of two, and the time.
 */
const AGAIN = 1 << 31;
const LASTS_SHIFT = 26;
const LASTS_MASK = 31;
const TIME_BITS = 26;
const TIME_MASK = (1 << TIME_BITS) - 1;
const TIME_UNIT_MS = 256;

/** A time as cells store it, made by `momentOf`: in quarters of a second, wrapping around after half a year. */
export type Moment = number;

/** Converts milliseconds of a clock that all users of the table share. */
export function momentOf(nowMs: number): Moment {
  return Math.floor(nowMs / TIME_UNIT_MS) & TIME_MASK;
}

/** How long a touch counts, for `CellTable.touch`: the binary logarithm of a number of moments, rounded up. */
export function lastingClass(recoveryMs: number): number {
  return Math.min(TIME_BITS - 2, Math.max(0, Math.ceil(Math.log2(recoveryMs / TIME_UNIT_MS + 1))));
}

/** Size in bytes of a table for this many cells. */
export function tableBytes(cells: number, stateWords: number): number {
  const sets = Math.max(1, Math.ceil(cells / CELLS_PER_SET));
  return HEADER_BYTES + 4 * padded(sets) + 4 * sets * CELLS_PER_SET * (CELL_HEAD_WORDS + stateWords);
}

function setsIn(bytes: number, stateWords: number): number {
  const setWords = CELLS_PER_SET * (CELL_HEAD_WORDS + stateWords);
  const words = Math.floor((bytes - HEADER_BYTES) / 4);
  let sets = Math.max(0, Math.floor(words / (setWords + 1)));
  while (sets > 0 && padded(sets) + sets * setWords > words) sets--;
  return sets;
}

/** Words for the locks, padded so that cells begin on a cache line: for such sizes, glibc's allocator puts 16 bytes before the memory. */
function padded(sets: number): number {
  return Math.ceil(sets / 16) * 16 + 12;
}

export class CellTable {
  readonly header: TableHeader;
  /** All words: from `locksAt` on one lock per set, then the cells. */
  readonly words: Int32Array;
  readonly cellCount: number;
  readonly stateWords: number;
  /** Number of sets divided by 2^32. */
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

  /** Index in `words` of the lock of this key's set; also identifies the set. */
  lockOf(keyLow: number): number {
    return this.locksAt + this.setOf(keyLow);
  }

  /** Index in `words` where the key's state begins, or -1. Needs no lock; without one, the cell may change hands at any time. */
  find(keyLow: number, keyHigh: number): number {
    const { words } = this;
    const low = keyLow === 0 ? 1 : keyLow;
    const start = this.cellsAt + this.setOf(keyLow) * this.setWords;
    const at = start + (keyLow & (PLACES - 1)) * this.cellWords;
    if (words[at + KEY_LOW] === low && words[at + KEY_HIGH] === keyHigh) return at + CELL_HEAD_WORDS;
    return this.findOn(start, at, low, keyHigh);
  }

  /** Continues the search from the key's first cell. */
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
   * Finds a cell for a key that `find` does not know: an unused one, or the set's idlest, whose state the caller must reset before
   * `assignKey` gives it to the key. The set's lock must be held. -1 when every cell is in use and `isHeld` forbids to take it.
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
    // From here on, no thread finds the cell for its old key; a thread that found it before sees the state change.
    Atomics.store(words, idlest + KEY_HIGH, 0);
    return idlest + CELL_HEAD_WORDS;
  }

  /** Gives a vacated cell, whose state has been reset, to a key. The set's lock must be held. */
  assignKey(state: number, keyLow: number, keyHigh: number, moment: Moment, lasts: number): void {
    const { words } = this;
    const at = state - CELL_HEAD_WORDS;
    words[at + TOUCHED] = (lasts << LASTS_SHIFT) | moment;
    words[at + KEY_HIGH] = keyHigh;
    Atomics.store(words, at + KEY_LOW, keyLow === 0 ? 1 : keyLow);
  }

  /** Whether the cell still belongs to this key. */
  isOf(state: number, keyLow: number, keyHigh: number): boolean {
    const at = state - CELL_HEAD_WORDS;
    const { words } = this;
    return words[at + KEY_LOW] === (keyLow === 0 ? 1 : keyLow) && words[at + KEY_HIGH] === keyHigh;
  }

  /** Moments since the cell was touched; negative when this thread's clock is behind. */
  age(state: number, moment: Moment): number {
    return ((moment - this.words[state - CELL_HEAD_WORDS + TOUCHED]!) << (32 - TIME_BITS)) >> (32 - TIME_BITS);
  }

  /** Notes that the cell is in use. Writes at most four times a second. */
  touch(state: number, moment: Moment, lasts: number): void {
    const age = this.age(state, moment);
    if (age === 0) return;
    // A clock that lags behind does not make a cell older, but a large step back is followed.
    if (age < 0 && age > -STEP_BACK_MOMENTS) return;
    // Because: no decision depends on when another thread sees this.
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

  /** Higher goes first: cells whose state means nothing any more, then cells touched once, then the others; among equals, the idlest. */
  private idleness(touched: number, moment: Moment): number {
    const age = ((moment - touched) << (32 - TIME_BITS)) >> (32 - TIME_BITS);
    const idle = Math.max(age, 0);
    const lasts = (touched >>> LASTS_SHIFT) & LASTS_MASK;
    if (idle > 2 ** lasts) return idle + 2 * TIME_MASK;
    return touched < 0 ? idle : idle + TIME_MASK;
  }
}

/** `STEP_BACK_MAX_MS` in moments. */
export const STEP_BACK_MOMENTS = Math.ceil(60_000 / TIME_UNIT_MS);
