// Every error code that docs/errors.md lists is used somewhere in the code: nobody should wait for a code that never comes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultKinds } from '../../src/base/fault.ts';
import { productFiles } from './source-files.ts';

test('every error code is given somewhere', () => {
  const texts = productFiles()
    .filter(({ path }) => path !== 'src/base/fault.ts')
    .map(({ text }) => text)
    .join('\n');
  const unused = Object.keys(faultKinds).filter(code => !texts.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});
