// What a worker leaves behind when it ends is put right at once, whenever another takes its place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../test/support/eventually.ts';
import { WorkerCell } from '../telemetry/metric-families.ts';
import { MetricRegistry } from '../telemetry/metric-registry.ts';
import { inFlightOfAll, SharedStates, stateMemory } from '../upstream/state/shared-states.ts';
import { TurnQueue } from './turn-queue.ts';
import { WorkerCrew } from './worker-crew.ts';

test('requests that a dead worker had under way are under way no more, before another takes its place', async t => {
  const registry = new MetricRegistry();
  const states = stateMemory(1);
  const turns = new TurnQueue();
  const ignore = (): void => {};
  const crew = new WorkerCrew({ size: 1, log: ignore, turns, onNudge: ignore, onReplaced: ignore });
  t.after(() => crew.terminate());
  await crew.equip({ registry, accessLogPath: 'off', states, bringUp: async () => {} });
  const block = new SharedStates(states, 0).claim('upstream users', 0);
  block.words[block.ownInFlightAt] = 3;
  const gauge = registry.block('worker', '') + WorkerCell.requestsInFlight;
  const underWay = (): number => registry.allCells().reduce((sum, cells) => sum + cells[gauge]!, 0);
  registry.allCells()[1]![gauge] = 3;
  // Nobody is replaced while something else works on the workers.
  void turns.run(() => new Promise(() => {}));
  await crew.workers[0]!.terminate();
  await eventually(() => inFlightOfAll(block) === 0 && underWay() === 0, 'nothing under way');
  assert.equal(crew.servingCount, 0);
});
