import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpDate } from './date.ts';

test('the date is that of the system’s clock, also when that was set, forth or back', t => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 37);
  const clock = t.mock.method(Date, 'now', () => now + 999);
  assert.equal(httpDate(), 'Sun, 06 Nov 1994 08:49:37 GMT');
  clock.mock.mockImplementation(() => now + 1_000);
  assert.equal(httpDate(), 'Sun, 06 Nov 1994 08:49:38 GMT');
  clock.mock.mockImplementation(() => now - 3_600_000);
  assert.equal(httpDate(), 'Sun, 06 Nov 1994 07:49:37 GMT');
});
