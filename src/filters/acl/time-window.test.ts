// Office hours by the local time of a place: over midnight, over the weekend, over daylight saving changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schema } from './config.ts';
import { TimeWindow } from './time-window.ts';

function window(during: object): TimeWindow {
  const { during: config } = schema.parse({ allow: [{ during }] }).allow![0]!;
  return new TimeWindow(config!);
}

const cases: [what: string, during: object, at: string, open: boolean][] = [
  ['inside', { from: '08:00', to: '18:00' }, '2026-11-23T08:00:00Z', true],
  ['the end is not included', { from: '08:00', to: '18:00' }, '2026-11-23T18:00:00Z', false],
  ['another day', { days: ['mon'], from: '08:00', to: '18:00' }, '2026-11-24T09:00:00Z', false],
  ['another zone', { from: '08:00', to: '09:00', timeZone: 'America/New_York' }, '2026-11-23T13:30:00Z', true],
  ['after the clocks changed', { from: '08:00', to: '09:00', timeZone: 'Europe/Vienna' }, '2026-07-01T06:30:00Z', true],
  [
    'before the clocks changed',
    { from: '08:00', to: '09:00', timeZone: 'Europe/Vienna' },
    '2026-12-01T07:30:00Z',
    true,
  ],
  ['the evening of a night', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-27T23:00:00Z', true],
  ['the morning of a night', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-28T05:59:00Z', true],
  ['the morning before it', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-27T05:00:00Z', false],
  ['the first minute of a night', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-27T22:00:00Z', true],
  ['the minute before a night', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-27T21:59:59Z', false],
  ['the end of a night', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-28T06:00:00Z', false],
  ['the evening of the next day', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-28T23:00:00Z', false],
  ['the day after a night', { days: ['fri'], from: '22:00', to: '06:00' }, '2026-11-28T12:00:00Z', false],
  ['the morning after midnight', { days: ['fri'], from: '24:00', to: '06:00' }, '2026-11-28T05:00:00Z', true],
  ['the night of Sunday', { days: ['sun'], from: '22:00', to: '06:00' }, '2026-11-23T01:00:00Z', true],
  ['until midnight', { days: ['mon'], from: '22:00', to: '24:00' }, '2026-11-24T00:00:00Z', false],
];
for (const [what, during, at, open] of cases) {
  test(what, () => assert.equal(window(during).isOpen(Date.parse(at)), open));
}

test('it opens and closes as time passes, one look a minute', () => {
  const hours = window({ from: '08:00', to: '08:02' });
  const start = Date.parse('2026-11-23T07:59:59.900Z');
  const seen = [0, 100, 60_100, 120_100].map(ms => hours.isOpen(start + ms));
  assert.deepEqual(seen, [false, true, true, false]);
});
