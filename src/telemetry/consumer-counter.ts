// Counts the requests of each consumer in one worker's cells. Which consumers have cells of their own is in consumer-book.ts.

import { ConsumerBook, FULL, NO_PLACE } from './consumer-book.ts';
import { CONSUMER_CELLS, ConsumerCell, statusClass } from './metric-families.ts';

/** What a worker needs to count by consumer. */
export interface ConsumerSeries {
  readonly names: SharedArrayBuffer;
  /** Offset of the block that all consumers without a block of their own share; the other blocks follow it in the order of their places. */
  readonly offset: number;
}

/** Label of the shared block. A consumer with this very name shares the block too. */
const OTHER = 'other';

export class ConsumerCounter {
  private readonly cells: Float64Array;
  private readonly book: ConsumerBook;
  private readonly otherAt: number;
  private readonly offsets = new Map<string, number>();
  /** True once no name gets a place any more: then all names with a place are in `offsets`. */
  private isFull = false;

  constructor(cells: Float64Array, { names, offset }: ConsumerSeries) {
    this.cells = cells;
    this.book = new ConsumerBook(names);
    this.otherAt = offset;
  }

  count(name: string, status: number, requestBytes: number, responseBytes: number): void {
    const offset = this.offsets.get(name) ?? this.find(name);
    const { cells } = this;
    cells[offset + ConsumerCell.status1xx + statusClass(status)]!++;
    cells[offset + ConsumerCell.requestBytes]! += requestBytes;
    cells[offset + ConsumerCell.responseBytes]! += responseBytes;
  }

  private find(name: string): number {
    if (this.isFull || name === OTHER) return this.otherAt;
    const place = this.book.placeOf(name);
    if (place === NO_PLACE) return this.otherAt;
    if (place !== FULL) return this.learn(name, place);
    // Because: searching a full book again for each request of the other consumers would cost more than those requests.
    for (const [known, at] of this.book.entries()) this.learn(known, at);
    this.isFull = true;
    return this.offsets.get(name) ?? this.otherAt;
  }

  private learn(name: string, place: number): number {
    const offset = this.otherAt + (place + 1) * CONSUMER_CELLS;
    this.offsets.set(name, offset);
    return offset;
  }
}
