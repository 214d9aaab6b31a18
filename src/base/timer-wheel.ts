// Deadlines for very many objects with one system timer. Coarse: what is due fires up to one tick late, never early.

/**
 * Something with a deadline. The wheel links entries through these fields, so an entry costs no allocation and sits in
 * one wheel at a time. Moving a deadline further away is one assignment: the entry is looked at when its old slot comes
 * up, and put back.
 */
export interface Timed {
  /** Monotonic milliseconds; Infinity for none. Change it through `TimerWheel.schedule`. */
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  onDeadline(now: number): void;
}

/** `wheelSlot` of an entry that is in no wheel. */
export const UNSCHEDULED = -1;

export class TimerWheel {
  private readonly tickMs: number;
  private readonly slots: (Timed | null)[];
  private readonly mask: number;
  /** Number of the last tick that was handled. */
  private current: number;

  /** `slotCount` must be a power of two; deadlines beyond `tickMs * slotCount` are looked at once a turn of the wheel. */
  constructor(now: number, tickMs: number, slotCount: number) {
    this.tickMs = tickMs;
    this.slots = new Array<Timed | null>(slotCount).fill(null);
    this.mask = slotCount - 1;
    this.current = Math.floor(now / tickMs);
  }

  /** Sets the deadline of an entry, in or not yet in the wheel. */
  schedule(entry: Timed, deadline: number): void {
    entry.deadline = deadline;
    if (entry.wheelSlot === UNSCHEDULED) {
      if (deadline !== Infinity) this.insert(entry);
    } else if (deadline < this.slotTime(entry.wheelSlot)) {
      this.unlink(entry);
      this.insert(entry);
    }
  }

  /** Takes an entry out, for good or until it is scheduled again. */
  cancel(entry: Timed): void {
    entry.deadline = Infinity;
    if (entry.wheelSlot !== UNSCHEDULED) this.unlink(entry);
  }

  /** Takes an entry out but leaves it its deadline, which others may go by. */
  unschedule(entry: Timed): void {
    if (entry.wheelSlot !== UNSCHEDULED) this.unlink(entry);
  }

  /** Fires what was due by `due`, at `now`. Call about once a tick; after a long stall it catches up. */
  advance(due: number, now = due): void {
    const target = Math.floor(due / this.tickMs);
    const first = Math.max(this.current + 1, target - this.mask);
    for (let tick = first; tick <= target; tick++) {
      this.current = tick;
      let entry = this.slots[tick & this.mask]!;
      this.slots[tick & this.mask] = null;
      // The chain is taken whole first: an entry that fires may cancel or reschedule any other.
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

  /** Earliest time at which an entry in this slot number is looked at. */
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
