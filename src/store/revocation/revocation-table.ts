// What is revoked, as fingerprints in memory that all threads read and one writes. Entries come in place and at once; they go when the
// table is made anew. Knows neither Redis nor tokens.

import { KeyedHash } from '../../base/keyed-hash.ts';

/** Words in front of the entries: slots minus one, entries, the time before which everything is revoked. */
const HEADER_WORDS = 4;
const SLOT_WORDS = 4;
const SLOTS_MIN = 1_024;

/** Tells fingerprints of token ids from those of subjects. */
const idMark = 0;
const subjectMark = 0x5bd1e995;

const hash = new KeyedHash();

/** Of a text under the table's key; 64 bits, `low` never 0. */
export interface Fingerprint {
  readonly low: number;
  readonly high: number;
}

/** The key of a process's fingerprints: with it nobody outside can look for two that are alike. */
export interface FingerprintKey {
  readonly low: number;
  readonly high: number;
}

/** Of the id of a token. */
export function idFingerprint(key: FingerprintKey, id: string): Fingerprint {
  hash.text(key.low ^ idMark, key.high, id);
  return { low: hash.low || 1, high: hash.high };
}

/** Of the subject of tokens: another one than that of an id with the same text. */
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

  /** With room for so many entries, and as many again. */
  static for(entries: number): RevocationTable {
    let slots = SLOTS_MIN;
    while (slots < entries * 4) slots *= 2;
    const memory = new SharedArrayBuffer((HEADER_WORDS + slots * SLOT_WORDS) * 4);
    new Int32Array(memory)[0] = slots - 1;
    return new RevocationTable(memory);
  }

  get entries(): number {
    return Atomics.load(this.words, 1);
  }

  /** Half of the slots are taken: looking would take long soon. */
  get isFull(): boolean {
    return this.entries * 2 >= this.mask;
  }

  /** Tokens made at or before this time are revoked, all of them; seconds since 1970, 0 for none. */
  get beforeS(): number {
    return Atomics.load(this.words, 2) >>> 0;
  }

  set beforeS(seconds: number) {
    Atomics.store(this.words, 2, wholeSeconds(seconds) | 0);
  }

  /** The time that stands with the fingerprint, in seconds since 1970; -1 when it is not there. */
  find({ low, high }: Fingerprint): number {
    const { words, mask } = this;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      const there = Atomics.load(words, at);
      if (there === 0) return -1;
      if (there === low && words[at + 1] === high) return Atomics.load(words, at + 2) >>> 0;
    }
  }

  /** By the one writer. Of two times for one fingerprint the later counts. False when there is no room. */
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
      // Last: a reader that sees it sees the others.
      Atomics.store(words, at, low);
      Atomics.add(words, 1, 1);
      return true;
    }
  }
}

/** In 32 bits. What lies beyond, such as a time in milliseconds, is for ever: it was meant to revoke something. */
function wholeSeconds(seconds: number): number {
  return Math.min(Math.max(0, Math.ceil(seconds)), 0xffffffff);
}
