import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isoTime } from './iso-time.ts';

test('is what Date says, in whatever order times come', () => {
  const near = fc.tuple(
    fc.integer({ min: 0, max: 4e9 }),
    fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 20, size: 'max' }),
  );
  fc.assert(
    fc.property(near, ([second, offsets]) => {
      for (const offset of offsets) {
        const ms = second * 1_000 + offset;
        assert.equal(isoTime(ms), new Date(ms).toISOString());
        assert.equal(isoTime(ms + 0.7), new Date(ms).toISOString());
      }
    }),
  );
});
