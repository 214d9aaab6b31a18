import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationBoundsMs, HISTOGRAM_BUCKETS, HISTOGRAM_CELLS, recordDuration } from './histogram.ts';

function naiveBucket(ms: number): number {
  const bucket = durationBoundsMs.findIndex(boundMs => ms <= boundMs);
  return bucket === -1 ? durationBoundsMs.length : bucket;
}

const onABound = fc.constantFrom(...durationBoundsMs);
const nearABound = fc
  .tuple(onABound, fc.constantFrom(1 - 1e-15, 1 + 3e-16, 1 - 1e-9, 1 + 1e-9))
  .map(([ms, f]) => ms * f);
const anyDuration = fc.oneof(
  fc.double({ min: 0, max: 100_000, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
  fc.nat(),
  onABound,
  nearABound,
);

test('every duration falls into the bucket that a search over all bounds finds', () => {
  fc.assert(
    fc.property(fc.array(anyDuration, { maxLength: 50, size: 'max' }), durations => {
      const cells = new Float64Array(HISTOGRAM_CELLS + 2);
      const expected = new Float64Array(HISTOGRAM_CELLS + 2);
      for (const ms of durations) {
        recordDuration(cells, 1, ms);
        expected[1]! += ms;
        expected[2 + naiveBucket(ms)]!++;
      }
      assert.deepEqual(cells, expected);
    }),
    { numRuns: 3_000 },
  );
});

test('a clock that stepped back, and no number at all, count as nothing waited', () => {
  const cells = new Float64Array(HISTOGRAM_CELLS);
  for (const ms of [-5, Number.NaN, -0, 0, Number.NEGATIVE_INFINITY]) recordDuration(cells, 0, ms);
  assert.equal(cells[0], 0);
  assert.equal(cells[1], 5);
});

test('bounds rise, and the cells are theirs plus one bucket and the sum', () => {
  assert.deepEqual(
    durationBoundsMs,
    durationBoundsMs.toSorted((a, b) => a - b),
  );
  assert.equal(HISTOGRAM_BUCKETS, durationBoundsMs.length + 1);
});
