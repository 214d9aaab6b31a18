// Stores of configurations that no longer serve stay open for the exchanges that began with them, for the drain timeout and no longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { storeSpec } from '../../test/support/store-spec.ts';
import { dryServices } from '../compile/dry-services.ts';
import type { Config } from '../config/config.ts';
import { ThreadIo } from '../net/io.ts';
import { packOffsets } from '../telemetry/packed-offsets.ts';
import { encodeConfig } from './config-transfer.ts';
import type { PrepareOrder } from './messages.ts';
import { sampleConfig } from './sample-config.fixture.ts';
import { WorkerConfigs } from './worker-configs.ts';

const offsets = packOffsets(
  new Map([
    ['other', 0],
    ['none', 100],
  ]),
);

function orderFor(config: Config, base: Config | null): PrepareOrder {
  return {
    transfer: encodeConfig(config, base),
    filters: [],
    routeMetricOffsets: offsets,
    upstreamMetricOffsets: offsets,
    eventMetricOffsets: offsets,
    limitMetricOffsets: offsets,
    canaryMetricOffsets: offsets,
    mirrorMetricOffsets: offsets,
    tables: new Map(),
    upstreamTls: new Map(),
  };
}

const file = (name: string, commandTimeoutMs = 250) =>
  storeSpec({ name, kind: 'sqlite', path: `${name}.db`, commandTimeoutMs });

test('a store that a reload replaces is closed when those that began before it have had their time, whatever was reloaded before', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const io = new ThreadIo();
  const pools = { io, headLimits: sampleConfig().limits, cells: new Float64Array(0) };
  const configs = new WorkerConfigs({ pools, worker: dryServices(new Map()) });
  let base: Config | null = null;
  const closed: string[] = [];
  const reload = async (label: string, config: Config): Promise<void> => {
    await configs.prepare(orderFor(config, base));
    base = config;
    for (const [name, store] of configs.commit().stores) {
      const close = store.close.bind(store);
      store.close = () => {
        closed.push(`${name} of ${label}`);
        return close();
      };
    }
  };
  const [limits, keys] = [file('limits'), file('keys')];
  await reload('first', sampleConfig({ drainTimeoutMs: 1_000, stores: [limits, keys] }));
  await reload('second', sampleConfig({ drainTimeoutMs: 1_000, stores: [limits, file('keys', 300)] }));
  t.mock.timers.tick(900);
  await reload('third', sampleConfig({ drainTimeoutMs: 1_000, stores: [file('limits', 300), file('keys', 300)] }));
  t.mock.timers.tick(100);
  await turn();
  assert.deepEqual(closed, ['keys of first']);
  t.mock.timers.tick(900);
  await turn();
  assert.deepEqual(new Set(closed), new Set(['keys of first', 'limits of first', 'limits of second']));
});
