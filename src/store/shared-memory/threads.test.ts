// Threads that ask for one caller at the same time: together they get exactly what the limit says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { AlgorithmName, LimitRule } from '../limiter/limit-rule.ts';
import type { HammerOrder } from './hammer.fixture.ts';
import { testStore } from './test-memory.fixture.ts';

const THREADS = 4;
const CALLS = 100_000;
const BYTES = 1 << 20;
const program = fileURLToPath(new URL('hammer.fixture.ts', import.meta.url));

/** How many calls of each thread were admitted; `callersOf` names the caller of a thread in each limit. */
async function hammer(
  rules: readonly LimitRule[],
  callersOf: (thread: number) => readonly string[],
): Promise<number[]> {
  const { store, tables } = testStore(BYTES);
  store.open(rules);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const order = { bytes: BYTES, tables, rules, calls: CALLS, gate, workers: THREADS };
  return Promise.all(
    Array.from({ length: THREADS }, (_, thread) => {
      const workerData: HammerOrder = { ...order, callers: callersOf(thread) };
      const worker = new Worker(program, { workerData });
      return new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    }),
  );
}

const day = 86_400_000;
const rule = (algorithm: AlgorithmName, count: number, identity = ''): LimitRule => ({
  identity,
  algorithm,
  count,
  perMs: day,
  burst: count,
});
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** So many that threads meet throughout: a caller that is only being refused changes nothing and races nobody. A log has room for fewer. */
const many = 200_001;
for (const [algorithm, count] of [
  ['gcra', many],
  ['tokenBucket', many],
  ['fixedWindow', many],
  ['slidingWindow', many],
  ['slidingLog', 9_999],
] as const) {
  test(`${algorithm}: ${THREADS} threads get exactly the limit`, async () => {
    // A month's window gives back less than a unit in the seconds that this test takes.
    assert.equal(sum(await hammer([{ ...rule(algorithm, count), perMs: 31 * day }], () => ['one'])), count);
  });
}

test('gcra: what comes back while threads ask is given out once', async () => {
  const perSecond: LimitRule = { identity: '', algorithm: 'gcra', count: 2_000, perMs: 1_000, burst: 100 };
  const startedAt = performance.now();
  const total = sum(await hammer([perSecond], () => ['one']));
  const most = 100 + (2_000 * (performance.now() - startedAt)) / 1_000;
  assert.ok(total > 100 && total <= most, `${total} of at most ${most}`);
});

test('limits together: each is kept exactly, and the refused take nothing', async () => {
  // Threads 0 and 1 are one caller, each other thread is another; all share the second and third limits.
  const rules = [rule('gcra', 500, 'each'), rule('fixedWindow', 1_300, 'all'), rule('gcra', 9_000, 'far')];
  const got = await hammer(rules, thread => [`caller ${thread >> 1 === 0 ? 0 : thread}`, 'all', 'all']);
  assert.equal(sum(got), 1_300);
  assert.ok(got[0]! + got[1]! <= 500 && got[2]! <= 500 && got[3]! <= 500, got.join(' '));
});
