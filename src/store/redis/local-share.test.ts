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
      assert.equal(share.used(call, 0, gateways), 30, `${gateways} gateways`);
    }
  });
}
