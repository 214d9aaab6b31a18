// When the silence of a worker means that it is gone, after one server of a cluster was away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RedisStore } from '../redis/redis-store.ts';
import { StoreAway } from '../store-away.ts';
import { RedisAnswers } from './redis-answers.ts';

test('who could not reach Redis lets the others renew before it gives them up', async t => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let isThere = true;
  const silenceCounted: unknown[] = [];
  // Because: these are the only parts of a store that answers use.
  const store = {
    key: (name: string) => name,
    onAvailability() {},
    async commandForBytes(_bytes: number, _name: string, ...words: unknown[]) {
      if (!isThere) throw new StoreAway('main', 'it does not answer');
      silenceCounted.push(words.at(-1));
      return [Buffer.from('w')];
    },
  } as unknown as RedisStore;
  const answers = new RedisAnswers(store, { answerBytesMax: 64, memoryBytes: 1024 });
  const ticket = { digest: Buffer.alloc(16), sealKey: Buffer.alloc(32) };
  const findAt = (seconds: number) => {
    now = seconds * 1_000;
    return answers.find(ticket, 60);
  };
  for (const seconds of [1, 16]) await findAt(seconds);
  isThere = false;
  await assert.rejects(findAt(20), StoreAway);
  isThere = true;
  for (const seconds of [30, 36]) await findAt(seconds);
  assert.deepEqual(silenceCounted, ['0', '1', '0', '1']);
});
