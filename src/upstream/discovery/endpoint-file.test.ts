// A list of endpoints that is written in place is not read in the middle of it.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { DiscoveredSet } from './discovery.ts';
import { endpointFile } from './endpoint-file.ts';

test('a file that is emptied and written anew slowly is read when it is whole', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-endpoints-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'endpoints.txt');
  writeFileSync(file, '10.0.0.1\n10.0.0.2\n10.0.0.3\n');
  const published: string[] = [];
  let lookAgain = () => {};
  const discovery = endpointFile(
    text =>
      text
        .split('\n')
        .filter(line => line !== '')
        .map(address => ({ address, port: 80, tls: false, weight: 1, zone: '', name: '' })),
    {
      now: () => 0,
      after(_ms, run) {
        lookAgain = run;
        return () => {};
      },
    },
  );
  const outlet = {
    publish: ({ endpoints }: DiscoveredSet) => published.push(endpoints.map(({ address }) => address).join(' ')),
    report() {},
    log() {},
    sharedTable: () => new SharedArrayBuffer(0),
  };
  const feed = discovery.start(file, outlet);
  const look = async () => {
    lookAgain();
    await new Promise(resolve => setImmediate(resolve));
  };
  await feed.ready;
  writeFileSync(file, '');
  await look();
  for (const line of ['10.0.0.4\n', '10.0.0.5\n', '10.0.0.6\n', '10.0.0.7\n']) {
    appendFileSync(file, line);
    await look();
  }
  assert.deepEqual(published, ['10.0.0.1 10.0.0.2 10.0.0.3']);
  await look();
  assert.deepEqual(published.slice(1), ['10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7']);
  feed.stop();
});
