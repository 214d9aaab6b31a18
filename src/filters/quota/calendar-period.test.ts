// Days, weeks and months of a time zone, start days that a month lacks, and days that are longer or shorter because clocks are set.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PeriodUnit, periodOf } from './calendar-period.ts';

const at = (text: string) => Date.parse(text);
const hours = ({ startMs, endMs }: { startMs: number; endMs: number }) => (endMs - startMs) / 3_600_000;

test('a day begins at the zone’s midnight, and has 23 or 25 hours where clocks are set', () => {
  assert.equal(periodOf('day', 1, 'Europe/Berlin', at('2026-03-28T23:30:00Z')).name, '2026-03-29');
  assert.equal(hours(periodOf('day', 1, 'Europe/Berlin', at('2026-03-29T12:00:00Z'))), 23);
  assert.equal(hours(periodOf('day', 1, 'Europe/Berlin', at('2026-10-25T12:00:00Z'))), 25);
  assert.equal(hours(periodOf('day', 1, 'UTC', at('2026-03-29T12:00:00Z'))), 24);
  // In Beirut, this day had no midnight.
  assert.equal(
    new Date(periodOf('day', 1, 'Asia/Beirut', at('2022-03-27T12:00:00Z')).startMs).toISOString(),
    '2022-03-26T22:00:00.000Z',
  );
});

test('a week begins on Monday, a month on its day', () => {
  assert.equal(periodOf('week', 1, 'UTC', at('2026-11-22T23:59:59Z')).name, '2026-11-16');
  assert.equal(periodOf('month', 1, 'UTC', at('2026-11-30T23:59:59Z')).name, '2026-11-01');
  assert.equal(periodOf('month', 15, 'UTC', at('2026-11-14T23:59:59Z')).name, '2026-10-15');
  assert.equal(periodOf('month', 15, 'UTC', at('2026-11-15T00:00:00Z')).name, '2026-11-15');
});

test('a month without the start day begins on its last', () => {
  assert.equal(periodOf('month', 31, 'UTC', at('2026-02-28T00:00:00Z')).name, '2026-02-28');
  assert.equal(periodOf('month', 31, 'UTC', at('2026-02-27T23:00:00Z')).name, '2026-01-31');
  assert.equal(periodOf('month', 30, 'UTC', at('2028-02-29T12:00:00Z')).name, '2028-02-29');
});

test('every moment lies in its period, and periods follow each other without a gap', () => {
  const unit = fc.constantFrom<PeriodUnit>('day', 'week', 'month');
  const zone = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kolkata',
    'Pacific/Apia',
    'Asia/Beirut',
  );
  const moment = fc.integer({ min: at('2000-01-01'), max: at('2050-01-01') });
  fc.assert(
    fc.property(unit, fc.integer({ min: 1, max: 31 }), zone, moment, (kind, day, timeZone, now) => {
      const here = periodOf(kind, day, timeZone, now);
      assert.ok(here.startMs <= now && now < here.endMs);
      assert.equal(periodOf(kind, day, timeZone, here.endMs - 1).startMs, here.startMs);
      assert.equal(periodOf(kind, day, timeZone, here.endMs).startMs, here.endMs);
    }),
    { numRuns: 300 },
  );
});
