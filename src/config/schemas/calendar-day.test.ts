// Which texts are calendar days.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCalendarDay } from './calendar-day.ts';

test('days of the calendar, and what only looks like one', () => {
  for (const day of ['2027-01-31', '2028-02-29']) assert.ok(isCalendarDay(day), day);
  for (const day of ['2027-02-31', '2027-02-29', '2027-04-31', '2027-13-01', '2027-1-31', '2027', '']) {
    assert.ok(!isCalendarDay(day), day);
  }
});
