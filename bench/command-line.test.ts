// The options of the bench, and what happens to a wrong one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine } from './command-line.ts';

test('everything is run and written by default, a part is not', () => {
  const all = readCommandLine([]);
  const part = readCommandLine([
    '--scenario',
    'small-get',
    '--peers',
    'nginx,cardea',
    '--rounds',
    '5',
    '--seconds',
    '3',
  ]);
  assert.ok(typeof all === 'object' && typeof part === 'object');
  assert.deepEqual([all.write, all.options.rounds, all.options.seconds], [true, 7, 5]);
  assert.deepEqual([part.write, part.options.rounds, part.options.seconds], [false, 5, 3]);
  assert.deepEqual(part.peers, ['nginx', 'cardea']);
});

test('--quick is shorter and has fewer peers, unless they are named', () => {
  const quick = readCommandLine(['--quick']);
  const named = readCommandLine(['--quick', '--peers', 'caddy']);
  assert.ok(typeof quick === 'object' && typeof named === 'object');
  assert.ok(quick.options.rounds < 7 && quick.options.seconds < 5 && !quick.write);
  assert.deepEqual(named.peers, ['caddy']);
});

for (const wrong of [['--rounds', '0'], ['--seconds', '1.5'], ['--rounds', 'x'], ['--nonsense'], ['surplus']]) {
  test(`refused: ${wrong.join(' ')}`, () => {
    assert.throws(() => readCommandLine(wrong), Error);
  });
}
