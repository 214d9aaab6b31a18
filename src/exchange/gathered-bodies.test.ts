// What is held of bodies together is bounded, and who has been sending longest gives way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatheredBodies } from './gathered-bodies.ts';

const MIB = 1_024 * 1_024;

function bodies() {
  const givenUp: string[] = [];
  const held = new GatheredBodies<string>();
  const grow = (owner: string, count: number, largest: number) =>
    held.grow(owner, count, largest, oldest => givenUp.push(oldest));
  return { givenUp, held: { grow, leave: (owner: string) => held.leave(owner) } };
}

test('beyond 64 MiB the oldest goes, however it grows', () => {
  const { held, givenUp } = bodies();
  for (const owner of ['a', 'b', 'c', 'd']) held.grow(owner, 10 * MIB, 1 * MIB);
  for (let n = 0; n < 23; n++) held.grow('a', MIB, 1 * MIB);
  assert.deepEqual(givenUp, []);
  held.grow('e', MIB, 1 * MIB);
  assert.deepEqual(givenUp, ['a']);
  held.grow('e', 32 * MIB, 1 * MIB);
  assert.deepEqual(givenUp, ['a']);
  held.grow('f', MIB, 1 * MIB);
  assert.deepEqual(givenUp, ['a', 'b']);
});

test('pieces of one byte count for what they take', () => {
  const { held, givenUp } = bodies();
  for (let n = 0; n < 600_000; n++) held.grow(n % 2 === 0 ? 'a' : 'b', 1, 65_536);
  assert.equal(givenUp[0], 'a');
});

test('who is complete or gone takes nothing any more', () => {
  const { held, givenUp } = bodies();
  for (let n = 0; n < 1_000; n++) {
    held.grow(`${n}`, MIB, MIB);
    if (n >= 20) held.leave(`${n - 20}`);
  }
  held.leave('nobody');
  assert.deepEqual(givenUp, []);
});

test('four of the largest have room in any case', () => {
  const { held, givenUp } = bodies();
  for (const owner of ['a', 'b', 'c', 'd']) held.grow(owner, 63 * MIB, 64 * MIB);
  assert.deepEqual(givenUp, []);
  held.grow('e', 5 * MIB, 64 * MIB);
  assert.deepEqual(givenUp, ['a']);
});
