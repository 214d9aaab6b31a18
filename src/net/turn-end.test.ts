// The end of a turn: each task is called once, in order; a task that is added during the calls waits for the next turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TurnEnd } from './turn-end.ts';

test('tasks are called once, in order, and not before the turn is over', async () => {
  const end = new TurnEnd();
  const calls: string[] = [];
  for (const name of ['a', 'b', 'a']) end.add({ onTurnEnd: () => void calls.push(name) });
  await Promise.resolve();
  assert.deepEqual(calls, []);
  await nextTurn();
  assert.deepEqual(calls, ['a', 'b', 'a']);
  await nextTurn();
  assert.equal(calls.length, 3);
});

test('who asks during the calls is called in the next turn, and that as often as it asks', async () => {
  const end = new TurnEnd();
  let calls = 0;
  const task = {
    onTurnEnd(): void {
      if (++calls < 4) end.add(task);
    },
  };
  end.add(task);
  for (let turn = 1; turn <= 4; turn++) {
    await nextTurn();
    assert.equal(calls, turn);
  }
  await nextTurn();
  assert.equal(calls, 4);
});
