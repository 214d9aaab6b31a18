// The threads that hold something in shared memory, each with a place and a sign of life: what a dead thread held is free again.

import { availableParallelism } from 'node:os';
import { monotonicMs } from './table-header.ts';

/**
 * Threads that can hold something at once. There is mostly one worker per processor, and a worker that died keeps its place for a while.
 * The memory of each key grows with this number, so machines of the usual size have fewer places.
 */
export const MEMBERS_MAX = availableParallelism() > 32 ? 256 : 64;

/** Words of a member: how often the place changed hands, and its last sign of life. */
const GENERATION = 0;
const ALIVE_AT = 1;
const MEMBER_WORDS = 2;

export const MEMBERS_BYTES = MEMBERS_MAX * MEMBER_WORDS * 4;

const BEAT_MS = 1_000;
/** A member that is silent for this long is dead. Longer than a worker's event loop is ever held up. */
const DEAD_AFTER_BEATS = 50;
const BEAT_UNIT_MS = 100;

/** The bits of a generation that fit beside a count. */
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

  /** This thread's place. It changes after the thread was silent for too long. */
  get ownSlot(): number {
    return this.slot;
  }

  get generation(): number {
    return this.ownGeneration & GENERATION_MASK;
  }

  /** Generation of the member in a place; -1 when no live member is there. */
  generationAt(slot: number, nowBeat: number): number {
    const { words } = this;
    const at = slot * MEMBER_WORDS;
    const aliveAt = Atomics.load(words, at + ALIVE_AT);
    if (aliveAt === 0 || ((nowBeat - aliveAt) | 0) > DEAD_AFTER_BEATS) return -1;
    return Atomics.load(words, at + GENERATION) & GENERATION_MASK;
  }

  /** Gives a sign of life; joins anew if this thread lost its place. */
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
      // Because: of several threads that see the place free, only one still finds the old sign of life.
      if (Atomics.compareExchange(words, at + ALIVE_AT, aliveAt, now) !== aliveAt) continue;
      this.slot = slot;
      this.ownGeneration = Atomics.add(words, at + GENERATION, 1) + 1;
      return;
    }
    throw new TypeError(`at most ${MEMBERS_MAX} workers can count what is in flight`);
  }
}

/** Now in tenths of a second, never 0; wraps around after years. */
export function beatNow(): number {
  return Math.floor(monotonicMs() / BEAT_UNIT_MS) | 0 || 1;
}

/** Ends by itself once nothing uses the members any more. */
function beatWhileHeld(members: Members): void {
  const held = new WeakRef(members);
  const timer = setInterval(() => {
    const still = held.deref();
    if (still === undefined) clearInterval(timer);
    else still.beat();
  }, BEAT_MS);
  timer.unref();
}
