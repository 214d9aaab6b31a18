// Checks and comparisons go on over reloads and discoveries that change nothing of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../test/support/eventually.ts';
import { freePort } from '../../test/support/free-port.ts';
import type { UpstreamConfig } from '../config/config.ts';
import { SharedStates, stateMemory } from '../upstream/state/shared-states.ts';
import { StateCell } from '../upstream/state/state-cells.ts';
import { WorkerFeeds } from './feeds/worker-feeds.ts';
import { HealthDesk } from './health-desk.ts';
import { sampleUpstream } from './sample-config.fixture.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

function startDesk(t: TestContext) {
  const memory = stateMemory(1);
  const log: string[] = [];
  const desk = new HealthDesk(memory, new WorkerFeeds(() => {}), (_level, message) => log.push(message));
  t.after(() => desk.stop());
  return { desk, log, worker: new SharedStates(memory, 0) };
}

const withWeights = (upstream: UpstreamConfig, weight: number): UpstreamConfig => ({
  ...upstream,
  endpoints: upstream.endpoints.map(endpoint => ({ ...endpoint, weight, zone: `zone-${weight}` })),
});

test('a check goes on while the weight of its endpoint changes all the time', async t => {
  const { desk, log } = startDesk(t);
  const upstream: UpstreamConfig = {
    ...sampleUpstream('users', [await freePort()]),
    healthCheck: {
      kind: 'tcp',
      path: '/',
      host: null,
      port: null,
      expect: [],
      body: null,
      service: '',
      intervalMs: 50,
      timeoutMs: 50,
      unhealthyAfter: 3,
      healthyAfter: 2,
    },
  };
  let weight = 0;
  await eventually(() => {
    desk.follow([withWeights(upstream, ++weight)]);
    return log.includes('endpoint is unhealthy');
  }, 'an endpoint where nobody listens is unhealthy');
});

test('endpoints are compared when their interval is over, however often one of them comes or goes meanwhile', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { desk, log, worker } = startDesk(t);
  const outlier = {
    consecutiveErrors: 0,
    consecutiveResets: 0,
    intervalMs: 10_000,
    ejectionMs: 30_000,
    ejectionMaxMs: 300_000,
    maxEjected: 0.5,
    successRateDeviations: 2,
    latencyFactor: 0,
    minimum: 100,
  };
  const upstream = (ports: readonly number[]): UpstreamConfig => ({ ...sampleUpstream('users', ports), outlier });
  desk.follow([upstream([1, 2, 3])]);
  t.mock.timers.tick(6_000);
  desk.follow([upstream([1, 2, 3, 4])]);
  for (const port of [1, 2, 3, 4]) {
    const { words, at } = worker.claim(`endpoint users http://127.0.0.1:${port}`, performance.now());
    words[at + StateCell.intervalRequests] = 100;
    words[at + StateCell.intervalErrors] = port === 4 ? 100 : 0;
  }
  t.mock.timers.tick(3_900);
  assert.deepEqual(log, []);
  t.mock.timers.tick(100);
  assert.deepEqual(log, ['endpoint ejected']);
});
