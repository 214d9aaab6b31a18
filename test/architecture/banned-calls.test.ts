// Raw clocks, timers, copies and JSON stay out of the folders that every request passes through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bannedCalls, hotFolders } from './banned-calls.ts';
import { productFiles } from './source-files.ts';

test('hot folders make no banned call without a reason', () => {
  const files = productFiles().filter(({ path }) => hotFolders.some(folder => path.startsWith(folder)));
  assert.ok(files.length > 0);
  assert.deepEqual(bannedCalls(files), []);
});

const refused = [
  'const now = Date.now();',
  'const now = new Date();',
  'const now = new Date;',
  'const now = Date();',
  'const now = performance.now();',
  'const now = process.hrtime.bigint();',
  'setTimeout(close, 10);',
  'socket.setTimeout(10);',
  'const timer = setInterval(tick, 50);',
  'const all = Buffer.concat(pieces);',
  'const body = JSON.parse(text);',
  '// Because: no\nsetTimeout(close, 10);',
  '// Because: this reason stands too far away\n\nsetTimeout(close, 10);',
];

for (const text of refused) {
  test(`self-check: refused: ${text.replaceAll('\n', '⏎')}`, () => {
    assert.equal(bannedCalls([{ path: 'src/net/x.ts', text }]).length, 1);
  });
}

const accepted = [
  '// Because: this runs once at start, before any request.\nsetTimeout(close, 10);',
  'setTimeout(close, 10); // Because: this runs once at start.',
  '/* setTimeout(close) would be wrong here */ wheel.schedule(entry, 10);',
  "const text = 'Buffer.concat';",
  'const at = clock.now();',
  'const text = new Date(at).toISOString();',
];

for (const text of accepted) {
  test(`self-check: accepted: ${text.replaceAll('\n', '⏎')}`, () => {
    assert.deepEqual(bannedCalls([{ path: 'src/net/x.ts', text }]), []);
  });
}
