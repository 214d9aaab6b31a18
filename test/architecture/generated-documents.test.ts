// The generated documents are up to date with the code. When this fails: `npm run reference`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBenchSummary } from '../../scripts/bench-summary.ts';
import { generatedDocuments, staleDocuments } from '../../scripts/reference.ts';

for (const document of generatedDocuments) {
  test(`${document.path} is fresh`, () => {
    assert.deepEqual(staleDocuments([document]), []);
  });
}

test('self-check: a stale document and an absent one are seen', () => {
  const stale = [
    { path: 'docs/errors.md', make: () => 'something else' },
    { path: 'docs/absent.md', make: () => 'something' },
  ];
  assert.deepEqual(staleDocuments(stale), ['docs/errors.md', 'docs/absent.md']);
});

const readme = 'before\n<!-- bench: x -->\nold\n<!-- /bench -->\nafter\n';

test('the bench summary replaces what stands between the markers', () => {
  assert.equal(
    withBenchSummary(readme, undefined),
    'before\n<!-- bench: x -->\nNot measured yet for this version.\n<!-- /bench -->\nafter\n',
  );
  const results = '# Results\n\n| a | b |\n| --- | --: |\n| 1 | 2 |\n\n| c |\n| --- |\n';
  assert.match(
    withBenchSummary(readme, results),
    /^before\n<!-- bench: x -->\n\| a \| b \|\n\| --- \| --: \|\n\| 1 \| 2 \|\n\nFrom /,
  );
  assert.match(withBenchSummary(readme, 'x\n<!-- summary -->\nchosen\n<!-- /summary -->\n'), /-->\nchosen\n\nFrom /);
});

test('self-check: lost markers and results without a table are errors', () => {
  assert.throws(() => withBenchSummary('no markers', undefined), /lost its bench markers/);
  assert.throws(() => withBenchSummary(readme, 'no table'), /no table/);
});
