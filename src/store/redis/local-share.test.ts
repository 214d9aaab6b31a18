// The use that a gateway reports to Redis, with more gateways than shares are made for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitRule } from '../../../test/support/limit-gateway.ts';
import { algorithms } from '../limiter/limit-rule.ts';
import { LimitCall } from '../limiter/limiter-store.ts';
import { testStore } from '../shared-memory/test-memory.fixture.ts';
import { LocalShare } from './local-share.ts';

for (const algorithm of algorithms) {
  test(`${algorithm}: the use is known for any number of gateways`, () => {
    const rules = [limitRule({ algorithm, count: 6_400, perMs: 3_600_000 })];
    for (const gateways of [1, 2, 64, 65, 100, 5_000]) {
      const share = new LocalShare(rules, testStore(1 << 20).store);
      const call = new LimitCall(1);
      call.costs[0] = 30;
      share.follow(call, gateways);
      assert.equal(share.used(call, 0), 30, `${gateways} gateways`);
    }
  });
}

test('the use is known after the number of gateways has changed', () => {
  const rules = [limitRule({ count: 6_400, perMs: 24 * 3_600_000 })];
  const share = new LocalShare(rules, testStore(1 << 20).store);
  const call = new LimitCall(1);
  call.costs[0] = 30;
  share.follow(call, 2);
  call.costs[0] = 10;
  share.follow(call, 3);
  assert.equal(share.used(call, 0), 40);
});
