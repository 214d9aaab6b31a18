// What the supervisor remembers of each slot of the use table: when it was reported to Redis, how full it was, and how much the other
// gateways use of it. Numbers only, those of a slot in one cache line, and lines in the order in which callers came: between two rounds
// the caches lose their content, and data spread over many lines and pages would be fetched from memory piece by piece.

/** When this many own units are noted, past use is halved, so that it counts less. */
const HALVE_AT = 64;
/** A caller is near the limit from this share of its burst or count on. */
const HOT_FULLNESS = 0.5;
/** Exchanges after which only the learned ratio counts: the gateway that reports first hears nothing of the others at first. */
const LEARNED_AFTER = 8;

/** Each record of a slot is one cache line. The indexes in it: two of 64-bit values, then those of 32-bit values. */
const LINE_BYTES = 64;
const DOUBLES = LINE_BYTES / 8;
const WORDS = LINE_BYTES / 4;
/** The record of all slots of which nothing is known. It is never changed. */
const BLANK = 0;
const LAST_REPORTED_AT = 0;
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
  /** By slot: the number of its record. */
  private readonly lines: Uint16Array;
  private readonly freed: number[] = [];
  private linesUsed = 1;

  /** For at most 65,535 slots. */
  constructor(slots: number) {
    const memory = new ArrayBuffer((slots + 1) * LINE_BYTES);
    this.doubles = new Float64Array(memory);
    this.floats = new Float32Array(memory);
    this.words = new Int32Array(memory);
    this.lines = new Uint16Array(slots);
    this.clear(BLANK);
  }

  /** Monotonic milliseconds of the last report; 0 for never. */
  lastReportedAt(slot: number): number {
    return this.doubles[this.lines[slot]! * DOUBLES + LAST_REPORTED_AT]!;
  }

  /** Notes a report whose answer is still to come: the caller is not idle. */
  noteReport(slot: number, atMs: number): void {
    this.doubles[this.line(slot) * DOUBLES + LAST_REPORTED_AT] = atMs;
  }

  /** Whether the caller was near the limit at the last exchange. */
  isHot(slot: number): boolean {
    return this.floats[this.lines[slot]! * WORDS + FULLNESS]! >= HOT_FULLNESS;
  }

  /** Number of the outage after which the slot was last reported; -1 for never. */
  epoch(slot: number): number {
    return this.words[this.lines[slot]! * WORDS + EPOCH]!;
  }

  setEpoch(slot: number, epoch: number): void {
    this.words[this.line(slot) * WORDS + EPOCH] = epoch;
  }

  isWaiting(slot: number): boolean {
    return this.words[this.lines[slot]! * WORDS + IS_WAITING] === 1;
  }

  setWaiting(slot: number, isWaiting: boolean): void {
    this.words[this.line(slot) * WORDS + IS_WAITING] = isWaiting ? 1 : 0;
  }

  /** Units of all gateways and of all time at the last exchange, modulo `TOTAL_MODULUS`; NaN when not known. */
  total(slot: number): number {
    return this.doubles[this.lines[slot]! * DOUBLES + TOTAL]!;
  }

  setTotal(slot: number, total: number): void {
    this.doubles[this.line(slot) * DOUBLES + TOTAL] = total;
  }

  /** Notes an exchange, and the units that this gateway and the others used since the one before. */
  learn(slot: number, atMs: number, epoch: number, fullness: number, own: number, others: number): void {
    const { floats, words } = this;
    const line = this.line(slot);
    const at = line * WORDS;
    this.doubles[line * DOUBLES + LAST_REPORTED_AT] = atMs;
    floats[at + FULLNESS] = fullness;
    words[at + EPOCH] = epoch;
    floats[at + OWN]! += own;
    floats[at + OTHERS]! += others;
    if (words[at + LESSONS]! < LEARNED_AFTER) words[at + LESSONS]!++;
    if (floats[at + OWN]! < HALVE_AT) return;
    floats[at + OWN]! /= 2;
    floats[at + OTHERS]! /= 2;
  }

  /** Whole units that the others probably used beside `units`. Assumes as much for each until it has learned. Keeps the fraction. */
  estimateOthers(slot: number, units: number, gateways: number): number {
    const { floats } = this;
    const at = this.line(slot) * WORDS;
    const own = floats[at + OWN]!;
    const alike = gateways - 1;
    const learned = own === 0 ? alike : Math.min(floats[at + OTHERS]! / own, 1_000);
    const ratio = alike + ((learned - alike) * this.words[at + LESSONS]!) / LEARNED_AFTER;
    const sum = units * ratio + floats[at + REST]!;
    const whole = Math.floor(sum);
    floats[at + REST] = sum - whole;
    return whole;
  }

  /** Frees the slot's record, for another caller. */
  forget(slot: number): void {
    const line = this.lines[slot]!;
    if (line === BLANK) return;
    this.lines[slot] = BLANK;
    this.freed.push(line);
  }

  /** The slot's own record; makes it if it is missing. */
  private line(slot: number): number {
    const there = this.lines[slot]!;
    if (there !== BLANK) return there;
    const line = this.freed.pop() ?? this.linesUsed++;
    this.lines[slot] = line;
    this.clear(line);
    return line;
  }

  private clear(line: number): void {
    this.words.fill(0, line * WORDS, (line + 1) * WORDS);
    this.doubles[line * DOUBLES + TOTAL] = Number.NaN;
    this.words[line * WORDS + EPOCH] = -1;
  }
}
