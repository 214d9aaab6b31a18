// What the supervisor remembers of each slot of the table of use: when it was told to Redis, how full it was, and how much of it
// the other gateways use. Numbers only, those of a slot beside each other: between two rounds the caches forget, and what lies in
// ten arrays is read from memory ten times.

/** Own units after which the past counts half. */
const HALVE_AT = 64;
/** Exchanges after which only what was learned counts: whoever tells first hears nothing of the others at first. */
const LEARNED_AFTER = 8;

/** A slot fills a cache line. Places in it: two of 64 bits, then some of 32. */
const SLOT_BYTES = 64;
const DOUBLES = SLOT_BYTES / 8;
const WORDS = SLOT_BYTES / 4;
const TOLD_AT = 0;
const TOTAL = 1;
const FULLNESS = 4;
const OWN = 5;
const OTHERS = 6;
const REST = 7;
const EPOCH = 8;
const IS_WAITING = 9;
const LESSONS = 10;

export class SlotBook {
  private readonly doubles: Float64Array;
  private readonly floats: Float32Array;
  private readonly words: Int32Array;

  constructor(slots: number) {
    const memory = new ArrayBuffer(slots * SLOT_BYTES);
    this.doubles = new Float64Array(memory);
    this.floats = new Float32Array(memory);
    this.words = new Int32Array(memory);
    for (let slot = 0; slot < slots; slot++) {
      this.setTotal(slot, Number.NaN);
      this.setEpoch(slot, -1);
    }
  }

  /** Monotonic ms of the last exchange; 0 for never. */
  toldAt(slot: number): number {
    return this.doubles[slot * DOUBLES + TOLD_AT]!;
  }

  /** Of the limit's burst or count, at the last exchange. */
  fullness(slot: number): number {
    return this.floats[slot * WORDS + FULLNESS]!;
  }

  /** The outage (counted up) behind which the slot was told last; -1 for never. */
  epoch(slot: number): number {
    return this.words[slot * WORDS + EPOCH]!;
  }

  setEpoch(slot: number, epoch: number): void {
    this.words[slot * WORDS + EPOCH] = epoch;
  }

  isWaiting(slot: number): boolean {
    return this.words[slot * WORDS + IS_WAITING] === 1;
  }

  setWaiting(slot: number, isWaiting: boolean): void {
    this.words[slot * WORDS + IS_WAITING] = isWaiting ? 1 : 0;
  }

  /** Units of all gateways and times at the last exchange; NaN where none is known. */
  total(slot: number): number {
    return this.doubles[slot * DOUBLES + TOTAL]!;
  }

  setTotal(slot: number, total: number): void {
    this.doubles[slot * DOUBLES + TOTAL] = total;
  }

  /** Notes an exchange, and what was used since the one before. */
  learn(slot: number, atMs: number, epoch: number, fullness: number, own: number, others: number): void {
    const { floats, words } = this;
    const at = slot * WORDS;
    this.doubles[slot * DOUBLES + TOLD_AT] = atMs;
    floats[at + FULLNESS] = fullness;
    words[at + EPOCH] = epoch;
    floats[at + OWN]! += own;
    floats[at + OTHERS]! += others;
    if (words[at + LESSONS]! < LEARNED_AFTER) words[at + LESSONS]!++;
    if (floats[at + OWN]! < HALVE_AT) return;
    floats[at + OWN]! /= 2;
    floats[at + OTHERS]! /= 2;
  }

  /** Whole units that the others are likely to have used beside these: as much each, as far as nothing was learned. What is left over is kept. */
  likely(slot: number, units: number, gateways: number): number {
    const { floats } = this;
    const at = slot * WORDS;
    const own = floats[at + OWN]!;
    const alike = gateways - 1;
    const learned = own === 0 ? alike : Math.min(floats[at + OTHERS]! / own, 1_000);
    const ratio = alike + ((learned - alike) * this.words[at + LESSONS]!) / LEARNED_AFTER;
    const sum = units * ratio + floats[at + REST]!;
    const whole = Math.floor(sum);
    floats[at + REST] = sum - whole;
    return whole;
  }

  /** For another caller. */
  forget(slot: number): void {
    const epoch = this.epoch(slot);
    const isWaiting = this.isWaiting(slot);
    this.words.fill(0, slot * WORDS, (slot + 1) * WORDS);
    this.setTotal(slot, Number.NaN);
    this.setEpoch(slot, epoch);
    this.setWaiting(slot, isWaiting);
  }
}
