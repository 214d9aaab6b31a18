import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { blockKinds, CELLS_A_LINE, RouteCell, UpstreamCell, WorkerCell } from './metric-families.ts';
import { MetricRegistry, NO_ROUTE_LABEL, OTHER_LABEL, offsetIn } from './metric-registry.ts';

test('a name keeps its offset, and blocks never overlap', () => {
  const registry = new MetricRegistry({ routesMax: 20, upstreamsMax: 5 });
  const spans: [number, number][] = [];
  const names = Array.from({ length: 20 }, (_, i) => `route-${i}`);
  const offsets = names.map(name => registry.block('route', name));
  assert.deepEqual(
    names.map(name => registry.block('route', name)),
    offsets,
  );
  registry.block('upstream', 'users');
  for (const kind of Object.values(blockKinds)) {
    for (const offset of registry.blocks(kind.name).values()) spans.push([offset, offset + kind.cellCount]);
  }
  spans.sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < spans.length; i++) assert.ok(spans[i]![0] >= spans[i - 1]![1]);
  assert.ok(spans[spans.length - 1]![1] <= registry.layout.cellCount);
});

test('names beyond the capacity share one block; a route of that very name shares it too', () => {
  const registry = new MetricRegistry({ routesMax: 2 });
  const other = registry.block('route', OTHER_LABEL);
  const first = registry.block('route', 'a');
  registry.block('route', 'b');
  assert.notEqual(first, other);
  assert.equal(registry.block('route', 'c'), other);
  assert.equal(registry.block('route', 'd'), other);
  assert.equal(registry.block('route', 'a'), first);
  assert.equal(registry.blocks('route').has('c'), false);
  const posted = structuredClone(registry.blocks('route'));
  assert.equal(offsetIn(posted, 'a'), first);
  assert.equal(offsetIn(posted, 'c'), other);
  assert.equal(offsetIn(posted, NO_ROUTE_LABEL), registry.block('route', NO_ROUTE_LABEL));
});

test('what every request counts of its route is in one line of memory, but for the bucket of its duration', () => {
  const registry = new MetricRegistry({ routesMax: 3 });
  // Cells before the first whole cache line: the memory of a slab begins 16 bytes after the beginning of a page.
  const inFront = 6;
  for (const label of ['a', 'b', 'c']) assert.equal(registry.block('route', label) % CELLS_A_LINE, inFront);
  for (const at of Object.values(RouteCell)) assert.ok(at < CELLS_A_LINE);
});

test('the offsets of gateway and worker depend on no setting', () => {
  const small = new MetricRegistry({ routesMax: 1 });
  const large = new MetricRegistry({ routesMax: 5_000 });
  for (const kind of ['gateway', 'worker'] as const) assert.equal(small.block(kind, ''), large.block(kind, ''));
});

test('a worker that replaces another counts on from its numbers, with nothing open', () => {
  const registry = new MetricRegistry();
  const worker = registry.block('worker', '');
  const upstream = registry.block('upstream', 'users');
  const memory = registry.openSlot(0);
  const cells = new Float64Array(memory);
  cells[worker + WorkerCell.connectionsAccepted] = 7;
  cells[worker + WorkerCell.connectionsOpen] = 3;
  cells[upstream + UpstreamCell.connectionsIdle] = 2;
  cells[upstream + UpstreamCell.connects] = 5;
  assert.equal(registry.openSlot(0), memory);
  assert.equal(cells[worker + WorkerCell.connectionsAccepted], 7);
  assert.equal(cells[worker + WorkerCell.connectionsOpen], 0);
  assert.equal(cells[upstream + UpstreamCell.connectionsIdle], 0);
  assert.equal(cells[upstream + UpstreamCell.connects], 5);
  assert.notEqual(registry.openSlot(1), memory);
});

test('what a worker thread counts is seen by the supervisor', async () => {
  const registry = new MetricRegistry({ routesMax: 10 });
  const at = registry.block('route', 'users') + RouteCell.status2xx;
  const memory = registry.openSlot(0);
  const code =
    'const { memory, at } = require("node:worker_threads").workerData; const cells = new Float64Array(memory); for (let i = 0; i < 1000; i++) cells[at]++;';
  const [exitCode] = await once(new Worker(code, { eval: true, workerData: { memory, at } }), 'exit');
  assert.equal(exitCode, 0);
  assert.deepEqual(
    registry.allCells().map(cells => cells[at]),
    [0, 1_000],
  );
});

test('ten thousand routes need no more memory than the capacity', () => {
  const registry = new MetricRegistry();
  for (let i = 0; i < 10_000; i++) registry.block('route', `route-${i}`);
  assert.equal(registry.blocks('route').size, 1_002);
  assert.ok(registry.layout.cellCount * 8 < 1_000_000);
});
