// What the metrics say about the gateway's process.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockKinds, GatewayCell } from './metric-families.ts';
import { sampleProcess } from './process-vitals.ts';

test('the start is the same each time, also when the clock of the system was set meanwhile', t => {
  const startMs = () => {
    const cells = new Float64Array(blockKinds.gateway.cellCount);
    sampleProcess(cells, 0);
    return cells[GatewayCell.startMs]!;
  };
  const before = startMs();
  assert.ok(Math.abs(before - performance.timeOrigin) < 1_000);
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + 7_200_000);
  assert.equal(startMs(), before);
});
