// What a response says about being kept: no private response is kept, and none for longer than it allows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '../../http/headers.ts';
import { mayBeKept } from './may-be-kept.ts';

const now = Date.parse('Sat, 21 Nov 2026 12:00:00 GMT');
const judge = (fields: Record<string, string>, status = 200) =>
  mayBeKept(status, Headers.from(Object.entries(fields)), 100, now);

test('what is not plainly everybody’s is not kept', () => {
  for (const value of ['no-store', 'private', 'no-cache', 'private="x-a"', 'max-age=60, PRIVATE']) {
    assert.equal(judge({ 'cache-control': value }), null, value);
  }
  assert.equal(judge({ 'set-cookie': 'a=b' }), null);
  for (const status of [206, 201, 301, 304, 404, 500]) assert.equal(judge({}, status), null, String(status));
});

test('without a word about it, as long as the route says; it was never fresh', () => {
  assert.deepEqual(judge({}), { freshSeconds: 0, ageSeconds: 0, oldestSeconds: 100 });
  assert.deepEqual(judge({ 'cache-control': 'max-age=7', age: '3' }), {
    freshSeconds: 7,
    ageSeconds: 3,
    oldestSeconds: 103,
  });
});

test('never longer than the answer allows', () => {
  const oldest = (value: string, age = '0') => judge({ 'cache-control': value, age })?.oldestSeconds;
  assert.equal(oldest('max-age=7, must-revalidate'), 7);
  assert.equal(oldest('max-age=7, proxy-revalidate'), 7);
  assert.equal(oldest('max-age=99, s-maxage=8'), 8);
  assert.equal(oldest('s-maxage=8, stale-if-error=20'), 28);
  assert.equal(oldest('max-age=7, stale-if-error=20'), 27);
  assert.equal(oldest('max-age=7, must-revalidate, stale-if-error=20'), 7);
  assert.equal(oldest('max-age=7, must-revalidate', '7'), undefined, 'it is too old already');
  assert.equal(oldest('must-revalidate'), undefined);
  assert.equal(oldest('s-maxage=60', '99999999999'), undefined, 'an age of any length');
});

test('Expires counts where there is no max-age; a date that cannot be read is over', () => {
  const until = { expires: 'Sat, 21 Nov 2026 12:01:00 GMT', date: 'Sat, 21 Nov 2026 12:00:30 GMT' };
  assert.equal(judge(until)?.freshSeconds, 30);
  assert.equal(judge({ expires: until.expires })?.freshSeconds, 60);
  assert.equal(judge({ expires: '0' })?.freshSeconds, 0);
  assert.equal(judge({ ...until, 'cache-control': 'max-age=5' })?.freshSeconds, 5);
});
