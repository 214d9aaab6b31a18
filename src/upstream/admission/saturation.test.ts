// Checks the promises about overload with exact figures: the real gates in a simulation in virtual time. The same with real sockets and the
// noise of a machine is in test/e2e/saturation and test/chaos.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Random } from '../../base/random.ts';
import { AdmissionSimulation, p99, type RouteOutcome, type SimulatedRoute } from './admission-simulation.fixture.ts';
import type { GateSpec } from './gate.ts';

const AT_ONCE = 16;
const SERVICE_MS = 100;
const CAPACITY = (AT_ONCE * 1_000) / SERVICE_MS;

const services: Readonly<Record<string, (random: Random) => number>> = {
  'always the same': () => SERVICE_MS,
  'even from half to one and a half': random => SERVICE_MS * (0.5 + random.unit()),
  exponential: random => -SERVICE_MS * Math.log(1 - random.unit()),
};

/** As the guide recommends: a limit a little above what the backend works on at once, and a short queue. */
const limited: GateSpec = { limit: AT_ONCE + 6, adaptive: null, queueMax: 8, queueTimeoutMs: 200 };
const adaptive: GateSpec = { limit: 0, adaptive: { min: 4, max: 1_000 }, queueMax: 0, queueTimeoutMs: 0 };

function simulate(t: TestContext, workers: number, seed: number, routes: readonly SimulatedRoute[], warmUpMs = 2_000) {
  const simulation = new AdmissionSimulation(workers, seed);
  const { waitAsync, notify } = simulation.atomics;
  const mocked = [t.mock.method(Atomics, 'waitAsync', waitAsync), t.mock.method(Atomics, 'notify', notify)];
  try {
    return simulation.run(routes, warmUpMs + 20_000, warmUpMs);
  } finally {
    for (const each of mocked) each.mock.restore();
  }
}

function crowd(gate: GateSpec | null, times: number, serviceMs: (random: Random) => number): SimulatedRoute {
  return { gate, backend: { atOnce: AT_ONCE, serviceMs }, perSecond: times * CAPACITY };
}

interface Worst {
  goodput: number;
  slower: number;
}

function judge(calm: RouteOutcome, busy: RouteOutcome, worst: Worst): void {
  worst.goodput = Math.min(worst.goodput, busy.donePerSecond / CAPACITY);
  worst.slower = Math.max(worst.slower, p99(busy.latencies) / p99(calm.latencies));
}

for (const [service, serviceMs] of Object.entries(services)) {
  test(`three times the capacity, service ${service}: a limit with a short queue keeps all that is promised`, t => {
    const worst = { goodput: Infinity, slower: 0 };
    for (const workers of [1, 2, 4]) {
      for (let seed = 1; seed <= 4; seed++) {
        const [calm] = simulate(t, workers, seed, [crowd(limited, 0.3, serviceMs)]);
        const [busy] = simulate(t, workers, seed, [crowd(limited, 3, serviceMs)]);
        judge(calm!, busy!, worst);
        assert.ok(busy!.mostInFlight <= limited.limit);
        assert.ok(busy!.longestAtBackend <= limited.limit - AT_ONCE);
        assert.ok(busy!.mostWaiting <= workers * Math.ceil(limited.queueMax / workers));
        assert.equal(calm!.refused, 0);
      }
    }
    t.diagnostic(
      `worst of 12 runs: goodput ${worst.goodput.toFixed(3)} of capacity, p99 ${worst.slower.toFixed(2)} times calm`,
    );
    assert.ok(worst.goodput > 0.9 && worst.slower < 3, JSON.stringify(worst));
  });

  test(`three times the capacity, service ${service}: the limit that adapts keeps it as well, once it has found it`, t => {
    const worst = { goodput: Infinity, slower: 0 };
    for (const workers of [1, 4]) {
      for (let seed = 1; seed <= 3; seed++) {
        const [calm] = simulate(t, workers, seed, [crowd(adaptive, 0.3, serviceMs)], 10_000);
        const [busy] = simulate(t, workers, seed, [crowd(adaptive, 3, serviceMs)], 10_000);
        judge(calm!, busy!, worst);
      }
    }
    t.diagnostic(
      `worst of 6 runs: goodput ${worst.goodput.toFixed(3)} of capacity, p99 ${worst.slower.toFixed(2)} times calm`,
    );
    assert.ok(worst.goodput > 0.9 && worst.slower < 3, JSON.stringify(worst));
  });
}

test('however much comes, it is the same; without a limit nobody is served in time', t => {
  const serviceMs = services['even from half to one and a half']!;
  const [calm] = simulate(t, 2, 7, [crowd(limited, 0.3, serviceMs)]);
  for (const times of [1.2, 2, 10, 30]) {
    const [busy] = simulate(t, 2, 7, [crowd(limited, times, serviceMs)]);
    assert.ok(busy!.donePerSecond > 0.9 * CAPACITY, `${times}: ${busy!.donePerSecond}`);
    assert.ok(p99(busy!.latencies) < 3 * p99(calm!.latencies), `${times}: ${p99(busy!.latencies)}`);
  }
  const [open] = simulate(t, 2, 7, [crowd(null, 3, serviceMs)]);
  assert.ok(p99(open!.latencies) > 20 * p99(calm!.latencies));
  assert.ok(open!.longestAtBackend > 1_000);
});

test('a frozen backend behind one route leaves the p99 of another within 1.1 times, whatever waits and is refused there', t => {
  const serviceMs = services['even from half to one and a half']!;
  let worst = 0;
  for (const gate of [limited, { ...limited, queueMax: 400, queueTimeoutMs: 1_000 }, adaptive]) {
    for (const workers of [1, 2, 4]) {
      for (let seed = 1; seed <= 3; seed++) {
        const [calm, frozen] = [undefined, 2_000].map(frozenAtMs => {
          const stuck = { gate, backend: { atOnce: AT_ONCE, serviceMs, frozenAtMs }, perSecond: 2_000 };
          const quick = { gate: limited, backend: { atOnce: AT_ONCE, serviceMs: () => 2 }, perSecond: 1_000 };
          return simulate(t, workers, seed, [stuck, quick]);
        });
        assert.ok(frozen![0]!.latencies.length === 0 && calm![0]!.latencies.length > 1_000);
        assert.equal(frozen![1]!.refused, 0);
        worst = Math.max(worst, p99(frozen![1]!.latencies) / p99(calm![1]!.latencies));
      }
    }
  }
  t.diagnostic(`worst of 27 pairs: p99 frozen ${worst.toFixed(3)} times p99 calm`);
  assert.ok(worst <= 1.1, `${worst}`);
});
