// Answers that are kept for whoever asks the same again, in memory that all workers share: a slot a question, found by its digest. Bounded: when a
// set is full the stored answer that would go first goes now; what is under way never does.

import { lock, unlock } from './shared-memory/set-lock.ts';

const HEADER_WORDS = 8;
const WAYS = 8;
const SLOT_HEADER_WORDS = 8;
/** In a slot: state, four words of digest, fingerprint, expiry in seconds since 1970, length. */
const DIGEST_AT = 1;
const FINGERPRINT_AT = 5;
const EXPIRY_AT = 6;
const LENGTH_AT = 7;

const State = { free: 0, underWay: 1, stored: 2 } as const;
/** Length of an answer that was given and could not be kept. */
const NOT_KEPT = -1;

/** What a claim comes to. `slot` is to be given back by `store`, `storeNothing` or `release`. */
export type Claim =
  | { readonly kind: 'first'; readonly slot: number }
  | { readonly kind: 'underWay' }
  | { readonly kind: 'otherQuestion' }
  | { readonly kind: 'notKept' }
  | { readonly kind: 'stored'; readonly bytes: Buffer }
  | { readonly kind: 'full' };

/** Of a table of about this size. */
export function answerTableBytes(memoryBytes: number, answerBytesMax: number): number {
  const sets = Math.max(1, Math.floor(memoryBytes / (WAYS * slotBytes(answerBytesMax))));
  return HEADER_WORDS * 4 + sets * (4 + WAYS * slotBytes(answerBytesMax));
}

function slotBytes(answerBytesMax: number): number {
  return SLOT_HEADER_WORDS * 4 + Math.ceil(answerBytesMax / 4) * 4;
}

export class AnswerTable {
  readonly answerBytesMax: number;
  private readonly words: Int32Array;
  private readonly bytes: Buffer;
  private readonly slotWords: number;
  private readonly sets: number;

  /** Memory of `answerTableBytes` with the same answers. */
  constructor(memory: SharedArrayBuffer, answerBytesMax: number) {
    this.answerBytesMax = answerBytesMax;
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
    this.slotWords = slotBytes(answerBytesMax) / 4;
    this.sets = Math.floor((this.words.length - HEADER_WORDS) / (1 + WAYS * this.slotWords));
  }

  /** `digest` has 16 bytes; a question with the same digest and another fingerprint is another question. */
  claim(digest: Buffer, fingerprint: number, nowSeconds: number, underWaySeconds: number): Claim {
    const set = digest.readUInt32LE(12) % this.sets;
    const at = HEADER_WORDS + set;
    const stamp = lock(this.words, at);
    try {
      return this.claimIn(this.firstSlot(set), digest, fingerprint, nowSeconds, underWaySeconds);
    } finally {
      unlock(this.words, at, stamp);
    }
  }

  /** What there is of a question, without asking it; null when there is nothing. */
  find(digest: Buffer, nowSeconds: number): Buffer | 'underWay' | 'notKept' | null {
    const set = digest.readUInt32LE(12) % this.sets;
    const at = HEADER_WORDS + set;
    const stamp = lock(this.words, at);
    try {
      const { words, slotWords } = this;
      for (let way = 0, slot = this.firstSlot(set); way < WAYS; way++, slot += slotWords) {
        if (words[slot] === State.free || words[slot + EXPIRY_AT]! <= nowSeconds || !this.isAt(slot, digest)) continue;
        const known = this.known(slot, words[slot + FINGERPRINT_AT]!);
        return known.kind === 'stored' ? known.bytes : known.kind === 'underWay' ? 'underWay' : 'notKept';
      }
      return null;
    } finally {
      unlock(this.words, at, stamp);
    }
  }

  /** Keeps the answer; of one that is too long only that it was given. */
  store(slot: number, digest: Buffer, answer: Buffer | null, expirySeconds: number): void {
    this.change(slot, digest, () => {
      const { words } = this;
      const fits = answer !== null && answer.length <= this.answerBytesMax;
      if (fits) answer.copy(this.bytes, (slot + SLOT_HEADER_WORDS) * 4);
      words[slot + LENGTH_AT] = fits ? answer.length : NOT_KEPT;
      words[slot + EXPIRY_AT] = expirySeconds;
      words[slot] = State.stored;
    });
  }

  /** The question may be asked again. */
  release(slot: number, digest: Buffer): void {
    this.change(slot, digest, () => {
      this.words[slot] = State.free;
    });
  }

  private claimIn(first: number, digest: Buffer, fingerprint: number, now: number, underWaySeconds: number): Claim {
    const { words, slotWords } = this;
    let place = -1;
    let earliest = Infinity;
    for (let way = 0, slot = first; way < WAYS; way++, slot += slotWords) {
      const isFree = words[slot] === State.free || words[slot + EXPIRY_AT]! <= now;
      if (!isFree && this.isAt(slot, digest)) return this.known(slot, fingerprint);
      const rank = isFree ? -1 : words[slot] === State.stored ? words[slot + EXPIRY_AT]! : Infinity;
      if (rank >= earliest) continue;
      earliest = rank;
      place = slot;
    }
    if (place === -1) return { kind: 'full' };
    for (let i = 0; i < 4; i++) words[place + DIGEST_AT + i] = digest.readInt32LE(i * 4);
    words[place + FINGERPRINT_AT] = fingerprint;
    words[place + EXPIRY_AT] = now + underWaySeconds;
    words[place] = State.underWay;
    return { kind: 'first', slot: place };
  }

  private known(slot: number, fingerprint: number): Claim {
    const { words } = this;
    if (words[slot + FINGERPRINT_AT] !== fingerprint) return { kind: 'otherQuestion' };
    if (words[slot] === State.underWay) return { kind: 'underWay' };
    const length = words[slot + LENGTH_AT]!;
    if (length === NOT_KEPT) return { kind: 'notKept' };
    const start = (slot + SLOT_HEADER_WORDS) * 4;
    return { kind: 'stored', bytes: Buffer.from(this.bytes.subarray(start, start + length)) };
  }

  /** Does it if the slot is still this question's, which is under way. */
  private change(slot: number, digest: Buffer, act: () => void): void {
    const at = HEADER_WORDS + (digest.readUInt32LE(12) % this.sets);
    const stamp = lock(this.words, at);
    try {
      if (this.words[slot] === State.underWay && this.isAt(slot, digest)) act();
    } finally {
      unlock(this.words, at, stamp);
    }
  }

  private isAt(slot: number, digest: Buffer): boolean {
    for (let i = 0; i < 4; i++) if (this.words[slot + DIGEST_AT + i] !== digest.readInt32LE(i * 4)) return false;
    return true;
  }

  private firstSlot(set: number): number {
    return HEADER_WORDS + this.sets + set * WAYS * this.slotWords;
  }
}
