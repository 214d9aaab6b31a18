// Documents and their outcome: problems with their places, or the configuration. After an intended change:
// CARDEA_GOLDEN=write node --test test/golden/golden.test.ts, and read the difference before it is committed.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { expectedText, goldenCases, outcomeText } from './golden-case.ts';

for (const goldenCase of goldenCases()) {
  test(goldenCase.name, () => {
    const outcome = outcomeText(goldenCase);
    if (process.env['CARDEA_GOLDEN'] === 'write') writeFileSync(goldenCase.expectation, outcome);
    assert.equal(outcome, expectedText(goldenCase));
  });
}

test('there are enough cases, and both kinds', () => {
  const texts = goldenCases().map(expectedText);
  const refused = texts.filter(text => text.endsWith('refused\n')).length;
  assert.ok(refused >= 20, `${refused} documents are refused`);
  assert.ok(texts.length - refused >= 12, `${texts.length - refused} documents are accepted`);
});
