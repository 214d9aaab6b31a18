// Answers that are kept for whoever asks the same again, in memory that all workers share: a slot a question, found by its digest. Bounded: when a
// set is full the stored answer that would go first goes now; what is under way never does.

import { lock, unlock } from './shared-memory/set-lock.ts';

const HEADER_WORDS = 8;
const WAYS = 8;
const SLOT_HEADER_WORDS = 8;
/** In a slot: state, four words of digest, fingerprint, expiry in seconds of the caller's clock, length. */
const DIGEST_AT = 1;
const FINGERPRINT_AT = 5;
const EXPIRY_AT = 6;
const LENGTH_AT = 7;

const State = { free: 0, underWay: 1, stored: 2 } as const;
/** Length of an answer that was given and could not be kept, and of one that nobody waits for any more. */
const NOT_KEPT = -1;
const LOST = -2;

/** What there is of a question. `mark` is what was claimed with, or marked since. */
export type Found =
  | { readonly kind: 'underWay'; readonly mark: number }
  | { readonly kind: 'stored'; readonly bytes: Buffer }
  | { readonly kind: 'notKept' | 'lost' | 'expired' };

/** What a claim comes to. `slot` is to be given back by `store` or `release`. */
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
  find(digest: Buffer, nowSeconds: number): Found | null {
    return this.at(digest, slot => {
      const { words } = this;
      if (words[slot + EXPIRY_AT]! <= nowSeconds) return { kind: 'expired' };
      if (words[slot] === State.underWay) return { kind: 'underWay', mark: words[slot + FINGERPRINT_AT]! };
      const length = words[slot + LENGTH_AT]!;
      if (length < 0) return { kind: length === LOST ? 'lost' : 'notKept' };
      return { kind: 'stored', bytes: this.read(slot, length) };
    });
  }

  /** Marks a question that is under way. */
  mark(slot: number, digest: Buffer, mark: number): void {
    this.change(slot, digest, () => {
      this.words[slot + FINGERPRINT_AT] = mark;
    });
  }

  /** A question that is still under way is so until then at least. */
  extend(slot: number, digest: Buffer, expirySeconds: number): void {
    this.change(slot, digest, () => {
      this.words[slot + EXPIRY_AT] = expirySeconds;
    });
  }

  /** Gives up a question that is under way with a mark below this one. False when there is none such. */
  giveUp(digest: Buffer, below: number, expirySeconds: number): boolean {
    const { words } = this;
    const given = this.at(digest, slot => {
      if (words[slot] !== State.underWay || words[slot + FINGERPRINT_AT]! >= below) return false;
      words[slot + LENGTH_AT] = LOST;
      words[slot + EXPIRY_AT] = expirySeconds;
      words[slot] = State.stored;
      return true;
    });
    return given ?? false;
  }

  /** Keeps the answer; of one that is too long only that it was given. False when the question is not under way any more. */
  store(slot: number, digest: Buffer, answer: Buffer | null, expirySeconds: number): boolean {
    return this.change(slot, digest, () => {
      const { words } = this;
      const fits = answer !== null && answer.length <= this.answerBytesMax;
      if (fits) answer.copy(this.bytes, (slot + SLOT_HEADER_WORDS) * 4);
      words[slot + LENGTH_AT] = fits ? answer.length : NOT_KEPT;
      words[slot + EXPIRY_AT] = expirySeconds;
      words[slot] = State.stored;
    });
  }

  /** Keeps an answer to a question that nobody claimed, in the place of the one before. False when there is no room, or it is too long. */
  put(digest: Buffer, answer: Buffer, nowSeconds: number, expirySeconds: number): boolean {
    if (answer.length > this.answerBytesMax) return false;
    const { words } = this;
    const set = digest.readUInt32LE(12) % this.sets;
    const at = HEADER_WORDS + set;
    const stamp = lock(words, at);
    try {
      const slot = this.placeFor(this.firstSlot(set), digest, nowSeconds);
      if (slot === -1) return false;
      this.name(slot, digest, 0, expirySeconds);
      answer.copy(this.bytes, (slot + SLOT_HEADER_WORDS) * 4);
      words[slot + LENGTH_AT] = answer.length;
      words[slot] = State.stored;
      return true;
    } finally {
      unlock(words, at, stamp);
    }
  }

  /** In seconds of the caller's clock; 0 when there is nothing. */
  keepsUntil(digest: Buffer): number {
    return this.at(digest, slot => (this.words[slot] === State.stored ? this.words[slot + EXPIRY_AT]! : 0)) ?? 0;
  }

  /** Nothing is kept of the question any more. */
  forget(digest: Buffer): void {
    this.at(digest, slot => {
      if (this.words[slot] === State.stored) this.words[slot] = State.free;
    });
  }

  /** The question may be asked again. */
  release(slot: number, digest: Buffer): void {
    this.change(slot, digest, () => {
      this.words[slot] = State.free;
    });
  }

  private claimIn(first: number, digest: Buffer, fingerprint: number, now: number, underWaySeconds: number): Claim {
    const { words } = this;
    const place = this.placeFor(first, digest, now);
    if (place === -1) return { kind: 'full' };
    if (this.isTaken(place, now) && this.isAt(place, digest)) return this.known(place, fingerprint);
    this.name(place, digest, fingerprint, now + underWaySeconds);
    words[place] = State.underWay;
    return { kind: 'first', slot: place };
  }

  /** The slot of this question, or the one that it may have: a free one, or that of the answer which would go first. -1 when there is none. */
  private placeFor(first: number, digest: Buffer, now: number): number {
    const { words, slotWords } = this;
    let place = -1;
    let earliest = Infinity;
    for (let way = 0, slot = first; way < WAYS; way++, slot += slotWords) {
      const isTaken = this.isTaken(slot, now);
      if (isTaken && this.isAt(slot, digest)) return slot;
      const rank = !isTaken ? -1 : words[slot] === State.stored ? words[slot + EXPIRY_AT]! : Infinity;
      if (rank >= earliest) continue;
      earliest = rank;
      place = slot;
    }
    return place;
  }

  private isTaken(slot: number, now: number): boolean {
    return this.words[slot] !== State.free && this.words[slot + EXPIRY_AT]! > now;
  }

  private name(slot: number, digest: Buffer, fingerprint: number, expirySeconds: number): void {
    const { words } = this;
    for (let i = 0; i < 4; i++) words[slot + DIGEST_AT + i] = digest.readInt32LE(i * 4);
    words[slot + FINGERPRINT_AT] = fingerprint;
    words[slot + EXPIRY_AT] = expirySeconds;
  }

  private known(slot: number, fingerprint: number): Claim {
    const { words } = this;
    if (words[slot + FINGERPRINT_AT] !== fingerprint) return { kind: 'otherQuestion' };
    if (words[slot] === State.underWay) return { kind: 'underWay' };
    const length = words[slot + LENGTH_AT]!;
    if (length < 0) return { kind: 'notKept' };
    return { kind: 'stored', bytes: this.read(slot, length) };
  }

  private read(slot: number, length: number): Buffer {
    const start = (slot + SLOT_HEADER_WORDS) * 4;
    return Buffer.from(this.bytes.subarray(start, start + length));
  }

  /** What `act` makes of the question's slot, under the lock of its set; null when it has none. */
  private at<Value>(digest: Buffer, act: (slot: number) => Value): Value | null {
    const { words, slotWords } = this;
    const set = digest.readUInt32LE(12) % this.sets;
    const stamp = lock(words, HEADER_WORDS + set);
    try {
      for (let way = 0, slot = this.firstSlot(set); way < WAYS; way++, slot += slotWords) {
        if (words[slot] !== State.free && this.isAt(slot, digest)) return act(slot);
      }
      return null;
    } finally {
      unlock(words, HEADER_WORDS + set, stamp);
    }
  }

  /** Does it if the slot is still this question's, which is under way. */
  private change(slot: number, digest: Buffer, act: () => void): boolean {
    const at = HEADER_WORDS + (digest.readUInt32LE(12) % this.sets);
    const stamp = lock(this.words, at);
    try {
      if (this.words[slot] !== State.underWay || !this.isAt(slot, digest)) return false;
      act();
      return true;
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
