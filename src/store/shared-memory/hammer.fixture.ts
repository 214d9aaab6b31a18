// A worker that asks for the same callers as fast as it can, beside other such workers. For tests.

import { parentPort, workerData } from 'node:worker_threads';
import { KeyedHash } from '../../base/keyed-hash.ts';
import type { LimitRule } from '../limiter/limit-rule.ts';
import { LimitCall } from '../limiter/limiter-store.ts';
import { testStore } from './test-memory.fixture.ts';

export interface HammerOrder {
  readonly bytes: number;
  readonly tables: Map<string, SharedArrayBuffer>;
  readonly rules: readonly LimitRule[];
  /** The caller for which the worker asks, by limit. */
  readonly callers: readonly string[];
  readonly calls: number;
  /** Counts the workers that are ready; all begin when the count reaches `workers`. */
  readonly gate: Int32Array;
  readonly workers: number;
}

// Because: the test that starts this worker passes it an order.
const { bytes, tables, rules, callers, calls, gate, workers } = workerData as HammerOrder;
const { store, clock } = testStore(bytes, tables);
const limiter = store.open(rules);
const hash = new KeyedHash();
const call = new LimitCall(rules.length);
for (const [i, caller] of callers.entries()) {
  hash.text(limiter.hashKeys[2 * i]!, limiter.hashKeys[2 * i + 1]!, caller);
  call.keys[2 * i] = hash.low;
  call.keys[2 * i + 1] = hash.high;
}
Atomics.add(gate, 0, 1);
Atomics.notify(gate, 0);
for (let there = Atomics.load(gate, 0); there < workers; there = Atomics.load(gate, 0))
  Atomics.wait(gate, 0, there, 1_000);
let admitted = 0;
for (let n = 0; n < calls; n++) {
  if (n % 64 === 0) clock.now = performance.now();
  if (limiter.decide(call)) admitted++;
}
parentPort!.postMessage(admitted);
