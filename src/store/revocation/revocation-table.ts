// Revocations as fingerprints in memory that all threads read and one thread writes. Entries are added in place, at once; they are removed
// only by making the table anew. Knows neither Redis nor tokens.

import { KeyedHash } from '../../base/keyed-hash.ts';

/** Words in front of the entries: number of slots minus one, number of entries, the time up to which everything is revoked. */
const HEADER_WORDS = 4;
const SLOT_WORDS = 4;
const SLOTS_MIN = 1_024;

/** Make fingerprints of token ids differ from those of subjects. */
const idMark = 0;
const subjectMark = 0x5bd1e995;

const hash = new KeyedHash();

/** The hash of a text under the table's key: 64 bits, `low` never 0. */
export interface Fingerprint {
  readonly low: number;
  readonly high: number;
}

/** The key of a process's fingerprints. It is secret, so that nobody outside can search for texts with the same fingerprint. */
export interface FingerprintKey {
  readonly low: number;
  readonly high: number;
}

/** Fingerprint of a token's id. */
export function idFingerprint(key: FingerprintKey, id: string): Fingerprint {
  hash.text(key.low ^ idMark, key.high, id);
  return { low: hash.low || 1, high: hash.high };
}

/** Fingerprint of a subject. It differs from that of an id with the same text. */
export function subjectFingerprint(key: FingerprintKey, subject: string): Fingerprint {
  hash.text(key.low ^ subjectMark, key.high, subject);
  return { low: hash.low || 1, high: hash.high };
}

export class RevocationTable {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly mask: number;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.words = new Int32Array(memory);
    this.mask = this.words[0]!;
  }

  /** An empty table with room for twice this many entries. */
  static for(entries: number): RevocationTable {
    let slots = SLOTS_MIN;
    while (slots < entries * 4) slots *= 2;
    const memory = new SharedArrayBuffer((HEADER_WORDS + slots * SLOT_WORDS) * 4);
    new Int32Array(memory)[0] = slots - 1;
    return new RevocationTable(memory);
  }

  /** A copy with room for twice the entries of this table. */
  larger(): RevocationTable {
    const { words } = this;
    const table = RevocationTable.for(this.entries);
    for (let at = HEADER_WORDS; at < words.length; at += SLOT_WORDS)
      if (words[at] !== 0) table.add({ low: words[at]!, high: words[at + 1]! }, words[at + 2]! >>> 0);
    table.beforeS = this.beforeS;
    return table;
  }

  get entries(): number {
    return Atomics.load(this.words, 1);
  }

  /** Whether half of the slots are taken: with more, lookups would soon take long. */
  get isFull(): boolean {
    return this.entries * 2 >= this.mask;
  }

  /** Tokens issued at or before this time are all revoked; seconds since 1970, 0 for none. */
  get beforeS(): number {
    return Atomics.load(this.words, 2) >>> 0;
  }

  set beforeS(seconds: number) {
    Atomics.store(this.words, 2, wholeSeconds(seconds) | 0);
  }

  /** The time of a fingerprint, in seconds since 1970; -1 when the table does not have it. */
  find({ low, high }: Fingerprint): number {
    const { words, mask } = this;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      const there = Atomics.load(words, at);
      if (there === 0) return -1;
      if (there === low && words[at + 1] === high) return Atomics.load(words, at + 2) >>> 0;
    }
  }

  /** Only for the one writer. Of two times for one fingerprint the later counts. False when there is no room. */
  add({ low, high }: Fingerprint, seconds: number): boolean {
    const { words, mask } = this;
    const time = wholeSeconds(seconds);
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      const there = words[at];
      if (there === low && words[at + 1] === high) {
        if (time > words[at + 2]! >>> 0) Atomics.store(words, at + 2, time | 0);
        return true;
      }
      if (there !== 0) continue;
      if (this.isFull) return false;
      words[at + 1] = high;
      words[at + 2] = time | 0;
      // Written last: a reader that sees this word sees the others too.
      Atomics.store(words, at, low);
      Atomics.add(words, 1, 1);
      return true;
    }
  }
}

/** Whole seconds in 32 bits. A larger value, such as a time in milliseconds, counts as for ever: it was meant to revoke something. */
function wholeSeconds(seconds: number): number {
  return Math.min(Math.max(0, Math.ceil(seconds)), 0xffffffff);
}
