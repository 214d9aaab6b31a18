// Takes slots of the use table from callers that went quiet, a share of the slots each round. Knows nothing of Redis.

import type { SlotBook } from './slot-book.ts';
import type { UseTable } from './use-table.ts';

/** A caller that was quiet for this long loses its slot. */
const IDLE_MS = 5_000;
/** All slots in use are checked within this time, however long the rounds are. */
const AROUND_MS = 10_000;
const SLOTS_MAX = 4_096;

export class SlotSweep {
  private readonly table: UseTable;
  private readonly book: SlotBook;
  /** Slots in use, in any order; `listed` marks them by slot. */
  private readonly slots: number[] = [];
  private readonly listed: Uint8Array;
  private next = 0;
  private atMs = 0;

  constructor(table: UseTable, book: SlotBook) {
    this.table = table;
    this.book = book;
    this.listed = new Uint8Array(table.slots);
  }

  /** Adds a slot that was announced. */
  add(slot: number): void {
    if (this.listed[slot] === 1) return;
    this.listed[slot] = 1;
    this.slots.push(slot);
  }

  /** Takes over the slots that an earlier source left in the table. Returns those with units to report, which nobody announces again. */
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

  /** Checks the share of the slots that is due. */
  go(nowMs: number): void {
    const { book, slots, table } = this;
    const share = Math.ceil((slots.length * (nowMs - this.atMs)) / AROUND_MS);
    this.atMs = nowMs;
    for (let n = Math.min(share, slots.length, SLOTS_MAX); n > 0; n--) {
      if (this.next >= slots.length) this.next = 0;
      const slot = slots[this.next]!;
      if (book.isWaiting(slot) || table.units(slot) > 0 || book.lastReportedAt(slot) + IDLE_MS > nowMs) {
        this.next++;
        continue;
      }
      table.free(slot);
      book.forget(slot);
      this.listed[slot] = 0;
      // The last slot of the list takes the free place, and is checked next.
      const last = slots.pop()!;
      if (last !== slot) slots[this.next] = last;
    }
  }
}
