// Links in the documents lead somewhere, and files that documents and comments name exist.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadNames, deadReferences, filesNamed } from './doc-links.ts';
import { filesOf, root } from './source-files.ts';

test('links lead somewhere and named files exist', () => {
  const documents = filesOf('*.md', 'docs/**/*.md', 'test/**/*.md', 'bench/*.md');
  assert.ok(documents.length > 10);
  assert.deepEqual(deadReferences(documents, root), []);
});

test('files that comments name exist', () => {
  assert.deepEqual(deadNames(filesOf('{src,bench,scripts}/**/*.ts', 'test/{support,e2e,golden}/**/*.ts'), root), []);
});

test('self-check: an absent file is seen in each kind of comment, and in no code', () => {
  const text =
    "// src/base/a.ts\n/** see src/base/b.ts */\n * src/base/c.ts\nf(); // src/base/d.ts\nf('src/base/e.ts');\n";
  const absent = ['a', 'b', 'c', 'd'].map(name => `x.ts: src/base/${name}.ts`);
  assert.deepEqual(deadNames([{ path: 'x.ts', text }], root), absent);
  assert.deepEqual(deadNames([{ path: 'x.ts', text: '// See src/base/fault.ts.' }], root), []);
});

const dead = [
  '[x](docs/absent.md)',
  '[x](#no-such-heading)',
  '[x](CONTRIBUTING.md#no-such-heading)',
  '```sh\n# in code\n```\n[x](#in-code)',
  'see `src/base/absent.ts`',
  'see `src/{base,absent}/fault.ts`',
];

for (const text of dead) {
  test(`self-check: refused: ${text}`, () => {
    assert.equal(deadReferences([{ path: 'README.md', text }], root).length, 1);
  });
}

test('self-check: what is there is accepted', () => {
  const text =
    '# A Heading, here\n[x](#a-heading-here) [y](package.json) [z](https://example.com) [e](docs/errors.md#rate_limited) `src/base/fault.ts` `src/`';
  assert.deepEqual(deadReferences([{ path: 'README.md', text }], root), []);
  assert.deepEqual(filesNamed('`src/a/{b,c}.ts` `src/**/*.ts`'), ['src/a/b.ts', 'src/a/c.ts']);
});
