// The first words of a table: a secret for its hashes and an offset of its clock, made by the first thread and the same for all. Knows
// nothing of cells.

import { randomBytes } from 'node:crypto';

/** Bytes in front of a table's cells. */
export const HEADER_BYTES = 64;

const STATE = 0;
const KEY_LOW = 1;
const KEY_HIGH = 2;
/** A 64-bit float: converts the system's monotonic clock to wall-clock time. */
const WALL_OFFSET_BYTES = 16;

const BLANK = 0;
const MAKING = 1;
const MADE = 2;
const PATIENCE_MS = 100;

export interface TableHeader {
  readonly hashKeyLow: number;
  readonly hashKeyHigh: number;
  /** What the wall clock was ahead of the system's monotonic milliseconds when the table was made. It never changes. */
  readonly wallOffsetMs: number;
}

/** Reads the header; makes it first if the memory is blank. */
export function openHeader(memory: SharedArrayBuffer): TableHeader {
  const words = new Int32Array(memory, 0, HEADER_BYTES / 4);
  const offset = new Float64Array(memory, WALL_OFFSET_BYTES, 1);
  let state = Atomics.compareExchange(words, STATE, BLANK, MAKING);
  if (state === MAKING) {
    Atomics.wait(words, STATE, MAKING, PATIENCE_MS);
    state = Atomics.load(words, STATE);
  }
  // A thread that began to make the header and has not finished by now is gone.
  if (state !== MADE) {
    const secret = randomBytes(8);
    words[KEY_LOW] = secret.readInt32LE(0);
    words[KEY_HIGH] = secret.readInt32LE(4);
    offset[0] = Date.now() - monotonicMs();
    Atomics.store(words, STATE, MADE);
    Atomics.notify(words, STATE);
  }
  return { hashKeyLow: words[KEY_LOW]!, hashKeyHigh: words[KEY_HIGH]!, wallOffsetMs: offset[0]! };
}

/** The system's monotonic clock in ms, the same for all threads; `performance.now` counts from each thread's own start. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}
