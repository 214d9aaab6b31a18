// What an ejection that is refused leaves behind: nothing. How endpoints come to be ejected is in outlier-watch.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedStates } from '../state/shared-states.ts';
import { StateCell, TimeCell } from '../state/state-cells.ts';
import { EjectReason, eject, endEjection, shortenEjection } from './ejection.ts';

test('a refused ejection does not delay when earlier ejections are forgotten', () => {
  const states = new SharedStates(null, 0);
  const [bad, other] = ['bad', 'other'].map(name => states.claim(`endpoint users ${name}`, 0));
  const all = [bad!, other!];
  const spec = { ejectionMs: 100, ejectionMaxMs: 1_000, maxEjected: 0.5 };
  assert.equal(eject(bad!, all, EjectReason.errors, spec, 0), 100);
  assert.ok(endEjection(bad!, 100));
  assert.equal(eject(other!, all, EjectReason.errors, spec, 150), 100);
  assert.equal(eject(bad!, all, EjectReason.latency, spec, 190), 0, 'one of two is out already');
  assert.ok(endEjection(other!, 250));
  // In use for more than 100 ms, after which the first ejection no longer counts.
  assert.equal(eject(bad!, all, EjectReason.errors, spec, 260), 100);
});

test('one that comes back does so with a clean sheet, and from then on slow start counts', () => {
  const states = new SharedStates(null, 0);
  const [bad, other] = ['bad', 'other'].map(name => states.claim(`endpoint users ${name}`, 0));
  const { words, times, at, timesAt } = bad!;
  const rows = ['errorsInARow', 'resetsInARow', 'closesInARow', 'keptSeen', 'goawaysInARow'] as const;
  for (const row of rows) words[at + StateCell[row]] = 7;
  const spec = { ejectionMs: 100, ejectionMaxMs: 1_000, maxEjected: 0.5 };
  assert.equal(eject(bad!, [bad!, other!], EjectReason.resets, spec, 50), 100);
  assert.deepEqual([words[at + StateCell.ejectReason], times[timesAt + TimeCell.ejectedAt]], [EjectReason.resets, 50]);
  assert.equal(endEjection(bad!, 149), false);
  assert.equal(times[timesAt + TimeCell.recoveredAt], 0);
  assert.equal(endEjection(bad!, 150), true);
  assert.equal(times[timesAt + TimeCell.recoveredAt], 150);
  assert.deepEqual(
    rows.map(row => words[at + StateCell[row]]),
    [0, 0, 0, 0, 0],
  );
});

test('one whose health came back is used again at once, and no ejection is made longer by that', () => {
  const states = new SharedStates(null, 0);
  const [bad, other] = ['bad', 'other'].map(name => states.claim(`endpoint users ${name}`, 0));
  const spec = { ejectionMs: 100, ejectionMaxMs: 1_000, maxEjected: 0.5 };
  shortenEjection(bad!, 10);
  assert.equal(bad!.times[bad!.timesAt + TimeCell.ejectedUntil], 0, 'it was not out');
  assert.equal(eject(bad!, [bad!, other!], EjectReason.errors, spec, 0), 100);
  shortenEjection(bad!, 30);
  assert.equal(endEjection(bad!, 29), false);
  shortenEjection(bad!, 60);
  assert.equal(endEjection(bad!, 30), true);
});
