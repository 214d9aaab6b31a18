// Patterns that bring backtracking engines to a halt cost time in proportion to the text here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinearRegex, LinearRegex, LinearRegexError } from './linear-regex.ts';

function compiled(source: string): LinearRegex {
  const regex = compileLinearRegex(source);
  assert.ok(regex instanceof LinearRegex);
  return regex;
}

function costMs(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

const ROUNDS_MAX = 60;

/**
 * The best-case ratio of the time for a longer text to that for a shorter one. Each time is the minimum of several runs, and a busy machine
 * gets more rounds until one was undisturbed. Non-linear cost stays above the bound however often it is measured.
 */
function growth(short: () => unknown, long: () => unknown, bound: number): number {
  let shortMs = Number.POSITIVE_INFINITY;
  let longMs = Number.POSITIVE_INFINITY;
  let ratio = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS_MAX && ratio >= bound; round++) {
    longMs = Math.min(longMs, costMs(long));
    shortMs = Math.min(shortMs, costMs(short));
    // The first rounds warm up the engine. The minimum of 0.05 ms hides the clock's resolution.
    if (round >= 5) ratio = longMs / Math.max(0.05, shortMs);
  }
  return ratio;
}

const catastrophic = [
  '(a+)+',
  '(a|aa)+',
  '(a|a)*b',
  '([a-z]+)*[0-9]',
  '(a+a+)+y',
  '(.*)*x',
  '(?:a?){100}a{100}b',
  '(?:.*a){10}b',
];

for (const source of catastrophic) {
  test(`${source} costs in proportion to the text`, () => {
    const regex = compiled(source);
    const short = `${'a'.repeat(4000)}!`;
    const long = `${'a'.repeat(32_000)}!`;
    assert.equal(regex.testWhole(long), false);
    for (const run of [(text: string) => regex.testWhole(text), (text: string) => regex.execWhole(text)]) {
      // Eight times the text: linear is 8, quadratic 64.
      const ratio = growth(
        () => run(short),
        () => run(long),
        28,
      );
      assert.ok(ratio < 28, `${ratio.toFixed(1)} times the work`);
    }
  });
}

test('whole and partial matches, and named groups in order', () => {
  const regex = compiled('/(?<b>[a-z]+)/(?<a>[0-9]+)?');
  assert.deepEqual(regex.groupNames, ['b', 'a']);
  assert.deepEqual(regex.execWhole('/x/12'), ['x', '12']);
  assert.deepEqual(regex.execWhole('/x/'), ['x', '']);
  assert.equal(regex.execWhole('/x/12/'), null);
  assert.equal(regex.testWhole('/x/12/'), false);
  assert.equal(regex.test('/x/12/'), true);
  assert.equal(compiled('a|b').testWhole('ab'), false);
  assert.equal(compiled('a$').testWhole('a\n'), false);
});

for (const source of ['(a)\\1', 'a(?=b)', '(?<!a)b', '(', 'a{1001}', '(?:(?:a{100}){10}){1000}', '[z-a]']) {
  test(`${source} is refused with a reason`, () => {
    const error = compileLinearRegex(source);
    assert.ok(error instanceof LinearRegexError);
    assert.match(error.message, /\S+ \S+ \S+/);
  });
}
