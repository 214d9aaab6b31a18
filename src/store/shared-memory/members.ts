// The threads that hold something in shared memory, each with a place and a sign of life: what a dead one held is free again.

import { availableParallelism } from 'node:os';
import { monotonicMs } from './table-header.ts';

/**
 * Threads that can hold something at once. There is mostly a worker a processor, and one that died keeps its place for a while. What each key takes
 * grows with it, so machines of the usual size have fewer.
 */
export const MEMBERS_MAX = availableParallelism() > 32 ? 256 : 64;

/** Words of a member: how often the place changed hands, and its last sign of life. */
const GENERATION = 0;
const ALIVE_AT = 1;
const MEMBER_WORDS = 2;

export const MEMBERS_BYTES = MEMBERS_MAX * MEMBER_WORDS * 4;

const BEAT_MS = 1_000;
/** Silent for so long, a member is dead. Longer than a worker's loop is ever held up. */
const DEAD_AFTER_BEATS = 50;
const BEAT_UNIT_MS = 100;

/** Generations as they fit beside a count. */
export const GENERATION_MASK = 0xfff;

export class Members {
  private readonly words: Int32Array;
  private slot = -1;
  private ownGeneration = 0;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.join();
    beatWhileHeld(this);
  }

  /** This thread's place; another one after it was silent for too long. */
  get own(): number {
    return this.slot;
  }

  get generation(): number {
    return this.ownGeneration & GENERATION_MASK;
  }

  /** Generation of the member in a place, -1 when nobody alive is there. */
  generationAt(slot: number, nowBeat: number): number {
    const { words } = this;
    const at = slot * MEMBER_WORDS;
    const aliveAt = Atomics.load(words, at + ALIVE_AT);
    if (aliveAt === 0 || ((nowBeat - aliveAt) | 0) > DEAD_AFTER_BEATS) return -1;
    return Atomics.load(words, at + GENERATION) & GENERATION_MASK;
  }

  /** A sign of life. */
  beat(): void {
    const at = this.slot * MEMBER_WORDS;
    if (Atomics.load(this.words, at + GENERATION) === this.ownGeneration)
      Atomics.store(this.words, at + ALIVE_AT, beatNow());
    else this.join();
  }

  private join(): void {
    const { words } = this;
    const now = beatNow();
    for (let slot = 0; slot < MEMBERS_MAX; slot++) {
      const at = slot * MEMBER_WORDS;
      const aliveAt = Atomics.load(words, at + ALIVE_AT);
      if (this.generationAt(slot, now) !== -1) continue;
      // Because: of several that see the place free, one finds the sign of life as it was.
      if (Atomics.compareExchange(words, at + ALIVE_AT, aliveAt, now) !== aliveAt) continue;
      this.slot = slot;
      this.ownGeneration = Atomics.add(words, at + GENERATION, 1) + 1;
      return;
    }
    throw new TypeError(`at most ${MEMBERS_MAX} workers can count what is in flight`);
  }
}

/** Now in tenths of a second, never 0, running round after years. */
export function beatNow(): number {
  return Math.floor(monotonicMs() / BEAT_UNIT_MS) | 0 || 1;
}

/** Ends by itself once nobody uses the members any more. */
function beatWhileHeld(members: Members): void {
  const held = new WeakRef(members);
  const timer = setInterval(() => {
    const still = held.deref();
    if (still === undefined) clearInterval(timer);
    else still.beat();
  }, BEAT_MS);
  timer.unref();
}
