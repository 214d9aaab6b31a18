// The state of upstreams and endpoints that all threads share, in one table of shared memory: health, ejections, breakers, budgets,
// requests under way. Hands out blocks by name, so that they outlive reloads and workers. Does not know what the cells mean.

import { hashText, mixBits } from '../../base/hash.ts';
import { StateCell, TimeCell } from './state-cells.ts';

const HEADER_WORDS = 4;
const WAYS = 8;
const SETS = 1_024;
/** A block that no thread has claimed or kept for this long may be given to another name when no block is free. */
const FORGET_AFTER_MS = 120_000;
/** A thread removes unused names when it knows this many, and after that when it knows twice as many as were left. */
const NAMES_MIN = 256;

/** The cells of one upstream or endpoint: `words[at + StateCell.x]`, `times[timesAt + TimeCell.x]`. */
export interface StateBlock {
  readonly words: Int32Array;
  readonly times: Float64Array;
  readonly at: number;
  readonly timesAt: number;
  /** Index of the cell with this worker's requests under way; -1 in the supervisor, which has none. */
  readonly ownInFlightAt: number;
  readonly workers: number;
}

/** Memory for this many workers. Pages that are never touched take up no memory. */
export function stateMemory(workers: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((HEADER_WORDS + SETS * WAYS * blockWords(workers)) * 4);
  new Int32Array(memory)[0] = workers;
  return memory;
}

function keyOf(name: string): number {
  return hashText(name, 1) | 0 || 1;
}

/** Words in a block. Even, so that the 64-bit cells of the next block are aligned. */
function blockWords(workers: number): number {
  return StateCell.inFlight + workers + (workers & 1);
}

export class SharedStates {
  private readonly words: Int32Array | null;
  private readonly workers: number;
  private readonly slot: number;
  private readonly clockOffsetMs: number;
  private readonly claimed = new Map<string, StateBlock>();
  private namesMax = NAMES_MIN;

  /** `slot` is the number of this worker, -1 for the supervisor. Without memory (null), the states belong to this thread alone. */
  constructor(memory: SharedArrayBuffer | null, slot: number) {
    this.words = memory === null ? null : new Int32Array(memory);
    this.workers = this.words === null ? 1 : this.words[0]!;
    this.slot = memory === null ? 0 : slot;
    // Because: performance.now() starts at 0 on each thread; hrtime is the same clock for all, and is read once for the difference.
    this.clockOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  }

  /** Converts a thread's own clock into shared milliseconds, the same on every thread. */
  nowMs(clockNow: number): number {
    return clockNow + this.clockOffsetMs;
  }

  /**
   * Returns the block of this name, always the same one. The name says what the block describes: `upstream users`, `endpoint users
   * http://...`.
   */
  claim(key: string, clockNow: number): StateBlock {
    const known = this.claimed.get(key);
    // A block that was out of use for long may have been given to another name meanwhile.
    if (known !== undefined && (known.words !== this.words || known.words[known.at + StateCell.key] === keyOf(key))) {
      return known;
    }
    const at = this.words === null ? -1 : this.find(this.words, key, this.nowMs(clockNow));
    const block = at === -1 ? aloneBlock() : this.blockAt(this.words!, at);
    // A worker that died in this slot may have left its count behind.
    if (block.ownInFlightAt !== -1) block.words[block.ownInFlightAt] = 0;
    this.claimed.set(key, block);
    if (this.claimed.size > this.namesMax) this.forgetUnused(this.nowMs(clockNow));
    return block;
  }

  /** Number of names that this thread has claimed and not forgotten. */
  get names(): number {
    return this.claimed.size;
  }

  /** Marks the blocks of these names as in use; once a minute is enough. This thread forgets all other names. */
  keep(keys: ReadonlySet<string>, clockNow: number): void {
    const now = this.nowMs(clockNow);
    for (const [key, block] of this.claimed) {
      if (keys.has(key)) block.times[block.timesAt + TimeCell.used] = now;
      else this.claimed.delete(key);
    }
  }

  /** Resets the counts of requests under way of a worker that ended, so that nothing waits for their end. */
  workerEnded(slot: number): void {
    const { words, workers } = this;
    if (words === null) return;
    const size = blockWords(workers);
    for (let at = HEADER_WORDS + StateCell.inFlight + slot; at < words.length; at += size) {
      // Reads before writing: a store would make untouched pages resident.
      if (words[at] !== 0) Atomics.store(words, at, 0);
    }
  }

  /** Forgets unused names, because discovered endpoints come and go all day. An endpoint with a request of this worker stays known. */
  private forgetUnused(now: number): void {
    for (const [key, { words, times, timesAt, ownInFlightAt }] of this.claimed) {
      if (words !== this.words || now - times[timesAt + TimeCell.used]! < FORGET_AFTER_MS) continue;
      if (ownInFlightAt === -1 || words[ownInFlightAt] === 0) this.claimed.delete(key);
    }
    this.namesMax = Math.max(NAMES_MIN, 2 * this.claimed.size);
  }

  private blockAt(words: Int32Array, at: number): StateBlock {
    const times = new Float64Array(words.buffer);
    const { slot, workers } = this;
    const ownInFlightAt = slot < 0 ? -1 : at + StateCell.inFlight + slot;
    return { words, times, at, timesAt: at / 2, ownInFlightAt, workers };
  }

  private find(words: Int32Array, name: string, now: number): number {
    const key = keyOf(name);
    const size = blockWords(this.workers);
    const start = HEADER_WORDS + (mixBits(hashText(name, 2)) % SETS) * WAYS * size;
    const end = start + WAYS * size;
    const times = new Float64Array(words.buffer);
    for (let at = start; at < end; at += size) {
      const found = Atomics.compareExchange(words, at + StateCell.key, 0, key);
      if (found !== 0 && found !== key) continue;
      times[at / 2 + TimeCell.used] = now;
      return at;
    }
    for (let at = start; at < end; at += size) {
      if (now - times[at / 2 + TimeCell.used]! < FORGET_AFTER_MS) continue;
      // A tunnel to a removed endpoint, for example, still decrements this count when it ends.
      if (this.isCountedIn(words, at)) continue;
      const before = words[at + StateCell.key]!;
      if (Atomics.compareExchange(words, at + StateCell.key, before, key) !== before) continue;
      words.fill(0, at + 2, at + size);
      times[at / 2 + TimeCell.used] = now;
      return at;
    }
    return -1;
  }

  private isCountedIn(words: Int32Array, at: number): boolean {
    const cell = at + StateCell.inFlight;
    for (let slot = 0; slot < this.workers; slot++) if (words[cell + slot] !== 0) return true;
    return false;
  }
}

/** A block of this thread's own, when there is no shared memory or no room in the table. */
function aloneBlock(): StateBlock {
  const words = new Int32Array(new SharedArrayBuffer(blockWords(1) * 4));
  return {
    words,
    times: new Float64Array(words.buffer),
    at: 0,
    timesAt: 0,
    ownInFlightAt: StateCell.inFlight,
    workers: 1,
  };
}

/** Requests under way, on all workers together. */
export function inFlightOfAll({ words, at, workers }: StateBlock): number {
  let sum = 0;
  for (let cell = at + StateCell.inFlight, end = cell + workers; cell < end; cell++) sum += words[cell]!;
  return sum;
}
