// The gauges of canaries over reloads that add them, keep them and take them away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanaryCell } from '../telemetry/canary-cells.ts';
import { MetricRegistry } from '../telemetry/metric-registry.ts';
import { renderPrometheus } from '../telemetry/prometheus.ts';
import { SharedStates, stateMemory } from '../upstream/state/shared-states.ts';
import { CanaryDesk } from './canary-desk.ts';
import { sampleRoute } from './sample-config.fixture.ts';

const canary = {
  upstream: 'next',
  steps: [
    { share: 0.25, forMs: 60_000 },
    { share: 1, forMs: 60_000 },
  ],
  by: { kind: 'request' },
  always: { headers: [], cookies: [], consumers: [] },
  errorRate: 0.01,
  p99Factor: 0,
  minimum: 100,
} as const;

function routeWithCanary(name: string) {
  return sampleRoute(name, `/${name}`, { to: { kind: 'upstream', upstream: 'now' }, canary });
}

test('the gauges of a canary that a reload takes away no longer show its state, those of a kept one do', t => {
  const registry = new MetricRegistry();
  const desk = new CanaryDesk(new SharedStates(stateMemory(1), -1), () => {});
  t.after(() => desk.stop());
  const shown = (name: string) => {
    const at = registry.block('canary', name);
    return [registry.own.cells[at + CanaryCell.share], registry.own.cells[at + CanaryCell.state]];
  };
  const [kept, gone] = [routeWithCanary('kept'), routeWithCanary('gone')];
  desk.useConfig({ routes: [kept, gone], stores: [] }, registry);
  assert.deepEqual(
    [shown('kept'), shown('gone')],
    [
      [0.25, 1],
      [0.25, 1],
    ],
  );
  desk.useConfig({ routes: [kept], stores: [] }, registry);
  assert.deepEqual(
    [shown('kept'), shown('gone')],
    [
      [0.25, 1],
      [0, Number.NaN],
    ],
  );
  assert.match(renderPrometheus(registry), /cardea_canary_state\{route="gone"\} NaN\n/);
  desk.useConfig({ routes: [kept, gone], stores: [] }, registry);
  assert.deepEqual(shown('gone'), [0.25, 1]);
});
