import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonString } from './json-text.ts';

const anyByte = fc.string({
  unit: fc.nat({ max: 255 }).map(code => String.fromCharCode(code)),
  maxLength: 100,
  size: 'max',
});
const anyUnit = fc.string({
  unit: fc.nat({ max: 0xffff }).map(code => String.fromCharCode(code)),
  maxLength: 50,
  size: 'max',
});

test('JSON.parse gives back what went in, and the literal is printable ASCII', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), anyByte, anyUnit), text => {
      const literal = jsonString(text);
      assert.match(literal, /^"[\x20-\x7e]*"$/);
      assert.equal(JSON.parse(literal), text);
    }),
    { numRuns: 5_000 },
  );
});

test('bytes above ASCII are escaped one by one', () => {
  assert.equal(jsonString('plain'), '"plain"');
  assert.equal(jsonString('a"b\\c\n\x7f\xfc\x00'), '"a\\"b\\\\c\\n\\u007f\\u00fc\\u0000"');
});
