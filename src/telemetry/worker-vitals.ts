// A worker's own state, written into its block every few seconds: event-loop delay and memory. Not its traffic.

import { getHeapStatistics } from 'node:v8';
import { EventLoopDelay } from './event-loop-delay.ts';
import { WorkerCell } from './metric-families.ts';

const SAMPLE_EVERY_MS = 5_000;

/** Samples from construction to `close`; does not keep the thread alive. */
export class WorkerVitals {
  private readonly cells: Float64Array;
  private readonly offset: number;
  private readonly delay: EventLoopDelay;
  private readonly timer: NodeJS.Timeout;

  /** `offset` is that of the worker's block. */
  constructor(cells: Float64Array, offset: number) {
    this.cells = cells;
    this.offset = offset;
    this.delay = new EventLoopDelay(cells, offset);
    this.timer = setInterval(() => this.sample(), SAMPLE_EVERY_MS).unref();
    this.sampleMemory();
  }

  sample(): void {
    this.delay.sample();
    this.sampleMemory();
  }

  close(): void {
    clearInterval(this.timer);
    this.delay.close();
  }

  private sampleMemory(): void {
    // Not process.memoryUsage(): that reads /proc for the resident size, which is the whole process's anyway.
    const { used_heap_size, external_memory } = getHeapStatistics();
    this.cells[this.offset + WorkerCell.heapUsedBytes] = used_heap_size;
    this.cells[this.offset + WorkerCell.externalBytes] = external_memory;
  }
}
