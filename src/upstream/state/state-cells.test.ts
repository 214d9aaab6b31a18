// The layout of blocks: facts that one block can hold at the same time do not share memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StateCell, TimeCell, WINDOW_BUCKETS } from './state-cells.ts';

const WORDS_PER_TIME = 2;

/** Cells that are more than one word, and more than one time. */
const words: Partial<Record<keyof typeof StateCell, number>> = {
  breakerSuccesses: WINDOW_BUCKETS,
  breakerFailures: WINDOW_BUCKETS,
  budgetRequests: WINDOW_BUCKETS,
  budgetRetries: WINDOW_BUCKETS,
  gateLimit: 6,
};
const times: Partial<Record<keyof typeof TimeCell, number>> = { peakLatency: 2, gateLimit: 5 };

/** Facts of some kinds of blocks only. An upstream and an endpoint share none, but are held to be apart all the same. */
const ofGates = new Set<string>(['gateWake', 'gateWaiters', 'gateLimit']);
const ofCanaries = new Set<string>(['canaryShare']);

function collisions(isInBlock: (name: string) => boolean): string[] {
  const owner = new Map<number, string>();
  const found: string[] = [];
  const take = (name: string, from: number, count: number) => {
    if (!isInBlock(name)) return;
    for (let word = from; word < from + count; word++) {
      const other = owner.get(word);
      if (other !== undefined) found.push(`${name} and ${other} share word ${word}`);
      owner.set(word, name);
    }
  };
  for (const [name, at] of Object.entries(StateCell)) {
    // Because: the entries are those of StateCell.
    take(name, at, name === 'key' ? WORDS_PER_TIME : (words[name as keyof typeof StateCell] ?? 1));
  }
  for (const [name, at] of Object.entries(TimeCell)) {
    // Because: the entries are those of TimeCell.
    take(name, at * WORDS_PER_TIME, (times[name as keyof typeof TimeCell] ?? 1) * WORDS_PER_TIME);
  }
  return found;
}

test('no two facts about an upstream or an endpoint share memory', () => {
  assert.deepEqual(
    collisions(name => !ofGates.has(name) && !ofCanaries.has(name)),
    [],
  );
});

test('no two facts about a gate share memory, and the limits of gates leave the counts of workers alone', () => {
  assert.deepEqual(
    collisions(name => ofGates.has(name) || ['key', 'used', 'inFlight'].includes(name)),
    [],
  );
});
