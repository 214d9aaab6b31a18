// What the supervisor remembers of each slot of the table of use: when it was told to Redis, how full it was, and how much of it
// the other gateways use. Numbers only.

/** Own units after which the past counts half. */
const HALVE_AT = 64;
/** Exchanges after which only what was learned counts: whoever tells first hears nothing of the others at first. */
const LEARNED_AFTER = 8;

export class SlotBook {
  /** Monotonic ms of the last exchange; 0 for never. */
  readonly toldAt: Float64Array;
  /** Of the limit's burst or count, at the last exchange. */
  readonly fullness: Float32Array;
  /** The outage (counted up) behind which the slot was told last. */
  readonly epoch: Int32Array;
  readonly isWaiting: Uint8Array;
  /** Units of all gateways and times at the last exchange; NaN where none is known. */
  readonly total: Float64Array;
  private readonly own: Float32Array;
  private readonly others: Float32Array;
  private readonly rest: Float32Array;
  private readonly lessons: Uint8Array;

  constructor(slots: number) {
    this.toldAt = new Float64Array(slots);
    this.fullness = new Float32Array(slots);
    this.epoch = new Int32Array(slots);
    this.isWaiting = new Uint8Array(slots);
    this.total = new Float64Array(slots).fill(Number.NaN);
    this.own = new Float32Array(slots);
    this.others = new Float32Array(slots);
    this.rest = new Float32Array(slots);
    this.lessons = new Uint8Array(slots);
  }

  learn(slot: number, own: number, others: number): void {
    const { own: ours, others: theirs } = this;
    ours[slot]! += own;
    theirs[slot]! += others;
    if (this.lessons[slot]! < LEARNED_AFTER) this.lessons[slot]!++;
    if (ours[slot]! < HALVE_AT) return;
    ours[slot]! /= 2;
    theirs[slot]! /= 2;
  }

  /** Whole units that the others are likely to have used beside these: as much each, as far as nothing was learned. What is left over is kept. */
  likely(slot: number, units: number, gateways: number): number {
    const own = this.own[slot]!;
    const alike = gateways - 1;
    const learned = own === 0 ? alike : Math.min(this.others[slot]! / own, 1_000);
    const ratio = alike + ((learned - alike) * this.lessons[slot]!) / LEARNED_AFTER;
    const sum = units * ratio + this.rest[slot]!;
    const whole = Math.floor(sum);
    this.rest[slot] = sum - whole;
    return whole;
  }

  forget(slot: number): void {
    this.toldAt[slot] = 0;
    this.fullness[slot] = 0;
    this.total[slot] = Number.NaN;
    this.own[slot] = 0;
    this.others[slot] = 0;
    this.rest[slot] = 0;
    this.lessons[slot] = 0;
  }
}
