// Backoff delays grow up to a ceiling and are spread over the whole range.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullJitterMs } from './backoff.ts';
import { Random } from './random.ts';

test('waits are drawn from the whole range, which doubles up to its ceiling', () => {
  const random = new Random(7);
  for (const [tries, ceiling] of [
    [0, 25],
    [1, 50],
    [3, 200],
    [4, 250],
    [400, 250],
  ] as const) {
    const waits = Array.from({ length: 2_000 }, () => fullJitterMs(tries, 25, 250, random));
    assert.ok(Math.max(...waits) <= ceiling);
    assert.ok(Math.max(...waits) > ceiling * 0.98, `${tries}: ${Math.max(...waits)}`);
    assert.ok(Math.min(...waits) < ceiling * 0.02);
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    assert.ok(Math.abs(mean - ceiling / 2) < ceiling * 0.03, `${tries}: mean ${mean}`);
  }
});
