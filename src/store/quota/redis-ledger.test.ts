// A real Redis that adds what is reported but does not answer in time: the same use is reported again, and counts once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';
import { RedisStore } from '../redis/redis-store.ts';
import { QuotaBook } from './quota-book.ts';
import { RedisLedger } from './redis-ledger.ts';

const later = Date.now() + 3_600_000;

test('use whose answer was lost is charged once, however often it is reported, and by whomever else meanwhile', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port, { commandTimeoutMs: 100 }));
  t.after(() => store.close());
  await store.open();
  const seen: number[] = [];
  const book = new QuotaBook(new RedisLedger(store), {
    reported: (_line, units) => void seen.push(units),
    away: () => {},
  });
  const line = book.line('month:acme', later);
  await book.ask(line);
  redis.pause();
  book.use(line, 7, 1_000);
  await book.report();
  assert.equal(book.isAway(line), true);
  redis.resume();
  await eventually(() => store.available, 'Redis answers again');
  const other = new RedisLedger(store);
  const of = (units: number, turn: number) => ({ key: 'month:acme', units, turn, expiresAt: later });
  assert.deepEqual(await other.add([of(1, 1)]), [8], 'it had been taken');
  book.use(line, 2, 1_000);
  await book.report();
  assert.equal(line.sum, 10);
  assert.deepEqual(seen, [7, 2], 'each reported once');
  assert.deepEqual(await other.add([of(1, 1)]), [10]);
  assert.deepEqual(await other.add([of(1, 2)]), [11]);
});

test('a sum that an earlier version kept goes on', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port));
  t.after(() => store.close());
  await store.command('SET', store.key('q:a'), 41);
  assert.deepEqual(await new RedisLedger(store).add([{ key: 'a', units: 1, turn: 1, expiresAt: later }]), [42]);
});
