// The scanner under the other rules: what it blanks and what it must leave.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankOut } from './blank-out.ts';

const cases: [name: string, source: string, expected: string][] = [
  ['line comment', 'a; // b\nc', 'a;     \nc'],
  ['block comment over lines', 'a /* b\n b */ c', 'a     \n      c'],
  ['string with an escaped quote', "x('a\\'b', 1)", "x('    ', 1)"],
  ['comment sign in a string', 'x("//a") + 1', 'x("   ") + 1'],
  ['template with code in it', 'f`a${g({ b: `c` })}d` + e', 'f` ${g({ b: ` ` })} ` + e'],
  ['template with an escaped backtick', 'f`a\\`b` + c', 'f`    ` + c'],
  ['template that ends in an escaped backslash', 'f`a\\\\` + c', 'f`   ` + c'],
  ['regular expression with a quote', "x = /'[/]/.test(y)", 'x = /    /.test(y)'],
  ['division', 'a / b / c', 'a / b / c'],
];

for (const [name, source, expected] of cases) {
  test(name, () => {
    assert.equal(blankOut(source), expected);
  });
}
