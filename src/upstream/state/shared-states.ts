// What all threads know of upstreams and endpoints, in one table of shared memory: health, ejections, breakers, budgets, requests
// under way. Gives out blocks by name, so that they outlive reloads and workers; what they mean is not known here.

import { hashText, mixBits } from '../../base/hash.ts';
import { StateCell, TimeCell } from './state-cells.ts';

const HEADER_WORDS = 4;
const WAYS = 8;
const SETS = 1_024;
/** A block that nobody has said to use for this long may be given to another name, when there is no free one. */
const FORGET_AFTER_MS = 120_000;
/** A thread looks for names to forget when it knows so many, and then when it knows twice as many as were left. */
const NAMES_MIN = 256;

/** One upstream's or endpoint's cells: `words[at + StateCell.x]`, `times[timesAt + TimeCell.x]`. */
export interface StateBlock {
  readonly words: Int32Array;
  readonly times: Float64Array;
  readonly at: number;
  readonly timesAt: number;
  /** The cell of this worker's requests under way. */
  readonly ownInFlightAt: number;
  readonly workers: number;
}

/** Memory for a crew of this size. Pages that nobody touched take none. */
export function stateMemory(workers: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((HEADER_WORDS + SETS * WAYS * blockWords(workers)) * 4);
  new Int32Array(memory)[0] = workers;
  return memory;
}

function keyOf(name: string): number {
  return hashText(name, 1) | 0 || 1;
}

/** Even, so that the next block's 64-bit cells are aligned. */
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

  /** `slot` is this worker's, -1 for the supervisor. Without memory, the states are this thread's own. */
  constructor(memory: SharedArrayBuffer | null, slot: number) {
    this.words = memory === null ? null : new Int32Array(memory);
    this.workers = this.words === null ? 1 : this.words[0]!;
    this.slot = memory === null ? 0 : slot;
    // Because: each thread counts performance.now() from its own start; this is what they have in common, read once.
    this.clockOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  }

  /** The same time on every thread, from a thread's own clock. */
  nowMs(clockNow: number): number {
    return clockNow + this.clockOffsetMs;
  }

  /** The block under this name, always the same one. A name says what it is of: `upstream users`, `endpoint users http://...`. */
  claim(key: string, clockNow: number): StateBlock {
    const known = this.claimed.get(key);
    // One that was out of use for long may have been given to another name meanwhile.
    if (known !== undefined && (known.words !== this.words || known.words[known.at + StateCell.key] === keyOf(key))) {
      return known;
    }
    const at = this.words === null ? -1 : this.find(this.words, key, this.nowMs(clockNow));
    const block = at === -1 ? aloneBlock() : this.blockAt(this.words!, at);
    // A worker that died in this slot left its count behind.
    if (block.ownInFlightAt !== -1) block.words[block.ownInFlightAt] = 0;
    this.claimed.set(key, block);
    if (this.claimed.size > this.namesMax) this.forgetUnused(this.nowMs(clockNow));
    return block;
  }

  /** Names that this thread has claimed and not forgotten. */
  get names(): number {
    return this.claimed.size;
  }

  /** Says that these blocks are in use; once a minute is enough. Those of other names are forgotten here. */
  keep(keys: ReadonlySet<string>, clockNow: number): void {
    const now = this.nowMs(clockNow);
    for (const [key, block] of this.claimed) {
      if (keys.has(key)) block.times[block.timesAt + TimeCell.used] = now;
      else this.claimed.delete(key);
    }
  }

  /** Nothing that this worker had under way is any more: nobody is to wait for its end. */
  workerEnded(slot: number): void {
    const { words, workers } = this;
    if (words === null) return;
    const size = blockWords(workers);
    for (let at = HEADER_WORDS + StateCell.inFlight + slot; at < words.length; at += size) {
      // Reads before it writes: a store would make pages that were never used resident.
      if (words[at] !== 0) Atomics.store(words, at, 0);
    }
  }

  /** Endpoints come and go all day where addresses are discovered. One with a request of this worker is still to be found. */
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
      // A tunnel to an endpoint that is gone, say, still takes itself out of this count when it ends.
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

/** For a thread without shared memory, or when the table is full. */
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

/** Requests under way on all workers. */
export function inFlightOfAll({ words, at, workers }: StateBlock): number {
  let sum = 0;
  for (let cell = at + StateCell.inFlight, end = cell + workers; cell < end; cell++) sum += words[cell]!;
  return sum;
}
