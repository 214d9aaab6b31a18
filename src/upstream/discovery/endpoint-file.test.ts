// A list of endpoints that is written in place is not read half-written.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { DiscoveredSet } from './discovery.ts';
import { endpointFile } from './endpoint-file.ts';

function known(address: string): string {
  if (!/^[\d.]+$/.test(address)) throw new Error(`${address} is no address`);
  return address;
}

for (const [name, first, written] of [
  ['emptied', ['10.0.0.1', '10.0.0.2', '10.0.0.3'], ''],
  ['shorter than the first piece of what is written in its place', ['10.0.0.1'], '10.0.0.3\n10.0.0.4\n'],
] as const) {
  test(`a file that is ${name}, and written slowly, is read when it is whole`, async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cardea-endpoints-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'endpoints.txt');
    writeFileSync(file, first.map(line => `${line}\n`).join(''));
    const published: string[] = [];
    const troubles: (string | null)[] = [];
    let lookAgain = () => {};
    const discovery = endpointFile(
      text =>
        text
          .split('\n')
          .filter(line => line !== '')
          .map(address => ({ address: known(address), port: 80, tls: false, weight: 1, zone: '', name: '' })),
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
      report: (trouble: string | null) => void troubles.push(trouble),
      log() {},
      sharedTable: () => new SharedArrayBuffer(0),
    };
    const feed = discovery.start({ path: file, protocol: 'http/1.1' }, outlet);
    const look = async () => {
      lookAgain();
      await new Promise(resolve => setImmediate(resolve));
    };
    await feed.ready;
    writeFileSync(file, written);
    await look();
    for (const line of ['10.0.0.5', '10.0.0.6', '10.0.0.7']) {
      appendFileSync(file, `${line}\n`);
      await look();
    }
    assert.deepEqual(published, [first.join(' ')]);
    await look();
    assert.deepEqual(published.slice(1), [`${written}10.0.0.5\n10.0.0.6\n10.0.0.7`.replaceAll('\n', ' ')]);
    writeFileSync(file, 'nonsense\n');
    await look();
    const before = troubles.length;
    for (let looks = 0; looks < 4; looks++) await look();
    const told = troubles.slice(before).map(trouble => /nonsense/.test(trouble ?? ''));
    assert.deepEqual(told, [true, true, true, true], 'one that is broken stays so');
    feed.stop();
  });
}
