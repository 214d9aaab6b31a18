import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from '../../limiter/limit-rule.ts';
import { LimitCall } from '../../limiter/limiter-store.ts';
import { testStore } from '../../shared-memory/test-memory.fixture.ts';
import { SharedLimiter } from './shared-limiter.ts';
import { USE_TABLE_BYTES, UseTable } from './use-table.ts';

const keys = { words: Int32Array.of(1, 2) };

function limiterOf(rule: Partial<LimitRule>): SharedLimiter {
  const whole: LimitRule = { identity: 'x', algorithm: 'gcra', count: 2, perMs: 60_000, burst: 2, ...rule };
  const table = new UseTable(new SharedArrayBuffer(USE_TABLE_BYTES));
  return new SharedLimiter([whole], keys, testStore(1 << 20).store, 1 << 20, table, 'local');
}

test('of a slow limit no more pass at once than was asked for', () => {
  for (const algorithm of ['gcra', 'tokenBucket'] as const)
    for (const [count, perMs, burst] of [
      [1, 1_000, 1],
      [2, 60_000, 2],
      [1, 60_000, 1],
      [100, 3_600_000, 5],
    ] as const) {
      const limiter = limiterOf({ algorithm, count, perMs, burst });
      const call = new LimitCall(1);
      call.keys.set([3, 4]);
      let admitted = 0;
      for (let n = 0; n < 10; n++) if (limiter.decide(call)) admitted++;
      assert.equal(admitted, burst, `${algorithm} ${count}/${perMs}`);
    }
});

test('what is left is told of the limit that was asked for, without what is there for lumps of others', () => {
  for (const algorithm of ['gcra', 'tokenBucket', 'slidingWindow', 'slidingLog', 'fixedWindow'] as const) {
    const limiter = limiterOf({ algorithm });
    const call = new LimitCall(1);
    call.keys.set([3, 4]);
    const told = [];
    for (let n = 0; n < 2; n++) {
      assert.equal(limiter.decide(call), true);
      told.push(call.remaining[0]);
    }
    assert.deepEqual(told, [1, 0], algorithm);
    limiter.decide(call);
    assert.equal(call.remaining[0], 0, algorithm);
  }
});
