// What was seen before, in memory that all workers share: fingerprints that are kept until they expire. Never forgets one early:
// when a bucket is full of live ones it says so. Not for other kinds of counting.

import { lock, unlock } from './shared-memory/set-lock.ts';

const WAYS = 8;
/** Two words of fingerprint and the second at which it expires. */
const WORDS = 3;
/** A lock in front of the slots. */
const BUCKET_WORDS = 1 + WAYS * WORDS;

export type Seen = 'new' | 'seen' | 'full';

/** Buckets for this many fingerprints: a power of two. */
function bucketsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, entries / WAYS)));
}

/** Of the memory that a table for `entries` fingerprints needs. */
export function replayTableBytes(entries: number): number {
  return bucketsFor(entries) * BUCKET_WORDS * 4;
}

export class ReplayTable {
  private readonly words: Int32Array;
  private readonly mask: number;

  /** `memory` has the size that `replayTableBytes` gave. */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.mask = Math.floor(this.words.length / BUCKET_WORDS) - 1;
  }

  /**
   * Whether this was there before; afterwards it is. `digest` is a cryptographic hash of at least 12 bytes. Seconds since 1970. Of
   * several threads that ask at once exactly one hears `new`.
   */
  add(digest: Buffer, nowS: number, expiresS: number): Seen {
    const start = (digest.readUInt32LE(0) & this.mask) * BUCKET_WORDS;
    // A slot that is all zero is empty.
    const first = digest.readInt32LE(4) || 1;
    const second = digest.readInt32LE(8);
    const stamp = lock(this.words, start);
    try {
      return this.addLocked(start + 1, first, second, nowS | 0, expiresS | 0);
    } finally {
      unlock(this.words, start, stamp);
    }
  }

  private addLocked(slots: number, first: number, second: number, nowS: number, expiresS: number): Seen {
    const { words } = this;
    let free = -1;
    for (let at = slots; at < slots + WAYS * WORDS; at += WORDS) {
      const live = words[at] !== 0 && ((words[at + 2]! - nowS) | 0) >= 0;
      if (!live) free = at;
      else if (words[at] === first && words[at + 1] === second) return 'seen';
    }
    if (free === -1) return 'full';
    words[free] = first;
    words[free + 1] = second;
    words[free + 2] = expiresS;
    return 'new';
  }
}
