// How late this thread's event loop runs, as gauges in the worker's block. Only measures.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WorkerCell } from './metric-families.ts';

const RESOLUTION_MS = 20;
const NANOS_PER_MS = 1e6;

/** Windows whose maximum is remembered: with a sample every five seconds, half a minute, more than a usual scrape interval. */
const WINDOWS = 6;

/**
 * Measures from its construction until `close`. `sample` writes p50 and p99 since its last call, and the maximum of the last six windows.
 * One per thread, for the thread's whole life.
 */
export class EventLoopDelay {
  private readonly cells: Float64Array;
  private readonly offset: number;
  private readonly histogram: ReturnType<typeof monitorEventLoopDelay>;
  private readonly maxima = new Float64Array(WINDOWS);
  private window = 0;

  /** `offset` is that of the worker's block. */
  constructor(cells: Float64Array, offset: number) {
    this.cells = cells;
    this.offset = offset;
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.histogram.enable();
  }

  sample(): void {
    const { cells, offset, histogram, maxima } = this;
    maxima[this.window++ % WINDOWS] = delayMs(histogram.max);
    cells[offset + WorkerCell.eventLoopDelayP50Ms] = delayMs(histogram.percentile(50));
    cells[offset + WorkerCell.eventLoopDelayP99Ms] = delayMs(histogram.percentile(99));
    cells[offset + WorkerCell.eventLoopDelayMaxMs] = Math.max(...maxima);
    histogram.reset();
  }

  close(): void {
    this.histogram.disable();
  }
}

/** Node records the time between two ticks of a timer; what goes beyond the timer's own interval is the delay. */
function delayMs(tickNanos: number): number {
  return Math.max(0, tickNanos / NANOS_PER_MS - RESOLUTION_MS);
}
