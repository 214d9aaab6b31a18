import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { millisText } from './thousandths.ts';

test('text is within half a microsecond of the number, with three places', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true })),
      ms => {
        const text = millisText(ms);
        assert.match(text, /^\d+\.\d{3}$/);
        assert.ok(Math.abs(Number(text) - ms) <= 0.000_500_001 + ms * 1e-15, `${ms} → ${text}`);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('what is no duration is still a JSON number', () => {
  assert.equal(millisText(-1), '0.000');
  assert.equal(millisText(Number.NaN), '0.000');
  assert.equal(JSON.parse(millisText(Number.POSITIVE_INFINITY)), 1e308);
  assert.equal(JSON.parse(millisText(1e300)), 1e300);
  assert.equal(millisText(0.9996), '1.000');
  assert.equal(millisText(1_999_999.9999), '2000000.000');
});
