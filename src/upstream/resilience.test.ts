// Which endpoints count when it is decided how many of an upstream may be ejected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlierSpec } from '../../test/support/resilience-settings.ts';
import { blockKinds } from '../telemetry/metric-families.ts';
import { Endpoint } from './endpoint.ts';
import { NO_PASS } from './guard.ts';
import { countEjected } from './outlier/ejection.ts';
import type { Pool } from './pool.ts';
import { Resilience } from './resilience.ts';
import { SharedStates } from './state/shared-states.ts';

/** The number of endpoints that are ejected when all of these fail; endpoints of weight 0 get no request. */
function ejectedOf(weights: readonly number[], maxEjected: number): number {
  const states = new SharedStates(null, 0);
  const endpoints = weights.map((weight, port) => {
    const url = `http://a:${port}`;
    // Because: nothing is sent here, so no pool is asked for anything.
    const pool = null as unknown as Pool;
    return new Endpoint({ url, tls: false, host: 'a', port, weight, zone: '' }, 'users', pool, states.claim(url, 0));
  });
  const { guard } = new Resilience(
    { outlier: outlierSpec({ consecutiveErrors: 1, maxEjected }) },
    {
      upstreamName: 'users',
      endpoints,
      block: states.claim('upstream users', 0),
      cells: new Float64Array(blockKinds.upstream.cellCount),
      metricsOffset: 0,
      log() {},
    },
  );
  for (const endpoint of endpoints) if (endpoint.weight > 0) guard!.answered(endpoint, NO_PASS, 500, 1, 0, 0);
  return countEjected(
    endpoints.map(({ block }) => block),
    0,
  );
}

test('the last endpoint that gets requests is not ejected, however many others have weight 0', () => {
  assert.equal(ejectedOf([1, 0], 1), 0);
  assert.equal(ejectedOf([1, 0, 0, 0], 0.5), 0);
  assert.equal(ejectedOf([1, 1, 0, 0], 1), 1);
});

test('endpoints of weight 0 do not raise the number that may be ejected', () => {
  assert.equal(ejectedOf([1, 1, 1, 1, 0, 0, 0, 0], 0.5), 2);
});
