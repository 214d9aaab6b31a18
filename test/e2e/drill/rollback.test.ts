// `cardea drill rollback` on a configuration: bad versions are rolled back, and a canary that would never be rolled back is reported.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { rollbackAdvice } from '../../../src/cli/drill/rollback-report.ts';

const command = process.env['CARDEA_COMMAND'] ?? path.resolve(import.meta.dirname, '../../../bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function drill(route: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(
    file,
    `
listeners: [{ address: "127.0.0.1:18080" }]
upstreams:
  v1: { endpoints: ["http://10.0.0.1:80", "http://10.0.0.2:80"] }
  v2: { endpoints: ["http://10.0.0.3:80"] }
routes:
  - { name: users, match: { path: /users/* }, to: v1${route} }
`,
  );
  return spawnSync(command, ['drill', 'rollback', ...args, '-c', file], { encoding: 'utf8', timeout: 60_000 });
}

test('every bad version is rolled back, the good one is not', () => {
  const canary = ', canary: { upstream: v2, steps: [10%, 100%], for: 10m, by: consumer, success: { minimum: 40 } }';
  const { status, stdout, stderr } = drill(canary, '--seconds', '1', '--json');
  assert.equal(status, 0, stdout + stderr);
  const [{ results, advice }] = JSON.parse(stdout).report;
  assert.deepEqual(
    results.map((each: { behaviour: string; outcome: string }) => `${each.behaviour}: ${each.outcome}`),
    ['well: promoted', 'failing: rolled back', 'resetting: rolled back', 'killed: rolled back', 'slow: rolled back'],
  );
  for (const { failed, failedAfterwards } of results) assert.ok(failed <= 60 && failedAfterwards === 0);
  assert.match(advice.at(-1) ?? '', /^$|at least \d+ requests a second|requests failed/);
});

test('without a canary there is nothing to try', () => {
  const { status, stderr } = drill('');
  assert.equal(status, 1);
  assert.match(stderr, /no route has a `canary`/);
});

test('what a reader can do is told with its setting', () => {
  const result = { route: 'r', reason: '', tookMs: 1, share: 0.1, requests: 100, failed: 0, failedAfterwards: 0 };
  const canary = {
    steps: [
      { share: 0.01, forMs: 60_000 },
      { share: 1, forMs: 60_000 },
    ],
    minimum: 600,
  };
  const advice = rollbackAdvice({ canary }, [
    { ...result, behaviour: 'well', outcome: 'rolled back' },
    { ...result, behaviour: 'failing', outcome: 'rolled back', failed: 90 },
    { ...result, behaviour: 'slow', outcome: 'promoted' },
  ]);
  assert.match(advice.join('\n'), /not rolled back \(slow\)/);
  assert.match(advice.join('\n'), /up to 90 requests failed .*\(failing\)/);
  assert.match(advice.join('\n'), /a version as good as the stable one was rolled back/);
  assert.match(advice.join('\n'), /step of 1 % .* 1000 requests a second/);
});
