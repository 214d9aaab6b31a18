// Every error code that docs/errors.md promises is given somewhere: a code that nothing gives would be waited for in vain.

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
