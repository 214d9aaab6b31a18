// Blocks are found by name on every thread, outlive their users, and are given away only when nobody uses them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inFlightOfAll, SharedStates, stateMemory } from './shared-states.ts';
import { StateCell } from './state-cells.ts';

test('one name is one block for all threads, another name another', () => {
  const memory = stateMemory(2);
  const [first, second, supervisor] = [0, 1, -1].map(slot => new SharedStates(memory, slot));
  const names = Array.from({ length: 500 }, (_, n) => `endpoint users http://10.0.0.${n}:80`);
  const places = names.map(name => first!.claim(name, 0).at);
  assert.equal(new Set(places).size, names.length);
  for (const states of [second!, supervisor!]) {
    assert.deepEqual(
      names.toReversed().map(name => states.claim(name, 0).at),
      places.toReversed(),
    );
  }
  const block = first!.claim(names[7]!, 0);
  block.words[block.at + StateCell.health] = 2;
  assert.equal(second!.claim(names[7]!, 0).words[block.at + StateCell.health], 2);
});

test('requests under way are added up over workers; one that takes a dead one’s place begins at zero', () => {
  const memory = stateMemory(3);
  const blocks = [0, 1, 2].map(slot => new SharedStates(memory, slot).claim('upstream users', 0));
  for (const [index, { words, ownInFlightAt }] of blocks.entries()) words[ownInFlightAt] = index + 1;
  assert.equal(inFlightOfAll(blocks[0]!), 6);
  const successor = new SharedStates(memory, 1).claim('upstream users', 0);
  assert.equal(inFlightOfAll(successor), 4);
  // The supervisor reads the counts without adding any.
  assert.equal(inFlightOfAll(new SharedStates(memory, -1).claim('upstream users', 0)), 4);
});

test('when there is no room, names that nobody has kept give way, and kept ones never do', () => {
  const memory = stateMemory(1);
  const states = new SharedStates(memory, 0);
  const kept = new Set(Array.from({ length: 300 }, (_, n) => `upstream kept-${n}`));
  const places = new Map(Array.from(kept, name => [name, states.claim(name, 0).at]));
  for (let n = 0; n < 20_000; n++) states.claim(`upstream old-${n}`, 0);
  states.keep(kept, 200_000);
  const later = new SharedStates(memory, 0);
  let alone = 0;
  for (let n = 0; n < 2_000; n++) {
    const block = later.claim(`upstream new-${n}`, 200_001);
    if (block.at === 0) alone++;
    else assert.equal(block.words[block.at + StateCell.health], 0);
  }
  assert.equal(alone, 0);
  const again = new SharedStates(memory, 0);
  for (const [name, at] of places) assert.equal(again.claim(name, 200_002).at, at, name);
});

test('a name that was out of use so long that its block was given away gets another', () => {
  const memory = stateMemory(1);
  const states = new SharedStates(memory, 0);
  const before = states.claim('upstream users', 0);
  const key = before.words[before.at];
  for (let n = 0; n < 20_000; n++) new SharedStates(memory, 0).claim(`upstream new-${n}`, 200_000);
  assert.notEqual(before.words[before.at], key, 'it was given away');
  const other = states.claim('upstream users', 400_000);
  assert.equal(other.words[other.at], key);
  assert.equal(new SharedStates(memory, 0).claim('upstream users', 400_000).at, other.at);
});

test('a block that requests are still counted in is given to nobody, however long its name is out of use', () => {
  const memory = stateMemory(2);
  const worker = new SharedStates(memory, 1);
  const { words, at, ownInFlightAt } = worker.claim('endpoint gone http://10.0.0.1:80', 0);
  const key = words[at];
  words[ownInFlightAt] = 1;
  for (let n = 0; n < 20_000; n++) new SharedStates(memory, 0).claim(`upstream new-${n}`, 200_000);
  assert.equal(words[at], key);
  // A tunnel ends, hours after its endpoint was removed.
  words[ownInFlightAt] = 0;
  for (let n = 0; n < 20_000; n++) new SharedStates(memory, 0).claim(`upstream newer-${n}`, 400_000);
  assert.notEqual(words[at], key);
});

test('what a worker that died had under way counts no longer, under whichever name', () => {
  const memory = stateMemory(2);
  const [first, second] = [0, 1].map(slot => new SharedStates(memory, slot));
  const blocks = ['upstream a', 'endpoint a http://10.0.0.1:80'].map(name => {
    const block = second!.claim(name, 0);
    block.words[block.ownInFlightAt] = 3;
    const own = first!.claim(name, 0);
    own.words[own.ownInFlightAt] = 1;
    return own;
  });
  new SharedStates(memory, -1).workerEnded(1);
  assert.deepEqual(blocks.map(inFlightOfAll), [1, 1]);
});

test('a full table gives blocks of the thread’s own: nothing fails', () => {
  const states = new SharedStates(stateMemory(1), 0);
  const blocks = Array.from({ length: 9_000 }, (_, n) => states.claim(`upstream u${n}`, 0));
  assert.ok(blocks.some(({ at }) => at === 0));
  const block = new SharedStates(null, 5).claim('upstream users', 0);
  block.words[block.ownInFlightAt]!++;
  assert.equal(inFlightOfAll(block), 1);
});

test('a worker forgets endpoints that are out of use for long, but for those with a request of its own', () => {
  const memory = stateMemory(1);
  const [worker, supervisor] = [0, -1].map(slot => new SharedStates(memory, slot));
  const kept = 'endpoint users http://10.0.0.1:80';
  const busy = 'endpoint users http://10.0.0.2:80';
  const [keptBlock, busyBlock] = [kept, busy].map(key => worker!.claim(key, 0));
  busyBlock!.words[busyBlock!.ownInFlightAt] = 1;
  supervisor!.claim(kept, 0);
  // Ten other endpoints every minute, for a week.
  for (let minute = 1; minute < 7 * 1_440; minute++) {
    const now = minute * 60_000;
    supervisor!.keep(new Set([kept]), now);
    for (let n = 0; n < 10; n++) worker!.claim(`endpoint users http://10.1.${minute}.${n}:80`, now);
  }
  assert.ok(worker!.names <= 300, `${worker!.names} names`);
  assert.equal(worker!.claim(kept, 0), keptBlock);
  assert.equal(worker!.claim(busy, 0), busyBlock);
});
