// Endpoints are ejected for consecutive failures, for longer each time, never too many at once, and come back.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { outlierSpec } from '../../../test/support/resilience-settings.ts';
import { SharedStates, type StateBlock } from '../state/shared-states.ts';
import { Health, StateCell } from '../state/state-cells.ts';
import { countEjected, EjectReason, eject, ejectedMax, endEjection } from './ejection.ts';
import { OutlierWatch } from './outlier-watch.ts';

function blocksOf(count: number): StateBlock[] {
  const states = new SharedStates(null, 0);
  return Array.from({ length: count }, (_, n) => states.claim(`endpoint users ${n}`, 0));
}

function watchOver(count: number, changes: Parameters<typeof outlierSpec>[0] = {}) {
  const blocks = blocksOf(count);
  return { blocks, watch: new OutlierWatch(outlierSpec(changes), blocks) };
}

describe('in a row', () => {
  test('errors, of whatever kind; a good answer begins anew', () => {
    const { blocks, watch } = watchOver(3, { consecutiveErrors: 3, consecutiveResets: 0 });
    const [bad] = blocks as [StateBlock];
    watch.answered(bad, true, 1, 0, 0);
    watch.failed(bad, true, 0);
    watch.answered(bad, false, 1, 0, 0);
    watch.failed(bad, false, 0);
    watch.answered(bad, true, 1, 0, 0);
    assert.equal(countEjected(blocks, 0), 0);
    assert.equal(watch.failed(bad, false, 0), EjectReason.errors);
    assert.equal(watch.lastEjectionMs, 30_000);
    assert.equal(endEjection(bad, 29_999), false);
    assert.equal(endEjection(bad, 30_000), true);
    assert.equal(endEjection(bad, 30_000), false, 'it comes back once');
    assert.equal(watch.failed(bad, false, 30_001), EjectReason.none, 'with a clean sheet');
  });

  test('resets with an answer between them are not in a row', () => {
    const { blocks, watch } = watchOver(3, { consecutiveErrors: 0 });
    for (let n = 0; n < 10; n++) {
      assert.equal(watch.failed(blocks[0]!, true, 0), EjectReason.none);
      assert.equal(watch.answered(blocks[0]!, true, 1, 0, 0), EjectReason.none);
    }
  });

  test('resets, fewer of them than errors', () => {
    const { blocks, watch } = watchOver(3);
    for (let n = 0; n < 2; n++) assert.equal(watch.failed(blocks[0]!, true, 0), EjectReason.none);
    assert.equal(watch.failed(blocks[0]!, true, 0), EjectReason.resets);
  });

  test('answers that close their connections, from an endpoint that kept them before', () => {
    const { blocks, watch } = watchOver(3);
    const [draining, always] = blocks as [StateBlock, StateBlock];
    for (let n = 0; n < 100; n++) assert.equal(watch.answered(always, false, 1, 1, 0), EjectReason.none);
    for (let n = 0; n < 20; n++) watch.answered(draining, false, 1, 0, 0);
    for (let n = 0; n < 2; n++) assert.equal(watch.answered(draining, false, 1, 1, 0), EjectReason.none);
    watch.answered(draining, false, 1, 0, 0);
    for (let n = 0; n < 2; n++) assert.equal(watch.answered(draining, false, 1, 1, 0), EjectReason.none);
    assert.equal(watch.answered(draining, false, 1, 1, 0), EjectReason.draining);
  });
});

test('an endpoint that closes each connection after as many requests does not drain; one that begins to close them is found all the same', () => {
  const { blocks, watch } = watchOver(5);
  const [limited, draining] = blocks as [StateBlock, StateBlock];
  for (const block of [limited, draining]) for (let n = 0; n < 20; n++) watch.answered(block, false, 1, 0, 0);
  for (let n = 0; n < 50; n++) assert.equal(watch.answered(limited, false, 1, 100, 0), EjectReason.none);
  // One connection in between is closed for another reason, such as an error.
  for (const after of [7, 100, 100, 100]) assert.equal(watch.answered(limited, false, 1, after, 0), EjectReason.none);
  for (const after of [7, 3]) assert.equal(watch.answered(draining, false, 1, after, 0), EjectReason.none);
  assert.equal(watch.answered(draining, false, 1, 12, 0), EjectReason.draining);
  // All new connections end after their first request.
  watch.answered(limited, false, 1, 0, 0);
  for (let n = 0; n < 2; n++) assert.equal(watch.answered(limited, false, 1, 1, 0), EjectReason.none);
  assert.equal(watch.answered(limited, false, 1, 1, 0), EjectReason.draining);
});

describe('an ejection', () => {
  test('is longer each time, up to a limit, and shorter again after time in use', () => {
    const [bad, other] = blocksOf(2) as [StateBlock, StateBlock];
    const spec = { ejectionMs: 10, ejectionMaxMs: 35, maxEjected: 0.5 };
    let now = 0;
    const lengths = Array.from({ length: 5 }, () => {
      const forMs = eject(bad, [bad, other], EjectReason.errors, spec, now);
      now += forMs;
      assert.ok(endEjection(bad, now));
      return forMs;
    });
    assert.deepEqual(lengths, [10, 20, 30, 35, 35]);
    assert.equal(eject(bad, [bad, other], EjectReason.errors, spec, now + 40), 20);
  });

  test('is refused to the last endpoint, and beyond the share', () => {
    assert.equal(ejectedMax(1, 1), 0);
    assert.equal(ejectedMax(2, 1), 1);
    assert.equal(ejectedMax(2, 0.1), 1);
    assert.equal(ejectedMax(10, 0.35), 3);
  });
});

describe('an endpoint that fails while no more may be ejected', () => {
  /** Two endpoints, the first of which has failed at 0. */
  function firstOut() {
    const { blocks, watch } = watchOver(2, { consecutiveErrors: 1, consecutiveResets: 1 });
    const [first, second] = blocks as [StateBlock, StateBlock];
    assert.equal(watch.answered(first, true, 1, 0, 0), EjectReason.errors);
    return { blocks, watch, first, second };
  }

  test('takes the place of the one that has been out longest', () => {
    const { blocks, watch, first, second } = firstOut();
    assert.equal(watch.answered(second, true, 1, 0, 2_999), EjectReason.none, 'that one was ejected just now');
    assert.equal(watch.failed(second, false, 3_000), EjectReason.errors);
    assert.equal(countEjected(blocks, 3_000), 1);
    assert.ok(endEjection(first, 3_000), 'the first is used again');
    assert.equal(endEjection(second, 32_999), false);
    const { blocks: four, watch: ofFour } = watchOver(4, { consecutiveErrors: 1 });
    for (const [n, block] of four.slice(0, 3).entries()) ofFour.answered(block, true, 1, 0, n * 10_000);
    assert.deepEqual(
      four.map(block => endEjection(block, 20_001)),
      [true, false, false, false],
    );
    assert.equal(countEjected(four, 20_001), 2);
  });

  test('does not where it only drains, nor for one that is known to be unhealthy', () => {
    const { watch, first, second } = firstOut();
    for (let n = 0; n < 8; n++) watch.answered(second, false, 1, 0, 0);
    assert.equal(watch.answered(second, false, 1, 1, 10_000), EjectReason.none);
    first.words[first.at + StateCell.health] = Health.unhealthy;
    assert.equal(watch.failed(second, true, 10_000), EjectReason.none);
  });
});

test('simulation: several workers, any outcomes: never more out than allowed, and all come back when all is well', () => {
  const events = fc.array(
    fc.record({
      waitMs: fc.nat(300),
      worker: fc.nat(2),
      endpoint: fc.nat(4),
      what: fc.constantFrom('good', 'bad', 'reset', 'closes'),
    }),
    { maxLength: 150, size: 'max' },
  );
  fc.assert(
    fc.property(
      events,
      fc.constantFrom(0.1, 0.5, 1),
      fc.integer({ min: 1, max: 5 }),
      (taken, maxEjected, endpoints) => {
        const blocks = blocksOf(endpoints);
        const spec = outlierSpec({ consecutiveErrors: 2, consecutiveResets: 2, ejectionMs: 500, maxEjected });
        const workers = [0, 1, 2].map(() => new OutlierWatch(spec, blocks));
        const most = ejectedMax(endpoints, maxEjected);
        let now = 0;
        for (const { waitMs, worker, endpoint, what } of taken) {
          now += waitMs;
          const block = blocks[endpoint % endpoints]!;
          for (const each of blocks) endEjection(each, now);
          if (what === 'reset') workers[worker]!.failed(block, true, now);
          else workers[worker]!.answered(block, what === 'bad', 1, what === 'closes' ? 1 : 0, now);
          const out = countEjected(blocks, now);
          assert.ok(out <= most, `${out} of ${endpoints}`);
        }
        now += 10 * 60_000;
        for (const each of blocks) endEjection(each, now);
        assert.equal(countEjected(blocks, now), 0);
      },
    ),
    { numRuns: 300 },
  );
});
