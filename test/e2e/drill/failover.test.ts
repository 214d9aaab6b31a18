// `cardea drill failover` on a configuration: guarded upstreams lose nothing, others are reported with the setting that would help.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const command = process.env['CARDEA_COMMAND'] ?? path.resolve(import.meta.dirname, '../../../bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function drill(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(
    file,
    `
listeners: [{ address: "127.0.0.1:18080" }]
upstreams:
  bare: { endpoints: ["http://10.0.0.1:80", "http://10.0.0.2:80"] }
  alone: { endpoints: ["http://10.0.0.1:80"] }
  guarded:
    endpoints: ["http://10.0.0.1:80", "http://10.0.0.2:80", "http://10.0.0.3:80"]
    healthCheck: { path: /healthz, interval: 250ms, timeout: 200ms, unhealthyAfter: 2, expect: [204] }
    outlier: { ejection: 1s, consecutiveErrors: 3 }
    retry: { perTryTimeout: 300ms }
  grpc:
    endpoints: ["http://10.0.0.1:80", "http://10.0.0.2:80"]
    protocol: h2c
    healthCheck: { grpc: shop.v1.Orders, interval: 250ms, timeout: 200ms, unhealthyAfter: 2 }
    retry: { perTryTimeout: 300ms }
routes:
  - { name: a, match: { path: /a }, to: bare }
  - { name: b, match: { path: /b }, to: [{ upstream: guarded }, { upstream: alone }] }
  - { name: c, match: { path: /c }, to: grpc }
`,
  );
  return spawnSync(command, ['drill', ...args, '-c', file], { encoding: 'utf8', timeout: 60_000 });
}

test('a guarded upstream loses nothing', () => {
  const { status, stdout, stderr } = drill('failover', '--upstream', 'guarded', '--seconds', '1', '--json');
  assert.equal(status, 0, stdout + stderr);
  const [{ results, advice }] = JSON.parse(stdout).report;
  assert.deepEqual(
    results.map(({ failure, failed }: { failure: string; failed: number }) => `${failure} ${failed}`),
    ['killed 0', 'frozen 0', 'failing 0', 'resetting 0', 'slow 0'],
  );
  for (const { failure, requests, ejectedAfterMs, backAfterMs } of results) {
    assert.ok(requests > 50 && ejectedAfterMs !== null && backAfterMs !== null, failure);
  }
  assert.deepEqual(advice, []);
});

test('stand-ins of a gRPC service pass its health check, and leave use only while they fail', () => {
  const { stdout } = drill('failover', '--upstream', 'grpc', '--seconds', '1', '--json');
  const [{ results }] = JSON.parse(stdout).report;
  // A stand-in that is out of use at once was unhealthy before it failed.
  for (const { failure, ejectedAfterMs, backAfterMs } of results)
    assert.ok(ejectedAfterMs > 100 && backAfterMs !== null, `${failure} ${ejectedAfterMs} ${backAfterMs}`);
});

test('what is not guarded is told, with the setting that helps', () => {
  const { status, stdout } = drill('failover', '--upstream', 'bare', '--seconds', '1');
  assert.equal(status, 1, stdout);
  // Of those that were on their way when it was killed, some may be lost; those that come later go to the other one.
  assert.match(stdout, /requests failed \((?:killed, )?failing, resetting\): add `retry/);
  assert.match(stdout, /stayed in use .* add `healthCheck/);
});

test('an unknown drill or upstream is a wrong command line', () => {
  assert.deepEqual([drill('flood').status, drill('failover', '--upstream', 'gaurded').status], [2, 2]);
  assert.match(drill('failover', '--upstream', 'gaurded').stderr, /there are bare, alone, guarded, grpc/);
});
