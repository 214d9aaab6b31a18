// What a worker leaves behind when it ends is cleared at once, however long its replacement takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../test/support/eventually.ts';
import { WorkerCell } from '../telemetry/metric-families.ts';
import { MetricRegistry } from '../telemetry/metric-registry.ts';
import { inFlightOfAll, SharedStates, stateMemory } from '../upstream/state/shared-states.ts';
import { TurnQueue } from './turn-queue.ts';
import { WorkerCrew } from './worker-crew.ts';
import { type WorkerLog, WorkerLost } from './worker-thread.ts';

const ignore = (): void => {};

test('requests that a dead worker had under way are under way no more, before another takes its place', async t => {
  const registry = new MetricRegistry();
  const states = stateMemory(1);
  const turns = new TurnQueue();
  const crew = new WorkerCrew({ size: 1, log: ignore, turns, onNudge: ignore, onReplaced: ignore });
  t.after(() => crew.terminate());
  await crew.equip({ registry, accessLogPath: 'off', states, bringUp: async () => {} });
  const block = new SharedStates(states, 0).claim('upstream users', 0);
  block.words[block.ownInFlightAt] = 3;
  const gauge = registry.block('worker', '') + WorkerCell.requestsInFlight;
  const underWay = (): number => registry.allCells().reduce((sum, cells) => sum + cells[gauge]!, 0);
  registry.allCells()[1]![gauge] = 3;
  // Blocks the queue: no worker is replaced while another task runs.
  void turns.run(() => new Promise(() => {}));
  await crew.workers[0]!.terminate();
  await eventually(() => inFlightOfAll(block) === 0 && underWay() === 0, 'nothing under way');
  assert.equal(crew.servingCount, 0);
});

test('one that hangs is as lost as one that died: what failed by it is tried again with the next', async t => {
  const crew = new WorkerCrew({ size: 1, log: ignore, turns: new TurnQueue(), onNudge: ignore, onReplaced: ignore });
  t.after(() => crew.terminate());
  const bringUp = async () => {};
  await crew.equip({ registry: new MetricRegistry(), accessLogPath: 'off', states: stateMemory(1), bringUp });
  const [worker] = crew.workers;
  await worker!.call('crash', 'hang');
  // The worker hangs a moment after it has answered.
  const asked = async () => {
    for (;;) await worker!.call('ping', null, 500);
  };
  await assert.rejects(asked, WorkerLost);
});

test('a crew that ends waits for no replacement', async () => {
  const delays: number[] = [];
  const log: WorkerLog = (_level, message, { delayMs }) => {
    if (message === 'worker died and is replaced') delays.push(Number(delayMs));
  };
  const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
  await eventually(() => timers() === 0, 'what the test before has left is over');
  const crew = new WorkerCrew({ size: 1, log, turns: new TurnQueue(), onNudge: ignore, onReplaced: ignore });
  const bringUp = () => Promise.reject(new Error('it serves nothing'));
  await crew.equip({ registry: new MetricRegistry(), accessLogPath: 'off', states: stateMemory(1), bringUp });
  await crew.workers[0]!.terminate();
  await eventually(() => (delays.at(-1) ?? 0) >= 400, 'the next one is put off');
  await crew.terminate();
  assert.equal(timers(), 0);
});
