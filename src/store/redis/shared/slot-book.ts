// What the supervisor remembers of each slot of the table of use: when it was told to Redis, how full it was, and how much of it
// the other gateways use. Numbers only, those of a slot in one line, and lines in the order in which callers came: between two rounds
// the caches forget, and what is spread over many lines and pages is fetched from memory one by one.

/** Own units after which the past counts half. */
const HALVE_AT = 64;
/** A caller is near his limit from this share of its burst or count on. */
const HOT_FULLNESS = 0.5;
/** Exchanges after which only what was learned counts: whoever tells first hears nothing of the others at first. */
const LEARNED_AFTER = 8;

/** A line of the book is one of the cache. Places in it: two of 64 bits, then some of 32. */
const LINE_BYTES = 64;
const DOUBLES = LINE_BYTES / 8;
const WORDS = LINE_BYTES / 4;
/** Never written: the line of slots of which nothing is known. */
const BLANK = 0;
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
  /** By slot. */
  private readonly lines: Uint16Array;
  private readonly freed: number[] = [];
  private linesUsed = 1;

  /** For 65,535 slots at most. */
  constructor(slots: number) {
    const memory = new ArrayBuffer((slots + 1) * LINE_BYTES);
    this.doubles = new Float64Array(memory);
    this.floats = new Float32Array(memory);
    this.words = new Int32Array(memory);
    this.lines = new Uint16Array(slots);
    this.clear(BLANK);
  }

  /** Monotonic ms of the last exchange; 0 for never. */
  toldAt(slot: number): number {
    return this.doubles[this.lines[slot]! * DOUBLES + TOLD_AT]!;
  }

  /** Whether the caller was near his limit at the last exchange. */
  isHot(slot: number): boolean {
    return this.floats[this.lines[slot]! * WORDS + FULLNESS]! >= HOT_FULLNESS;
  }

  /** The outage (counted up) behind which the slot was told last; -1 for never. */
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

  /** Units of all gateways and times at the last exchange; NaN where none is known. */
  total(slot: number): number {
    return this.doubles[this.lines[slot]! * DOUBLES + TOTAL]!;
  }

  setTotal(slot: number, total: number): void {
    this.doubles[this.line(slot) * DOUBLES + TOTAL] = total;
  }

  /** Notes an exchange, and what was used since the one before. */
  learn(slot: number, atMs: number, epoch: number, fullness: number, own: number, others: number): void {
    const { floats, words } = this;
    const line = this.line(slot);
    const at = line * WORDS;
    this.doubles[line * DOUBLES + TOLD_AT] = atMs;
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

  /** For another caller. */
  forget(slot: number): void {
    const line = this.lines[slot]!;
    if (line === BLANK) return;
    this.lines[slot] = BLANK;
    this.freed.push(line);
  }

  /** The slot's own line, made where it is missing. */
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
