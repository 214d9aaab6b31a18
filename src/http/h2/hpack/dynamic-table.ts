// The dynamic table of one direction of a connection (RFC 7541 section 2.3.2): a ring of fields, counted from the newest.

import { ENTRY_OVERHEAD, type Field } from './field.ts';

export class DynamicTable {
  private readonly ring: (Field | null)[];
  private readonly mask: number;
  /** Index in `ring` of the newest entry. */
  private newest: number;
  count: number;
  bytes: number;
  bytesMax: number;
  /** Changes whenever the table does: the same block may mean other fields under another generation. */
  generation: number;

  /** `capacityBytes` is the largest size that `resize` may ever set: it bounds the number of entries. */
  constructor(capacityBytes: number) {
    let slots = 8;
    while (slots * ENTRY_OVERHEAD < capacityBytes) slots *= 2;
    this.ring = [];
    this.mask = slots - 1;
    this.newest = 0;
    this.count = 0;
    this.bytes = 0;
    this.bytesMax = capacityBytes;
    this.generation = 0;
  }

  /** The entry at `place`, where 0 is the newest; undefined beyond the oldest. */
  at(place: number): Field | undefined {
    return place < this.count ? this.ring[(this.newest - place) & this.mask]! : undefined;
  }

  /** Adds a field as the newest, evicting the oldest to make room. A field larger than the table only empties the table. */
  add(field: Field): void {
    this.generation++;
    this.evict(this.bytesMax - field.size);
    if (field.size > this.bytesMax) return;
    this.newest = (this.newest + 1) & this.mask;
    // Because: the ring grows with its entries, so that idle connections do not hold empty slots.
    while (this.ring.length <= this.newest) this.ring.push(null);
    this.ring[this.newest] = field;
    this.count++;
    this.bytes += field.size;
  }

  resize(bytesMax: number): void {
    this.generation++;
    this.bytesMax = bytesMax;
    this.evict(bytesMax);
  }

  private evict(room: number): void {
    while (this.count > 0 && this.bytes > room) {
      const oldest = (this.newest - this.count + 1) & this.mask;
      this.bytes -= this.ring[oldest]!.size;
      this.ring[oldest] = null;
      this.count--;
    }
  }
}
