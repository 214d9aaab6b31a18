// Every file opens with one to three comment lines: what it is for and what does not belong in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerErrors } from './naming.ts';
import { filesOf, isTestCode } from './source-files.ts';

test('files open by saying what they are', () => {
  const files = filesOf('{src,bench,scripts,test}/**/*.{ts,mjs}').filter(({ path }) => !isTestCode(path));
  assert.deepEqual(headerErrors(files), []);
});

const refused = [
  "import x from 'node:net';\n",
  '\n// Too late to be an opening line of the file.\n',
  '/** A docstring is about what follows, not about the file. */\nexport const x = 1;\n',
  '// Four lines are\n// more than a reader\n// takes in at one look,\n// so they are refused.\n\n',
  '// The clock.\n\n',
];

for (const text of refused) {
  test(`self-check: refused: ${JSON.stringify(text)}`, () => {
    assert.equal(headerErrors([{ path: 'src/base/x.ts', text }]).length, 1);
  });
}

test('self-check: one to three lines are accepted, behind a #! too', () => {
  const line = '// One turn of the loop, one reading of the clock.\n';
  for (const text of [line, line + line + line, `#!/usr/bin/env node\n${line}`]) {
    assert.deepEqual(headerErrors([{ path: 'src/base/x.ts', text: `${text}\nexport const x = 1;\n` }]), []);
  }
});
