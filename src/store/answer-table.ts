// Answers kept for callers who ask the same question again, in memory that all workers share: one slot per question, found by its digest.
// Bounded: when a set is full, the stored answer that expires first is dropped; a question that is under way never is.

import { lock, unlock } from './shared-memory/set-lock.ts';

const HEADER_WORDS = 8;
const WAYS = 8;
const SLOT_HEADER_WORDS = 8;
/** Words of a slot: state, four words of digest, fingerprint or mark, expiry in seconds of the caller's clock, length. */
const DIGEST_AT = 1;
const FINGERPRINT_AT = 5;
const EXPIRY_AT = 6;
const LENGTH_AT = 7;

const State = { free: 0, underWay: 1, stored: 2 } as const;
/** Lengths that stand for an answer that was given but could not be kept, and for a question that was given up. */
const NOT_KEPT = -1;
const LOST = -2;

/** What the table holds for a question. `mark` is the fingerprint of the claim, or the mark that was set since. */
export type Found =
  | { readonly kind: 'underWay'; readonly mark: number }
  | { readonly kind: 'stored'; readonly bytes: Buffer }
  | { readonly kind: 'notKept' | 'lost' | 'expired' };

/** The result of a claim. A claimant that is `first` must end its claim of `slot` by `store` or `release`. */
export type Claim =
  | { readonly kind: 'first'; readonly slot: number }
  | { readonly kind: 'underWay' }
  | { readonly kind: 'otherQuestion' }
  | { readonly kind: 'notKept' }
  | { readonly kind: 'stored'; readonly bytes: Buffer }
  | { readonly kind: 'full' };

/** Size in bytes of a table of about `memoryBytes` for answers of up to `answerBytesMax` bytes; it has one set at least. */
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

  /** `memory` has the size that `answerTableBytes` returns for the same `answerBytesMax`. */
  constructor(memory: SharedArrayBuffer, answerBytesMax: number) {
    this.answerBytesMax = answerBytesMax;
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
    this.slotWords = slotBytes(answerBytesMax) / 4;
    this.sets = Math.floor((this.words.length - HEADER_WORDS) / (1 + WAYS * this.slotWords));
  }

  /** Claims a question for `underWaySeconds`. `digest` has 16 bytes; the same digest with another fingerprint is another question. */
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

  /** Looks a question up without claiming it; null when the table holds nothing for it. */
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

  /** Replaces the mark of a question that is under way; changes no other. */
  mark(slot: number, digest: Buffer, mark: number): void {
    this.change(slot, digest, () => {
      this.words[slot + FINGERPRINT_AT] = mark;
    });
  }

  /** Sets a new expiry for a question that is under way; changes no other. */
  extend(slot: number, digest: Buffer, expirySeconds: number): void {
    this.change(slot, digest, () => {
      this.words[slot + EXPIRY_AT] = expirySeconds;
    });
  }

  /** Gives up a question that is under way and whose mark is lower than `below`. False when there is no such question. */
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

  /** Keeps the answer. For null or a too long one, keeps only that there was an answer. False when the question is no longer under way. */
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

  /** Keeps an answer to a question that nobody claimed, replacing an earlier one. False when there is no room or the answer is too long. */
  put(digest: Buffer, answer: Buffer, nowSeconds: number, expirySeconds: number): boolean {
    if (answer.length > this.answerBytesMax) return false;
    const { words } = this;
    const set = digest.readUInt32LE(12) % this.sets;
    const at = HEADER_WORDS + set;
    const stamp = lock(words, at);
    try {
      const slot = this.placeFor(this.firstSlot(set), digest, nowSeconds);
      if (slot === -1) return false;
      this.assignKey(slot, digest, 0, expirySeconds);
      answer.copy(this.bytes, (slot + SLOT_HEADER_WORDS) * 4);
      words[slot + LENGTH_AT] = answer.length;
      words[slot] = State.stored;
      return true;
    } finally {
      unlock(words, at, stamp);
    }
  }

  /** When the stored answer expires, in seconds of the caller's clock; 0 when none is stored. */
  keepsUntil(digest: Buffer): number {
    return this.at(digest, slot => (this.words[slot] === State.stored ? this.words[slot + EXPIRY_AT]! : 0)) ?? 0;
  }

  /** Deletes the stored answer to the question. A question that is under way stays. */
  forget(digest: Buffer): void {
    this.at(digest, slot => {
      if (this.words[slot] === State.stored) this.words[slot] = State.free;
    });
  }

  /** Ends a claim without an answer, so that the question may be asked again. */
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
    this.assignKey(place, digest, fingerprint, now + underWaySeconds);
    words[place] = State.underWay;
    return { kind: 'first', slot: place };
  }

  /** The question's own slot, else a free one, else that of the stored answer that expires first. -1 when all are under way. */
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

  private assignKey(slot: number, digest: Buffer, fingerprint: number, expirySeconds: number): void {
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

  /** Runs `act` on the question's slot, expired or not, under the lock of its set. Returns its result; null when there is no slot. */
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

  /** Runs `act` under the set's lock if the slot still belongs to this question and is under way. Returns whether it did. */
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
