// Deadlines for very many objects with one system timer. Coarse: an entry fires up to one tick late, never early.

/**
 * Something with a deadline. The wheel links entries through these fields, so scheduling an entry allocates nothing, and an entry can be in
 * only one wheel at a time. Moving a deadline further away is one assignment: when the old slot of the entry is reached, the entry is put
 * into a later one.
 */
export interface Timed {
  /** Monotonic milliseconds; Infinity when there is no deadline. Change it through `TimerWheel.schedule`. */
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  onDeadline(now: number): void;
}

/** The `wheelSlot` of an entry that is in no wheel. */
export const UNSCHEDULED = -1;

export class TimerWheel {
  private readonly tickMs: number;
  private readonly slots: (Timed | null)[];
  private readonly mask: number;
  /** The number of the last tick that was handled. */
  private current: number;

  /**
   * Times in monotonic ms. `slotCount` must be a power of two; entries with deadlines beyond `tickMs * slotCount` are checked once per turn
   * of the wheel.
   */
  constructor(now: number, tickMs: number, slotCount: number) {
    this.tickMs = tickMs;
    this.slots = new Array<Timed | null>(slotCount).fill(null);
    this.mask = slotCount - 1;
    this.current = Math.floor(now / tickMs);
  }

  /** Sets the deadline of an entry, whether or not the entry is in the wheel already. */
  schedule(entry: Timed, deadline: number): void {
    entry.deadline = deadline;
    if (entry.wheelSlot === UNSCHEDULED) {
      if (deadline !== Infinity) this.insert(entry);
    } else if (deadline < this.slotTime(entry.wheelSlot)) {
      this.unlink(entry);
      this.insert(entry);
    }
  }

  /** Removes an entry and its deadline, for good or until it is scheduled again. */
  cancel(entry: Timed): void {
    entry.deadline = Infinity;
    if (entry.wheelSlot !== UNSCHEDULED) this.unlink(entry);
  }

  /** Removes an entry but keeps its `deadline`, which other code may read. */
  unschedule(entry: Timed): void {
    if (entry.wheelSlot !== UNSCHEDULED) this.unlink(entry);
  }

  /**
   * Fires every entry whose deadline is at most `due`, and passes `now` to it. Call about once a tick; after a long stall it catches up.
   */
  advance(due: number, now = due): void {
    const target = Math.floor(due / this.tickMs);
    const first = Math.max(this.current + 1, target - this.mask);
    for (let tick = first; tick <= target; tick++) {
      this.current = tick;
      let entry = this.slots[tick & this.mask]!;
      this.slots[tick & this.mask] = null;
      // The whole chain is detached first: an entry that fires may cancel or reschedule any other entry.
      let firing: Timed[] | null = null;
      while (entry !== null) {
        const next = entry.wheelNext;
        entry.wheelNext = entry.wheelPrevious = null;
        entry.wheelSlot = UNSCHEDULED;
        if (entry.deadline <= due) (firing ??= []).push(entry);
        else if (entry.deadline !== Infinity) this.insert(entry);
        entry = next!;
      }
      if (firing !== null) for (const fired of firing) if (fired.deadline <= due) fired.onDeadline(now);
    }
  }

  /** The earliest time in ms at which the entries in this slot are checked. */
  private slotTime(slot: number): number {
    const ahead = (slot - this.current - 1) & this.mask;
    return (this.current + 1 + ahead) * this.tickMs;
  }

  private insert(entry: Timed): void {
    let tick = Math.ceil(entry.deadline / this.tickMs);
    if (tick <= this.current) tick = this.current + 1;
    if (tick > this.current + this.mask) tick = this.current + this.mask;
    const slot = tick & this.mask;
    const head = this.slots[slot]!;
    entry.wheelSlot = slot;
    entry.wheelPrevious = null;
    entry.wheelNext = head;
    if (head !== null) head.wheelPrevious = entry;
    this.slots[slot] = entry;
  }

  private unlink(entry: Timed): void {
    const { wheelNext, wheelPrevious } = entry;
    if (wheelPrevious === null) this.slots[entry.wheelSlot] = wheelNext;
    else wheelPrevious.wheelNext = wheelNext;
    if (wheelNext !== null) wheelNext.wheelPrevious = wheelPrevious;
    entry.wheelNext = entry.wheelPrevious = null;
    entry.wheelSlot = UNSCHEDULED;
  }
}
