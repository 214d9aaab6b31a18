// Takes slots of the table of use from callers who went quiet, some of them each round. Knows nothing of Redis.

import type { SlotBook } from './slot-book.ts';
import type { UseTable } from './use-table.ts';

/** A caller who was quiet for so long loses his slot. */
const IDLE_MS = 5_000;
/** All slots in use are looked at in so long, whatever the time between rounds. */
const AROUND_MS = 10_000;
const SLOTS_MAX = 4_096;

export class SlotSweep {
  private readonly table: UseTable;
  private readonly book: SlotBook;
  /** In use, in any order; `listed` says by slot which. */
  private readonly slots: number[] = [];
  private readonly listed: Uint8Array;
  private next = 0;
  private atMs = 0;

  constructor(table: UseTable, book: SlotBook) {
    this.table = table;
    this.book = book;
    this.listed = new Uint8Array(table.slots);
  }

  /** A slot in which somebody was announced. */
  add(slot: number): void {
    if (this.listed[slot] === 1) return;
    this.listed[slot] = 1;
    this.slots.push(slot);
  }

  /** What a source before this one left in the table: gives those that have something to tell, which nobody announces again. */
  takeOver(): number[] {
    const { book, table } = this;
    const waiting: number[] = [];
    for (let slot = 0; slot < table.slots; slot++) {
      if (table.isFree(slot)) continue;
      this.add(slot);
      if (table.units(slot) === 0) continue;
      book.setWaiting(slot, true);
      waiting.push(slot);
    }
    return waiting;
  }

  /** The share that is due. */
  go(nowMs: number): void {
    const { book, slots, table } = this;
    const share = Math.ceil((slots.length * (nowMs - this.atMs)) / AROUND_MS);
    this.atMs = nowMs;
    for (let n = Math.min(share, slots.length, SLOTS_MAX); n > 0; n--) {
      if (this.next >= slots.length) this.next = 0;
      const slot = slots[this.next]!;
      if (book.isWaiting(slot) || table.units(slot) > 0 || book.toldAt(slot) + IDLE_MS > nowMs) {
        this.next++;
        continue;
      }
      table.free(slot);
      book.forget(slot);
      this.listed[slot] = 0;
      // The last one takes its place, and is looked at next.
      const last = slots.pop()!;
      if (last !== slot) slots[this.next] = last;
    }
  }
}
