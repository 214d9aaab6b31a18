// An endpoint that ends its HTTP/2 connections one after another is ejected; one that only closes old connections, or every connection
// soon, stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlierSpec } from '../../../test/support/resilience-settings.ts';
import { SharedStates } from '../state/shared-states.ts';
import { EjectReason } from './ejection.ts';
import { GoawayCount } from './goaway-count.ts';
import { OutlierWatch } from './outlier-watch.ts';

function watched(consecutiveResets = 3) {
  const states = new SharedStates(null, 0);
  const blocks = [1, 2].map(n => states.claim(`endpoint users ${n}`, 0));
  const watch = new OutlierWatch(outlierSpec({ consecutiveResets }), blocks);
  const [block] = blocks as [(typeof blocks)[0]];
  return { count: new GoawayCount(block), answer: () => watch.answered(block, false, 1, 0, 0) };
}

const old = [500, 60_000] as const;
const young = [3, 20] as const;

test('one that had let a connection live, then ends two at once', () => {
  const { count, answer } = watched();
  count.told(...old);
  count.told(...young);
  assert.equal(answer(), EjectReason.none);
  count.told(...young);
  assert.equal(answer(), EjectReason.draining);
  assert.equal(answer(), EjectReason.none, 'told once');
});

test('old connections and those that served many requests are ended by house-keeping', () => {
  const { count, answer } = watched();
  for (let n = 0; n < 10; n++) count.told(...old);
  for (let n = 0; n < 10; n++) count.told(100, 50);
  for (let n = 0; n < 10; n++) count.told(0, 1_000);
  assert.equal(answer(), EjectReason.none);
  count.told(...young);
  count.told(...old);
  count.told(...young);
  assert.equal(answer(), EjectReason.none, 'not in a row');
});

test('one that never lets a connection live, and a watch that does not want to know', () => {
  for (const { count, answer } of [watched(), watched(0)]) {
    for (let n = 0; n < 50; n++) count.told(...young);
    assert.equal(answer(), EjectReason.none);
  }
  const { count, answer } = watched(0);
  count.told(...old);
  for (let n = 0; n < 50; n++) count.told(...young);
  assert.equal(answer(), EjectReason.none);
});
