// Generated inputs are as long as their tests say. Left to itself, fast-check makes lists and texts of about ten items, whatever their
// `maxLength`: many a state of a machine is never reached, and a test of it cannot fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf, type SourceFile } from './source-files.ts';

/** The length up to which fast-check's default size goes by itself, for this `minLength`. */
const lengthByItself = (minLength: number) => 2 * minLength + 10;

function sizeErrors(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(/\bmaxLength: ([0-9_]+)/g)].flatMap(({ 0: written, 1: digits = '', index }) => {
      const options = text.slice(text.lastIndexOf('{', index), text.indexOf('}', index));
      const minLength = Number(/\bminLength: ([0-9_]+)/.exec(options)?.[1]?.replaceAll('_', '') ?? 0);
      if (Number(digits.replaceAll('_', '')) <= lengthByItself(minLength) || /\bsize: /.test(options)) return [];
      return [`${path}: "${written}" is never reached: add size: 'max'`];
    }),
  );
}

test('every property test reaches the lengths that it names', () => {
  const files = filesOf('{src,test,bench,scripts}/**/*.ts').filter(
    ({ path, text }) => text.includes("from 'fast-check'") && path !== 'test/architecture/property-sizes.test.ts',
  );
  assert.ok(files.length > 0);
  assert.deepEqual(sizeErrors(files), []);
});

test('self-check: what is found, and what is not', () => {
  const errorsOf = (text: string) => sizeErrors([{ path: 'x.test.ts', text }]).length;
  assert.equal(errorsOf('fc.array(step, { maxLength: 120 })'), 1);
  assert.equal(errorsOf('fc.string({ unit: fc.constantFrom("a"), minLength: 1, maxLength: 1_000 })'), 1);
  assert.equal(errorsOf("fc.array(step, { maxLength: 120, size: 'max' })"), 0);
  assert.equal(errorsOf('fc.array(step, { maxLength: 10 })'), 0);
  assert.equal(errorsOf('fc.array(step, { minLength: 60, maxLength: 60 })'), 0);
});
