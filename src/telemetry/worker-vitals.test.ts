import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as elapsed } from 'node:timers/promises';
import { EventLoopDelay } from './event-loop-delay.ts';
import { blockKinds, WorkerCell } from './metric-families.ts';
import { WorkerVitals } from './worker-vitals.ts';

const OFFSET = 3;

function block(): Float64Array {
  return new Float64Array(OFFSET + blockKinds.worker.cellCount);
}

function blockLoop(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a blocked loop shows as the maximum, and an idle one as next to nothing at the median', async () => {
  const cells = block();
  const delay = new EventLoopDelay(cells, OFFSET);
  await elapsed(300);
  blockLoop(150);
  await elapsed(300);
  delay.sample();
  assert.ok(
    cells[OFFSET + WorkerCell.eventLoopDelayMaxMs]! >= 100,
    `max ${cells[OFFSET + WorkerCell.eventLoopDelayMaxMs]}`,
  );
  assert.ok(
    cells[OFFSET + WorkerCell.eventLoopDelayP50Ms]! < 60,
    `p50 ${cells[OFFSET + WorkerCell.eventLoopDelayP50Ms]}`,
  );
  // The maximum outlives its window: a scrape may come later.
  delay.sample();
  assert.ok(cells[OFFSET + WorkerCell.eventLoopDelayMaxMs]! >= 100);
  for (let i = 0; i < 5; i++) delay.sample();
  assert.ok(cells[OFFSET + WorkerCell.eventLoopDelayMaxMs]! < 100);
  delay.close();
});

test('memory is there from the start', () => {
  const cells = block();
  const vitals = new WorkerVitals(cells, OFFSET);
  assert.ok(cells[OFFSET + WorkerCell.heapUsedBytes]! > 1e6);
  assert.ok(cells[OFFSET + WorkerCell.externalBytes]! > 0);
  vitals.close();
});
