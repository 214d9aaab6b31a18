// Gateways that agree on a canary through a store, in virtual time and with a simulated store: in whatever order they look, read, write,
// restart and lose responses, no gateway goes back or begins again, and what was rolled back stays so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeptRecord } from '../../store/records/record-book.ts';
import { recordVersion, VersionCell } from '../../telemetry/canary-cells.ts';
import { CanaryAgreement, type CanaryWrite } from './canary-agreement.ts';
import type { CanarySpec, CanaryState, Decision } from './canary-state.ts';
import { readStored } from './stored-canary.ts';
import { readCounts } from './version-counts.ts';

const spec: CanarySpec = {
  steps: [0.1, 0.5, 1].map(share => ({ share, forMs: 1_000 })),
  errorRate: 0.01,
  p99Factor: 1.5,
  minimum: 10,
};
const CALENDAR_MS = 1_700_000_000_000;
const CANARY_AT = 100;

class Gateway {
  agreement = new CanaryAgreement(spec);
  told: (Decision | 'taken over')[] = [];
  private cells = new Float64Array(200);
  private read: KeptRecord | null | undefined;

  requests(count: number, canaryFails: boolean): void {
    for (let n = 0; n < count; n++) {
      recordVersion(this.cells, 0, false, 20);
      recordVersion(this.cells, CANARY_AT, canaryFails, 20);
    }
  }

  looks(nowMs: number): void {
    const decision = this.agreement.look(this.look(nowMs));
    if (decision !== null) this.told.push(decision);
  }

  reads(record: KeptRecord | null, nowMs: number): void {
    this.read = record;
    if (record === null) this.agreement.foundNoRecord(this.look(nowMs));
    else if (this.agreement.foundRecord(record, this.look(nowMs), CALENDAR_MS)) this.told.push('taken over');
  }

  /** The record that this gateway wants to write after it has read. */
  get write(): CanaryWrite | null {
    return this.read === undefined ? null : this.agreement.toWrite(CALENDAR_MS);
  }

  wrote(write: CanaryWrite | null): void {
    if (write === null) this.agreement.writeRefused();
    else {
      const decision = this.agreement.written(write);
      if (decision !== null) this.told.push(decision);
    }
  }

  restarts(): void {
    this.agreement = new CanaryAgreement(spec);
    this.cells = new Float64Array(200);
    this.read = undefined;
    this.told = [];
  }

  private look(nowMs: number) {
    const slabs = [this.cells];
    return { nowMs, stable: readCounts(slabs, 0), canary: readCounts(slabs, CANARY_AT + VersionCell.ok) };
  }
}

/** Orders the states by progress; a rollback is the end. */
function rank({ phase, step }: Pick<CanaryState, 'phase' | 'step'>): number {
  return { baseline: 0, step: 1 + step, promoted: 50, rolledBack: 99 }[phase];
}

class World {
  readonly gateways = [new Gateway(), new Gateway(), new Gateway()];
  record: KeptRecord | null = null;
  nowMs = 5_000;
  private highest = -1;

  /** `isLost`: the record is stored, but the gateway gets no response to its write. */
  sync(gateway: Gateway, isLost: boolean): void {
    gateway.reads(this.record, this.nowMs);
    this.writes(gateway, isLost);
  }

  writes(gateway: Gateway, isLost: boolean): void {
    const { write } = gateway;
    if (write === null) return;
    const fits = (this.record?.version ?? 0) === write.before;
    if (fits) this.record = { version: write.before + 1, text: write.text };
    if (!isLost) gateway.wrote(fits ? write : null);
    this.check();
  }

  get kept() {
    return this.record === null ? null : readStored(this.record.text, spec);
  }

  private check(): void {
    const { kept } = this;
    if (kept === null) return;
    assert.ok(rank(kept) >= this.highest, `${kept.phase} ${kept.step} after ${this.highest}`);
    this.highest = rank(kept);
  }
}

const which = fc.nat({ max: 2 });
const action = fc.oneof(
  fc.record({ kind: fc.constant('requests' as const), which, count: fc.nat({ max: 40 }), fails: fc.boolean() }),
  fc.record({ kind: fc.constant('look' as const), which, ms: fc.nat({ max: 1_500 }) }),
  fc.record({ kind: fc.constant('read' as const), which }),
  fc.record({ kind: fc.constant('write' as const), which, isLost: fc.boolean() }),
  fc.record({ kind: fc.constant('sync' as const), which, isLost: fc.constant(false) }),
  fc.record({ kind: fc.constant('restart' as const), which }),
);

test('whatever happens: no gateway falls behind what was kept, none begins anew, and a rollback is the end for all', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: 'max' }), actions => {
      const world = new World();
      for (const each of actions) {
        const gateway = world.gateways[each.which]!;
        const before = gateway.agreement.state;
        if (each.kind === 'requests') gateway.requests(each.count, each.fails);
        else if (each.kind === 'look') {
          world.nowMs += each.ms;
          gateway.looks(world.nowMs);
        } else if (each.kind === 'read') gateway.reads(world.record, world.nowMs);
        else if (each.kind === 'write') world.writes(gateway, each.isLost);
        else if (each.kind === 'sync') world.sync(gateway, each.isLost);
        else gateway.restarts();
        const { state } = gateway.agreement;
        // After a restart the state is not known until the store is read, and then nobody gets the canary.
        if (each.kind === 'restart') assert.equal(state, null);
        else if (before !== null) assert.ok(rank(state!) >= rank(before));
      }
      const started = world.gateways.flatMap(({ told }) =>
        told.filter(each => each !== 'taken over' && each.kind === 'started'),
      );
      assert.ok(started.length <= 1);
      // When every gateway has read and written twice, all agree.
      for (let turn = 0; turn < 2; turn++) for (const gateway of world.gateways) world.sync(gateway, false);
      const { kept } = world;
      for (const { agreement } of world.gateways) {
        assert.deepEqual([agreement.state?.phase, agreement.state?.step], [kept?.phase, kept?.step]);
        assert.deepEqual(agreement.decisions, kept?.decisions);
      }
    }),
    { numRuns: 300 },
  );
});

test('one gateway’s requests take all of them through the steps; one that comes later goes on where they are', () => {
  const world = new World();
  const [first, second, third] = world.gateways as [Gateway, Gateway, Gateway];
  for (const gateway of [first, second]) world.sync(gateway, false);
  for (let step = 0; step < 2; step++) {
    world.nowMs += 1_001;
    first.requests(20, false);
    for (const gateway of [first, second]) gateway.looks(world.nowMs);
    for (const gateway of [first, second]) world.sync(gateway, false);
    for (const { agreement } of [first, second]) assert.equal(agreement.state?.step, step + 1);
  }
  world.sync(third, false);
  assert.deepEqual([third.agreement.state?.phase, third.agreement.state?.step], ['step', 2]);
  assert.equal(third.agreement.state?.since, second.agreement.state?.since);
  // A rollback by one gateway holds for all; there it holds even before the store is written.
  third.requests(20, true);
  third.looks(world.nowMs);
  assert.equal(third.agreement.state?.phase, 'rolledBack');
  for (const gateway of [third, first, second]) world.sync(gateway, false);
  for (const { agreement } of world.gateways) assert.equal(agreement.state?.phase, 'rolledBack');
  first.restarts();
  world.sync(first, false);
  assert.equal(first.agreement.state?.phase, 'rolledBack');
  assert.deepEqual(
    first.agreement.decisions.map(({ kind }) => kind),
    ['started', 'step', 'step', 'rolledBack'],
  );
});

test('what a store holds that is no canary’s is nothing to go on from', () => {
  for (const text of [
    '',
    '{}',
    '{"phase":"step"}',
    '{"phase":"gone","step":0,"since":1,"stable":null,"decisions":[]}',
  ]) {
    assert.equal(readStored(text, spec), null, text);
    const agreement = new CanaryAgreement(spec);
    const gateway = new Gateway();
    gateway.agreement = agreement;
    gateway.reads({ version: 7, text }, 0);
    assert.equal(agreement.state, null);
    assert.equal(gateway.write?.before, 7);
  }
  const steps = '{"phase":"step","step":3,"since":1,"stable":null,"decisions":[]}';
  assert.equal(readStored(steps, spec), null);
});
