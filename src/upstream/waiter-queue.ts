// Requests that wait for a connection, first come first served. Counts its own length among the upstream's pending requests.

import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { ConnectionWaiter } from './endpoint-pool.ts';

export class WaiterQueue {
  private readonly cells: Float64Array;
  private readonly cell: number;
  private readonly waiters: ConnectionWaiter[];
  /** Position of the first waiter; the entries before it are cut off once they are more than half of the array. */
  private first: number;

  /** `metricsOffset` is where the upstream's block begins in `cells`. */
  constructor(cells: Float64Array, metricsOffset: number) {
    this.cells = cells;
    this.cell = metricsOffset + UpstreamCell.pending;
    this.waiters = [];
    this.first = 0;
  }

  get length(): number {
    return this.waiters.length - this.first;
  }

  push(waiter: ConnectionWaiter): void {
    this.waiters.push(waiter);
    this.cells[this.cell]!++;
  }

  /** Removes and returns the waiter that has waited longest and still wants a connection; undefined when there is none. */
  next(): ConnectionWaiter | undefined {
    const { waiters } = this;
    while (this.first < waiters.length) {
      const waiter = waiters[this.first++]!;
      this.cells[this.cell]!--;
      if (this.first * 2 > waiters.length) {
        waiters.splice(0, this.first);
        this.first = 0;
      }
      if (waiter.waiting) return waiter;
    }
    return undefined;
  }

  /**
   * Removes and returns all waiters that still want a connection, in their order. Some may no longer want one by the time they are served.
   */
  takeAll(): ConnectionWaiter[] {
    const taken: ConnectionWaiter[] = [];
    for (let waiter = this.next(); waiter !== undefined; waiter = this.next()) taken.push(waiter);
    return taken;
  }

  forget(waiter: ConnectionWaiter): void {
    const at = this.waiters.indexOf(waiter, this.first);
    if (at === -1) return;
    this.waiters.splice(at, 1);
    this.cells[this.cell]!--;
  }
}
