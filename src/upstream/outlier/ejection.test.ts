// What an ejection that is refused leaves behind: nothing. How endpoints come to be ejected is in outlier-watch.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedStates } from '../state/shared-states.ts';
import { EjectReason, eject, endEjection } from './ejection.ts';

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
