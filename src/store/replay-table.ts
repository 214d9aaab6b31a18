// What was seen before, in memory that all workers share: fingerprints that are kept until they expire. Never drops one early: when a
// bucket is full of live fingerprints, `add` says so. Not for other kinds of counting.

import { lock, unlock } from './shared-memory/set-lock.ts';

const WAYS = 8;
/** Words of a slot: two of fingerprint, and the second at which it expires. */
const WORDS = 3;
/** Each bucket has a lock in front of its slots. */
const BUCKET_WORDS = 1 + WAYS * WORDS;

/** What `add` found. `full`: the bucket has no room, and the digest was not added. */
export type Seen = 'new' | 'seen' | 'full';

/** Number of buckets for this many fingerprints: a power of two. */
function bucketsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, entries / WAYS)));
}

/** Size in bytes of the memory for a table of `entries` fingerprints. */
export function replayTableBytes(entries: number): number {
  return bucketsFor(entries) * BUCKET_WORDS * 4;
}

export class ReplayTable {
  private readonly words: Int32Array;
  private readonly mask: number;

  /** `memory` has the size that `replayTableBytes` returned. */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.mask = Math.floor(this.words.length / BUCKET_WORDS) - 1;
  }

  /**
   * Whether the digest is in the table; adds it unless its bucket is full. `digest` is a cryptographic hash of at least 12 bytes; times
   * are in seconds since 1970. Of several threads that add the same digest at once, exactly one gets `new`.
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
