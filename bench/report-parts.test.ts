// A part of the bench that is measured anew, in the report of the whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSections } from './report-parts.ts';

test('sections that were measured anew take the place of the old ones, new ones stand where their scenario does', () => {
  const whole = '# Costs\n\nMade whole.\n\n## A\n\nold a\n\n## C\n\nold c\n\n## Gone\n\nold\n';
  const sections = [
    { title: 'B', text: 'new b' },
    { title: 'C', text: '<!-- summary -->\nnew c\n<!-- /summary -->' },
  ];
  assert.equal(
    withSections(whole, sections, ['A', 'B', 'C', 'D']),
    '# Costs\n\nMade whole.\n\n## A\n\nold a\n\n## B\n\nnew b\n\n## C\n\n<!-- summary -->\nnew c\n<!-- /summary -->\n\n## Gone\n\nold\n',
  );
  assert.equal(withSections(whole, [], ['A', 'C']), whole);
});
