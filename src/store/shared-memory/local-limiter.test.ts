// Limits in shared memory: bounded, fair to active callers, all or nothing, and steady whatever the clock does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedHash } from '../../base/keyed-hash.ts';
import { type AlgorithmName, algorithms, type LimitRule } from '../limiter/limit-rule.ts';
import { LimitCall } from '../limiter/limiter-store.ts';
import { CellTable, tableBytes } from './cell-table.ts';
import type { LocalLimiter } from './local-limiter.ts';
import { testStore } from './test-memory.fixture.ts';

const hash = new KeyedHash();

function rule(algorithm: AlgorithmName, count: number, perMs: number, burst = count, identity = ''): LimitRule {
  return { identity, algorithm, count, perMs, burst };
}

/** Asks for a caller, which is the same in every limit of the stack unless several are given. */
function asker(limiter: LocalLimiter) {
  const call = new LimitCall(limiter.rules.length);
  const ask = (callers: string | readonly string[], costs: readonly number[] = []): boolean => {
    for (let i = 0; i < limiter.rules.length; i++) {
      const caller = typeof callers === 'string' ? callers : callers[i]!;
      hash.text(limiter.hashKeys[2 * i]!, limiter.hashKeys[2 * i + 1]!, caller);
      call.keys[2 * i] = hash.low;
      call.keys[2 * i + 1] = hash.high;
      call.costs[i] = costs[i] ?? 1;
    }
    return limiter.decide(call);
  };
  return { ask, call };
}

function admitted(times: number, ask: () => boolean): number {
  let count = 0;
  for (let n = 0; n < times; n++) if (ask()) count++;
  return count;
}

for (const algorithm of algorithms) {
  test(`${algorithm}: each caller has a budget of his own, which comes back`, () => {
    const { store, clock } = testStore(1 << 20);
    const { ask, call } = asker(store.open([rule(algorithm, 10, 1_000)]));
    for (const caller of ['a', 'b', 'c'])
      assert.equal(
        admitted(25, () => ask(caller)),
        10,
      );
    assert.equal(call.refusedBy, 0);
    assert.ok(call.waitMs[0]! > 0 && call.waitMs[0]! <= 2_000);
    clock.now += 2_000;
    assert.equal(
      admitted(25, () => ask('a')),
      10,
    );
  });
}

for (const algorithm of algorithms) {
  for (const others of [0, 1]) {
    test(`${algorithm}: what never fits does not take the budget from what fits, however long it is asked for, beside ${others}`, () => {
      const { store, clock } = testStore(1 << 20);
      const { ask } = asker(
        store.open(Array.from({ length: 1 + others }, (_, n) => rule(algorithm, 10, 1_000, 10, `${n}`))),
      );
      const costs = (cost: number) => new Array<number>(1 + others).fill(cost);
      assert.equal(ask('a', costs(10)), true);
      // Longer than half of the range of ticks, of every algorithm.
      for (let n = 0; n < 1_000; n++) {
        clock.now += 500;
        assert.equal(ask('a', costs(11)), false);
      }
      assert.equal(ask('a', costs(10)), true);
    });
  }
}

test('limits together: a refusal by one takes nothing from the others', () => {
  for (const others of [['gcra'], ['fixedWindow'], ['slidingLog', 'gcra', 'tokenBucket']] as AlgorithmName[][]) {
    const { store } = testStore(1 << 20);
    const rules = [rule('gcra', 5, 3_600_000), ...others.map(each => rule(each, 8, 3_600_000))];
    const limiter = store.open(rules);
    const { ask, call } = asker(limiter);
    const at = (caller: string) => rules.map((_, i) => (i === 0 ? caller : 'all'));
    assert.equal(
      admitted(50, () => ask(at('a'))),
      5,
    );
    assert.equal(call.refusedBy, 0);
    assert.equal(call.remaining[1], 3);
    // The units of the shared limit that 'a' was refused are still there for 'b'.
    assert.equal(
      admitted(50, () => ask(at('b'))),
      3,
    );
    assert.equal(call.refusedBy, 1);
    assert.equal(call.remaining[0], 2);
    assert.equal(call.remaining[1], 0);
    // Three units, at five per hour, have to come back.
    assert.ok(Math.abs(call.resetMs[0]! - 3 * 720_000) < 1_000, String(call.resetMs[0]));
  }
});

test('limits together may cost differently, and one caller may be the same in several', () => {
  const { store } = testStore(1 << 20);
  const { ask } = asker(store.open([rule('gcra', 10, 3_600_000), rule('gcra', 100, 3_600_000)]));
  assert.equal(
    admitted(50, () => ask('a', [1, 25])),
    4,
  );
  assert.equal(
    admitted(50, () => ask('a', [1, 1])),
    0,
  );
});

test('limits with other words, rates or algorithms are other budgets', () => {
  const { store } = testStore(1 << 20);
  const rules = [
    rule('gcra', 5, 1_000),
    rule('gcra', 5, 1_000, 5, 'x'),
    rule('gcra', 5, 60_000),
    rule('gcra', 5, 1_000, 4),
  ];
  for (const each of rules)
    assert.equal(
      admitted(20, () => asker(store.open([each])).ask('a')),
      each.burst,
    );
  // The same limit opened again, as after a reload, goes on where it was.
  for (const each of rules)
    assert.equal(
      admitted(20, () => asker(store.open([each])).ask('a')),
      0,
    );
});

test('what an answer costs is charged, owed beyond the burst, and paid back with time', () => {
  for (const algorithm of ['gcra', 'tokenBucket'] as const) {
    const { store, clock } = testStore(1 << 20);
    const limiter = store.open([rule(algorithm, 10, 1_000)]);
    const { ask, call } = asker(limiter);
    assert.ok(ask('a'));
    limiter.charge(call, 0, 29);
    assert.equal(ask('a'), false);
    assert.ok(Math.abs(call.waitMs[0]! - 2_100) < 2, `${call.waitMs[0]}`);
    clock.now += 2_000;
    assert.equal(ask('a'), false);
    clock.now += 101;
    assert.equal(ask('a'), true);
    limiter.charge(call, 0, 1_000_000);
    ask('a');
    assert.ok(call.waitMs[0]! <= 9_200, 'no more than nine bursts are owed');
  }
});

test('a million strangers grow no memory and take nothing from those who are active', () => {
  const bytes = tableBytes(65_536, 1);
  const { store, clock, tables } = testStore(bytes);
  const { ask } = asker(store.open([rule('gcra', 100, 3_600_000)]));
  const active = Array.from({ length: 200 }, (_, n) => `active ${n}`);
  const got = new Map(active.map(caller => [caller, 0]));
  const use = () => {
    for (const caller of active) if (ask(caller)) got.set(caller, got.get(caller)! + 1);
  };
  use();
  clock.now += 1_000;
  use();
  let at = 0;
  for (let n = 0; n < 1_000_000; n++) {
    ask(`stranger ${n}`);
    // 100,000 strangers per second; each active caller asks about every two seconds.
    if (n % 100 === 0) clock.now += 1;
    if (n % 1_000 === 0) for (let i = 0; i < 1; i++) ask(active[at++ % active.length]!);
  }
  use();
  for (let n = 0; n < 200; n++) use();
  // The ten seconds of the attack give back a third of a unit.
  for (const caller of active) assert.ok(got.get(caller)! <= 100, `${caller} got ${got.get(caller)}`);
  assert.ok(active.every(caller => got.get(caller)! >= 90));
  assert.deepEqual(
    [...tables.values()].map(table => table.byteLength),
    [bytes],
  );
});

test('when a set is full the idlest caller makes room', () => {
  const { store, clock } = testStore(tableBytes(16, 1));
  const { ask } = asker(store.open([rule('gcra', 1, 86_400_000)]));
  for (let n = 0; n < 16; n++) {
    assert.ok(ask(`caller ${n}`));
    clock.now += 1_000;
  }
  for (let n = 0; n < 16; n++) if (n !== 5) assert.equal(ask(`caller ${n}`), false);
  clock.now += 1_000;
  assert.ok(ask('one more'));
  for (let n = 0; n < 16; n++) if (n !== 5) assert.equal(ask(`caller ${n}`), false, `caller ${n} was displaced`);
});

test('a million callers are known in less than 64 MiB', () => {
  const bytes = 60 * 1024 * 1024;
  assert.ok(new CellTable(new SharedArrayBuffer(bytes), 1).cellCount > 3_000_000);
  const { store } = testStore(bytes);
  const { ask } = asker(store.open([rule('gcra', 1, 86_400_000)]));
  for (let n = 0; n < 1_000_000; n++) ask(`caller ${n}`);
  let forgotten = 0;
  for (let n = 0; n < 1_000_000; n++) if (ask(`caller ${n}`)) forgotten++;
  assert.ok(forgotten <= 20, `${forgotten} of a million were forgotten`);
});

test('a caller who comes back after any time finds his budget whole, and never more', () => {
  for (const algorithm of algorithms) {
    const { store, clock } = testStore(1 << 20);
    const { ask } = asker(store.open([rule(algorithm, 4, 1_000)]));
    clock.now += 12_345;
    for (const hours of [0.001, 0.3, 1, 5, 7.5, 12, 24, 60, 24 * 40]) {
      assert.equal(
        admitted(20, () => ask('a')),
        4,
        `${algorithm} after ${hours} hours`,
      );
      clock.now += hours * 3_600_000;
    }
  }
});

test('a clock that steps back gives nothing away, and locks nobody out for long', () => {
  for (const algorithm of algorithms) {
    const { store, clock } = testStore(1 << 20);
    const { ask } = asker(store.open([rule(algorithm, 4, 1_000)]));
    clock.now += 10 * 3_600_000;
    assert.equal(
      admitted(20, () => ask('a')),
      4,
    );
    clock.now -= 5_000;
    assert.equal(
      admitted(20, () => ask('a')),
      0,
      algorithm,
    );
    clock.now -= 3_600_000;
    assert.equal(
      admitted(20, () => ask('a')),
      4,
      algorithm,
    );
    assert.equal(
      admitted(20, () => ask('a')),
      0,
      algorithm,
    );
  }
});

test('a lock whose holder died is taken over', () => {
  const { store, tables } = testStore(tableBytes(16, 2));
  const { ask } = asker(store.open([rule('fixedWindow', 5, 3_600_000)]));
  assert.ok(ask('a'));
  const table = new CellTable([...tables.values()][0]!, 2);
  table.words[table.lockOf(1)] = 0x7777_0001;
  assert.equal(
    admitted(20, () => ask('a')),
    4,
  );
});
