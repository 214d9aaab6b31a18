// A gateway's report to a Redis of the test, which decides when it answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitRule } from '../../../../test/support/limit-gateway.ts';
import { redisSpec, storeSpec } from '../../../../test/support/store-spec.ts';
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
    store: { spec: redisSpec(1), answersFor: () => true, driver } as unknown as RedisStore,
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

test('a part that does not answer is away by itself, and asked no more until it answers; the others are kept in step', async () => {
  const bytes = 1 << 20;
  const rule = limitRule({ algorithm: 'fixedWindow', count: 100, perMs: 60_000 });
  const table = new UseTable(new SharedArrayBuffer(USE_TABLE_BYTES));
  const silent = new Set<string>();
  const asked: string[] = [];
  const hot = Buffer.alloc(8);
  hot.writeFloatLE(90);
  let pauses = true;
  const driver = {
    callBuffer: (_name: string, _sha: string, _count: number, key: string) => {
      asked.push(key);
      return pauses && key === 'cardea:s{7}:' ? new Promise(() => {}) : Promise.resolve(hot);
    },
  };
  const told: boolean[] = [];
  const sync = new LevelSync({
    // Because: these are the only parts of the two that a round uses.
    store: {
      spec: storeSpec({ kind: 'redisCluster' }),
      answersFor: (key: string) => !silent.has(key),
      noteSilence: (key: string) => silent.add(key),
      driver,
    } as unknown as RedisStore,
    roll: { refusal: null } as unknown as GatewayRoll,
    table,
    onAvailability: available => told.push(available),
    onAnswered() {},
  });
  sync.rules.add(rule, bytes, testStore(bytes).store);
  let nowMs = 1_000_000;
  const rounds = async (count: number) => {
    asked.length = 0;
    for (let n = 0; n < count; n++) {
      for (const keyHigh of [7, 8]) table.add(ruleTag(rule, bytes), 1, keyHigh, 1);
      sync.round(nowMs);
      nowMs += 25;
      await new Promise(resolve => setImmediate(resolve));
    }
    const asksOf = (part: number) => asked.filter(key => key === `cardea:s{${part}}:`).length;
    return [asksOf(7), asksOf(8)];
  };
  // The first callers are far from their limit, so the second report is 0.1 s after the first.
  assert.deepEqual(await rounds(6), [1, 3]);
  assert.deepEqual([table.isAway(7), table.isAway(8)], [false, false]);
  assert.deepEqual(await rounds(20), [0, 20]);
  assert.deepEqual([table.isAway(7), table.isAway(8)], [true, false]);
  assert.deepEqual([...silent], ['cardea:s{7}:']);
  assert.equal(sync.refusals.partTrouble, 'it does not answer');
  pauses = false;
  silent.clear();
  assert.deepEqual(await rounds(3), [3, 3]);
  assert.equal(sync.refusals.partTrouble, null);
  assert.deepEqual(told, [true]);
});
