// Too few file descriptors: told in one line before anything dies of it; few for clients: a warning at the start.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { startChild, untilSaid } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';

const command = path.resolve(import.meta.dirname, '../../../bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-descriptors-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// The limit is known on Linux only.
const options = { timeout: 60_000, skip: process.platform !== 'linux' };

/** Starts the gateway with this many descriptors. */
async function runWith(descriptors: number, workers: number) {
  const config = path.join(folder, `cardea-${descriptors}.yaml`);
  const reply = '{ reply: { status: 204 } }';
  writeFileSync(
    config,
    `listeners: [{ address: "127.0.0.1:${await freePort()}" }]\nadmin: off\nroutes: [{ name: a, to: ${reply} }]\n`,
  );
  const script = `ulimit -n ${descriptors}; exec "${command}" run -c "${config}" --workers ${workers}`;
  return await startChild('sh', ['-c', script]);
}

for (const [descriptors, workers] of [
  [24, 1],
  [60, 4],
] as const) {
  test(`${descriptors} descriptors for ${workers} workers: one line that says what is missing`, options, async () => {
    const child = await runWith(descriptors, workers);
    assert.equal(await child.exited, 1, child.stderr());
    assert.match(
      child.stderr(),
      new RegExp(`^cardea: not started: the system allows only ${descriptors} open files .*65536 are usual\\n$`),
    );
  });
}

test('as many as the line demands are enough to start, with a warning', options, async t => {
  const few = await runWith(24, 2);
  await few.exited;
  const [, needed = ''] = /need (\d+) before/.exec(few.stderr()) ?? [];
  const child = await runWith(Number(needed), 2);
  t.after(() => child.stop());
  await untilSaid(child, ' ready: ');
  assert.match(child.stderr(), /"few file descriptors for clients .*"limit":\d+,"clients":\d+,"connections":50000/);
  assert.equal(await child.stop(), 0);
});
