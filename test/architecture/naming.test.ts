// File names tell what is in the files, in one style; words that tell nothing are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namingErrors } from './naming.ts';
import { filesOf } from './source-files.ts';

test('files and folders are kebab-case and named for what they hold', () => {
  const files = filesOf('{src,test,bench,scripts}/**/*.{ts,mjs}');
  assert.ok(files.length > 0);
  assert.deepEqual(namingErrors(files.map(({ path }) => path)), []);
});

for (const path of ['src/base/TimerWheel.ts', 'src/base/timer_wheel.ts', 'src/ipAccess/filter.ts', 'src/base/-x.ts']) {
  test(`self-check: ${path} is refused`, () => {
    assert.match(namingErrors([path]).join(), /not kebab-case/);
  });
}

for (const path of ['src/base/utils.ts', 'src/helpers/x.ts', 'src/net/socket-manager.ts', 'src/net/pool.impl.ts']) {
  test(`self-check: ${path} is refused`, () => {
    assert.match(namingErrors([path]).join(), /does not say/);
  });
}

test('self-check: what follows the rules is accepted', () => {
  assert.deepEqual(namingErrors(['src/http/h1/head-reader.ts', 'src/base/timer-wheel.test.ts', 'src/http/h2.ts']), []);
});
