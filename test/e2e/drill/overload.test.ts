// `cardea drill overload` on a configuration: which stand-ins it starts for the endpoints. How upstreams fare is in test/e2e/saturation.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const command = process.env['CARDEA_COMMAND'] ?? path.resolve(import.meta.dirname, '../../../bin/cardea');

test('an endpoint of weight 0 has no stand-in, and the stand-ins together have no more places than the limit', t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(
    file,
    `
listeners: [{ address: "127.0.0.1:18080" }]
upstreams:
  users:
    endpoints: [{ url: "http://10.0.0.1:80", weight: 0 }, "http://10.0.0.2:80", "http://10.0.0.3:80", "http://10.0.0.4:80"]
    concurrency: 8
routes: [{ name: a, match: { path: /a }, to: users }]
`,
  );
  const args = ['drill', 'overload', '--seconds', '1', '--json', '-c', file];
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  const [{ endpoints, atOnce }] = JSON.parse(stdout || `"${stderr}"`).report;
  assert.deepEqual({ endpoints, atOnce }, { endpoints: 3, atOnce: 6 });
});
