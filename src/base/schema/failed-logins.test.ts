// The `failedLogins` setting: rates that can be counted, and what is said of the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedLogins } from './failed-logins.ts';

test('a rate that cannot be counted is told its bounds', () => {
  assert.equal(failedLogins.parse('off'), null);
  assert.deepEqual(failedLogins.parse('999999/min'), { count: 999_999, perMs: 60_000 });
  for (const text of ['1000000/s', '30/24h', '30', 'never']) {
    const told = failedLogins.safeParse(text).error?.issues[0]?.message ?? '';
    assert.match(told, /^expected off, or a rate such as 30\/min .* at most 999999 in a time below 24h$/, text);
  }
});
