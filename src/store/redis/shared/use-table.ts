// What workers admitted and the other gateways do not know yet, in memory shared with the supervisor: workers add, the supervisor collects.
// Bounded; a caller that finds no place is counted by this gateway alone.

/** The last bits of a caller's key decide its part of the store; a server that stands alone counts all parts. */
export const STORE_PARTS = 16;
const EVERY_PART = (1 << STORE_PARTS) - 1;

const HEADER_WORDS = 16;
/** Header word with a bit for each part that does not count. */
const AWAY = 0;
const HEAD = 1;
const LOST = 2;
/** Header word with the supervisor's position in the ring: a source that begins after a reload continues where the last one ended. */
const TAIL = 3;

/** Words of a slot: the caller's key (0 in its first word means free), the tag of the limit, and units not collected yet. */
const SLOT_WORDS = 4;
const KEY_LOW = 0;
const KEY_HIGH = 1;
const RULE = 2;
const UNITS = 3;

/** Slots in which a key is looked for. */
const PROBES = 8;
const SLOTS = 32_768;
const MASK = SLOTS - 1;

export const USE_TABLE_BYTES = 4 * (HEADER_WORDS + SLOTS * (SLOT_WORDS + 1));

export class UseTable {
  readonly slots = SLOTS;
  private readonly words: Int32Array;
  /** Where the ring begins in which workers announce slots with new units; in words. */
  private readonly ringAt = HEADER_WORDS + SLOTS * SLOT_WORDS;
  private tail: number;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.tail = this.words[TAIL]!;
  }

  // ---- Workers -------------------------------------------------------------------------------------------------------

  /** Whether the part of the store that counts this caller is away. One read of memory. */
  isAway(keyHigh: number): boolean {
    return (this.words[AWAY]! & (1 << partOf(keyHigh))) !== 0;
  }

  /** Adds admitted units. `rule` is the limit's tag. */
  add(rule: number, keyLow: number, keyHigh: number, units: number): void {
    const { words } = this;
    const low = keyLow === 0 ? 1 : keyLow;
    let free = -1;
    for (let i = 0; i < PROBES; i++) {
      const slot = (keyHigh + i) & MASK;
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      const there = words[at + KEY_LOW]!;
      // Because: a caller keeps its key when a reload changes the tables that count it, and others' use has to be charged in those tables.
      if (there === low && words[at + KEY_HIGH] === keyHigh && words[at + RULE] === rule) {
        if (Atomics.add(words, at + UNITS, units) === 0) this.announce(slot);
        return;
      }
      if (there === 0 && free === -1) free = slot;
    }
    if (free !== -1) this.claim(free, rule, low, keyHigh, units);
    else Atomics.add(words, LOST, 1);
  }

  // ---- The supervisor ------------------------------------------------------------------------------------------------

  /** Only the supervisor writes the away bits. */
  setAway(away: boolean): void {
    Atomics.store(this.words, AWAY, away ? EVERY_PART : 0);
  }

  setPartAway(part: number, away: boolean): void {
    const others = this.words[AWAY]! & ~(1 << part);
    Atomics.store(this.words, AWAY, away ? others | (1 << part) : others);
  }

  get isAnyPartAway(): boolean {
    return this.words[AWAY] !== 0;
  }

  /** Calls that found no place since the start; wraps around. */
  get lost(): number {
    return Atomics.load(this.words, LOST);
  }

  /** The next slot with units that were added since it was emptied; -1 when there is none. */
  next(): number {
    const { words, ringAt, tail } = this;
    if (tail === Atomics.load(words, HEAD)) return -1;
    const at = ringAt + (tail & MASK);
    const slot = words[at]! - 1;
    // A worker has drawn this place and not written it yet: it is read the next time.
    if (slot === -1) return -1;
    // Because: a place is written again only after all others were, which is long after this.
    words[at] = 0;
    this.tail = (tail + 1) | 0;
    words[TAIL] = this.tail;
    return slot;
  }

  /** What `take` would return just now. */
  units(slot: number): number {
    return this.words[HEADER_WORDS + slot * SLOT_WORDS + UNITS]!;
  }

  /** Takes out the units that were added since the last time. */
  take(slot: number): number {
    return Atomics.exchange(this.words, HEADER_WORDS + slot * SLOT_WORDS + UNITS, 0);
  }

  keyLow(slot: number): number {
    return this.words[HEADER_WORDS + slot * SLOT_WORDS + KEY_LOW]!;
  }

  keyHigh(slot: number): number {
    return this.words[HEADER_WORDS + slot * SLOT_WORDS + KEY_HIGH]!;
  }

  rule(slot: number): number {
    return this.words[HEADER_WORDS + slot * SLOT_WORDS + RULE]!;
  }

  isFree(slot: number): boolean {
    return this.words[HEADER_WORDS + slot * SLOT_WORDS] === 0;
  }

  /** Frees the slot for another caller. Units that its caller adds at this very moment are lost. */
  free(slot: number): void {
    Atomics.store(this.words, HEADER_WORDS + slot * SLOT_WORDS, 0);
  }

  private claim(slot: number, rule: number, low: number, keyHigh: number, units: number): void {
    const { words } = this;
    const at = HEADER_WORDS + slot * SLOT_WORDS;
    // Another worker may have taken the slot first: then these units are not reported to the others.
    if (Atomics.compareExchange(words, at + KEY_LOW, 0, low) !== 0) {
      Atomics.add(words, LOST, 1);
      return;
    }
    words[at + RULE] = rule;
    Atomics.store(words, at + KEY_HIGH, keyHigh);
    if (Atomics.add(words, at + UNITS, units) === 0) this.announce(slot);
  }

  private announce(slot: number): void {
    const { words, ringAt } = this;
    const place = Atomics.add(words, HEAD, 1) & MASK;
    Atomics.store(words, ringAt + place, slot + 1);
  }
}

/** The part of the store that counts a caller: 0 to `STORE_PARTS` - 1. */
export function partOf(keyHigh: number): number {
  return keyHigh & (STORE_PARTS - 1);
}
