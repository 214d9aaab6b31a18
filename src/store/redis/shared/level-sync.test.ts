// A gateway's report to a Redis of the test, which decides when it answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitRule } from '../../../../test/support/limit-gateway.ts';
import { redisSpec } from '../../../../test/support/store-spec.ts';
import { testStore } from '../../shared-memory/test-memory.fixture.ts';
import type { RedisStore } from '../redis-store.ts';
import type { GatewayRoll } from './gateway-roll.ts';
import { LevelSync } from './level-sync.ts';
import { ruleTag } from './shared-rule.ts';
import { USE_TABLE_BYTES, UseTable } from './use-table.ts';

test('a new caller keeps the slot while the first report is under way', () => {
  const bytes = 1 << 20;
  const rule = limitRule({ identity: 'a', algorithm: 'fixedWindow', count: 100, perMs: 60_000 });
  const table = new UseTable(new SharedArrayBuffer(USE_TABLE_BYTES));
  let asked = 0;
  const driver = {
    callBuffer: () => {
      asked++;
      return new Promise(() => {});
    },
  };
  const sync = new LevelSync({
    // Because: these are the only parts of the two that a round uses.
    store: { spec: redisSpec(1), available: true, driver } as unknown as RedisStore,
    roll: { refusal: null, goesAlong: () => false } as unknown as GatewayRoll,
    table,
    onAvailability() {},
    onAnswered() {},
  });
  sync.rules.add(rule, bytes, testStore(bytes).store);
  table.add(ruleTag(rule, bytes), 1, 7, 3);
  const nowMs = 1_000_000;
  sync.round(nowMs);
  assert.equal(asked, 1);
  sync.round(nowMs + 25);
  assert.equal(table.isFree(7), false);
});
