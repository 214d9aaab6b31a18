// The same upstream on two workers, over one table of shared memory: each worker's balancer sees the requests of the other. And endpoints
// that come and go: those that stay are kept as the same objects.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineLimits } from '../../test/support/engine-limits.ts';
import { outlierSpec } from '../../test/support/resilience-settings.ts';
import { upstreamSpec } from '../../test/support/upstream-spec.ts';
import { ThreadIo } from '../net/io.ts';
import type { Endpoint, EndpointSpec } from './endpoint.ts';
import { SharedStates, stateMemory } from './state/shared-states.ts';
import { TimeCell } from './state/state-cells.ts';
import { type EndpointSource, Upstream, type UpstreamContext, type UpstreamSpec } from './upstream.ts';

function place(address: string, weight = 1, zone = ''): EndpointSpec {
  return { url: `http://${address}:80`, tls: false, host: address, port: 80, weight, zone };
}

function specOf(balance: UpstreamSpec['balance'], changes: Partial<UpstreamSpec> = {}): UpstreamSpec {
  const endpoints = [place('10.0.0.1', 1, 'here'), place('10.0.0.2', 1, 'there')];
  return upstreamSpec([], { name: 'users', endpoints, balance, ...changes });
}

function contextOf(memory: SharedArrayBuffer, slot: number, zone = ''): UpstreamContext {
  const states = new SharedStates(memory, slot);
  return { io: new ThreadIo(), headLimits: engineLimits, cells: new Float64Array(500), states, zone };
}

describe('an upstream on two workers', () => {
  for (const balance of ['p2c', 'leastRequest', 'peakEwma'] as const) {
    test(`${balance} sees what the other worker has under way`, () => {
      const memory = stateMemory(2);
      const [one, two] = [0, 1].map(slot => new Upstream(specOf(balance), 0, null, contextOf(memory, slot)));
      const busy = one!.endpoints[0]!;
      for (let i = 0; i < 5; i++) busy.began();
      assert.equal(two!.endpoints[0]!.inFlight, 5);
      for (let i = 0; i < 50; i++) assert.equal(two!.pick(0, null)!.key, 'http://10.0.0.2:80');
      for (let i = 0; i < 5; i++) busy.ended();
      const picked = new Set(Array.from({ length: 50 }, () => two!.pick(0, null)!.key));
      assert.equal(picked.size, 2);
    });
  }

  test('the own zone is preferred', () => {
    const memory = stateMemory(1);
    const upstream = new Upstream(specOf('p2c'), 0, null, contextOf(memory, 0, 'there'));
    for (let i = 0; i < 50; i++) assert.equal(upstream.pick(0, null)!.key, 'http://10.0.0.2:80');
    upstream.endpoints[1]!.available = false;
    assert.equal(upstream.pick(0, null)!.key, 'http://10.0.0.1:80');
  });
});

class TestSource implements EndpointSource {
  now: readonly EndpointSpec[];
  listeners = new Set<(endpoints: readonly EndpointSpec[]) => void>();
  nudges = 0;
  constructor(now: readonly EndpointSpec[]) {
    this.now = now;
  }
  onChange(listener: (endpoints: readonly EndpointSpec[]) => void) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  nudge() {
    this.nudges++;
  }
  become(now: readonly EndpointSpec[]) {
    this.now = now;
    for (const listener of this.listeners) listener(now);
  }
}

describe('endpoints that come and go', () => {
  const made = (changes: Partial<UpstreamSpec> = {}) => {
    const source = new TestSource([place('10.0.0.1'), place('10.0.0.2')]);
    const context = contextOf(stateMemory(1), 0);
    return { source, upstream: new Upstream(specOf('roundRobin', changes), 0, null, context, source) };
  };
  const keys = (upstream: Upstream) => upstream.endpoints.map(({ key }) => new URL(key).hostname);

  test('who stays is the same object with what is under way; a new weight counts', () => {
    const { source, upstream } = made();
    const [, stays] = upstream.endpoints;
    stays!.began();
    source.become([place('10.0.0.2', 3), place('10.0.0.3')]);
    assert.deepEqual(keys(upstream), ['10.0.0.2', '10.0.0.3']);
    assert.equal(upstream.endpoints[0], stays);
    assert.equal(stays!.inFlight, 1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 40; i++) {
      const { key } = upstream.pick(0, null)!;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.deepEqual([...counts.values()].toSorted(), [10, 30]);
  });

  test('nothing found is nothing to pick, and something found is picked again', () => {
    const { source, upstream } = made();
    source.become([]);
    assert.equal(upstream.pick(0, null), undefined);
    source.become([place('10.0.0.9')]);
    assert.equal(upstream.pick(0, null)!.key, 'http://10.0.0.9:80');
  });

  test('clients that stick follow the change: who is gone is not found by its word', () => {
    const { source, upstream } = made({ affinity: { cookie: 'c', ttlMs: 0, secret: 's' } });
    const words = upstream.endpoints.map(each => /^c=([^;]+)/.exec(upstream.affinity!.cookieFor(each, false))![1]!);
    assert.deepEqual(
      words.map(word => upstream.affinity!.byToken(word)?.key),
      upstream.endpoints.map(({ key }) => key),
    );
    source.become([place('10.0.0.2')]);
    assert.equal(upstream.affinity!.byToken(words[0]!), undefined);
    assert.equal(upstream.affinity!.byToken(words[1]!)?.key, 'http://10.0.0.2:80');
  });

  test('an endpoint becomes a backup and stops being one; clients stick to it only while no other may be used', () => {
    const { source, upstream } = made();
    const [one, two] = upstream.endpoints;
    assert.deepEqual([upstream.usesBackups, upstream.mayUse(two!)], [false, true]);
    source.become([place('10.0.0.1'), { ...place('10.0.0.2'), backup: true }]);
    assert.equal(upstream.endpoints[1], two);
    for (let n = 0; n < 4; n++) assert.equal(upstream.pick(0, null), one);
    assert.deepEqual([upstream.usesBackups, upstream.mayUse(two!)], [false, false]);
    one!.available = false;
    assert.equal(upstream.pick(0, null), two);
    assert.deepEqual([upstream.usesBackups, upstream.mayUse(two!)], [true, true]);
    source.become([place('10.0.0.1', 0), place('10.0.0.2')]);
    assert.deepEqual([upstream.usesBackups, upstream.mayUse(two!)], [false, true]);
  });

  test('while an only endpoint that came back takes its turns little by little, its backup takes the others', () => {
    const { source, upstream } = made({ outlier: outlierSpec(), slowStartMs: 1e9 });
    source.become([place('10.0.0.1'), { ...place('10.0.0.2'), backup: true }]);
    const [{ block }, backup] = upstream.endpoints as [Endpoint, Endpoint];
    block.times[block.timesAt + TimeCell.recoveredAt] = 1;
    const picked = Array.from({ length: 100 }, () => upstream.pick(0, null));
    assert.ok(picked.filter(each => each === backup).length > 50);
  });

  test('a retired one listens no more; its successor has taken over the pools', () => {
    const { source, upstream } = made();
    const next = new Upstream(specOf('p2c'), 0, upstream, contextOf(stateMemory(1), 0), source);
    assert.equal(next.endpoints[0]!.pool, upstream.endpoints[0]!.pool);
    upstream.retire(next);
    source.become([place('10.0.0.1')]);
    assert.equal(upstream.endpoints.length, 2);
    assert.equal(next.endpoints.length, 1);
    assert.equal(source.listeners.size, 1);
  });

  test('another name for the same address has a pool of its own, since TLS goes by the name', () => {
    const { source, upstream } = made();
    const [one, two] = upstream.endpoints;
    const renamed = [{ ...place('10.0.0.1'), host: 'new.test' }, place('10.0.0.2')];
    const next = new Upstream(specOf('p2c'), 0, upstream, contextOf(stateMemory(1), 0), new TestSource(renamed))
      .endpoints;
    assert.notEqual(next[0]!.pool, one!.pool);
    assert.equal(next[1]!.pool, two!.pool);
    source.become(renamed);
    assert.deepEqual(keys(upstream), ['10.0.0.1', '10.0.0.2']);
    assert.equal(upstream.endpoints[0]!.authority, 'new.test');
    assert.notEqual(upstream.endpoints[0]!.pool, one!.pool);
    assert.equal(upstream.endpoints[1], two);
  });

  test('however many connections fail, the source is asked to look again once a second', () => {
    const { source, upstream } = made();
    for (let now = 0; now < 3_000; now += 10) upstream.lookAgain(now);
    assert.equal(source.nudges, 3);
  });
});
