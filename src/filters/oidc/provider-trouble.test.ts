// What the operator is told of trouble with the provider or the store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreAway } from '../../store/store-away.ts';
import { reasonOf } from './provider-trouble.ts';

test('of a store it says why it is away, or by what code it refuses, and of the library’s errors no text', () => {
  assert.equal(reasonOf(new StoreAway('sessions', 'WRONGPASS')), 'the store "sessions" is away: WRONGPASS');
  const refused = Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' });
  assert.equal(reasonOf(refused), 'the store refuses: OOM');
  assert.equal(reasonOf(Object.assign(new Error('secret'), { code: 'OAUTH_TIMEOUT' })), 'OAUTH_TIMEOUT');
  assert.equal(reasonOf(new TypeError('secret')), 'TypeError');
});
