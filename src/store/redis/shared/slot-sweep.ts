// Takes slots of the table of use from callers who went quiet, some of them each round. Knows nothing of Redis.

import type { SlotBook } from './slot-book.ts';
import type { UseTable } from './use-table.ts';

/** A caller who was quiet for so long loses his slot. */
const IDLE_MS = 5_000;
/** All slots within ten seconds, whatever the time between rounds. */
const SLOTS_A_MS = 4;
const SLOTS_MAX = 4_096;

export class SlotSweep {
  private readonly table: UseTable;
  private readonly book: SlotBook;
  private sweptTo = 0;
  private atMs = 0;

  constructor(table: UseTable, book: SlotBook) {
    this.table = table;
    this.book = book;
  }

  /** The share that is due. */
  go(nowMs: number): void {
    const { book, table } = this;
    const count = Math.min(SLOTS_MAX, Math.ceil((nowMs - this.atMs) * SLOTS_A_MS));
    this.atMs = nowMs;
    for (let n = 0; n < count; n++) {
      const slot = this.sweptTo;
      this.sweptTo = (slot + 1) % table.slots;
      if (table.isFree(slot) || book.isWaiting[slot] === 1 || table.units(slot) > 0) continue;
      if (book.toldAt[slot]! + IDLE_MS > nowMs) continue;
      table.free(slot);
      book.forget(slot);
    }
  }
}
