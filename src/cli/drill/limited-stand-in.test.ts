// A stand-in of limited capacity under requests and health checks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLimitedStandIn } from './limited-stand-in.ts';

test('health checks get the expected response at once, and take no place from requests', {
  timeout: 10_000,
}, async t => {
  const healthy = { path: '/healthz', status: 418, body: 'ready' };
  const standIn = await startLimitedStandIn(1, 500, healthy);
  t.after(() => standIn.stop());
  const base = `http://127.0.0.1:${standIn.port}`;
  const over: string[] = [];
  const request = fetch(`${base}/`).then(response => {
    over.push('request');
    return response;
  });
  const checks = Array.from({ length: 3 }, async () => {
    const response = await fetch(`${base}/healthz`);
    over.push('check');
    assert.deepEqual([response.status, await response.text()], [418, 'ready']);
  });
  await Promise.all(checks);
  assert.equal((await request).status, 200);
  assert.deepEqual(over, ['check', 'check', 'check', 'request']);
  assert.equal(standIn.longestQueue, 0);
});
