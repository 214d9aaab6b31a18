// Nanoseconds that the guards of an upstream add to a request that succeeds: `node bench/micro/guards.ts`. Makes all calls that a request
// makes to the guards, in their order. bench/scenarios/resilience.ts measures what they add to a whole request, on a quiet machine.

import { ThreadIo } from '../../src/net/io.ts';
import { blockKinds } from '../../src/telemetry/metric-families.ts';
import type { Gate, GateWaiter } from '../../src/upstream/admission/gate.ts';
import { NO_PASS } from '../../src/upstream/guard.ts';
import { SharedStates, stateMemory } from '../../src/upstream/state/shared-states.ts';
import { Upstream, type UpstreamSpec } from '../../src/upstream/upstream.ts';
import { engineLimits } from '../../test/support/engine-limits.ts';
import { breakerSpec, outlierSpec, retrySpec } from '../../test/support/resilience-settings.ts';
import { upstreamSpec } from '../../test/support/upstream-spec.ts';

const CALLS = 1_000_000;
const ROUNDS = 9;

const plain = upstreamSpec([8_081, 8_082], { name: 'plain', balance: 'p2c' });
const guarded: UpstreamSpec = {
  ...plain,
  name: 'guarded',
  healthCheck: {},
  outlier: outlierSpec({ successRateDeviations: 2, latencyFactor: 5 }),
  breaker: breakerSpec({ failures: 50, failureRate: 0.5 }),
  retry: retrySpec({ backoffMs: 25, maxBackoffMs: 250, budget: 0.2, perTryTimeoutMs: 5_000 }),
  slowStartMs: 10_000,
  concurrency: { limit: 1_000, adaptive: null, queueMax: 100, queueTimeoutMs: 1_000 },
};

class Nobody implements GateWaiter {
  waitsAt: Gate | null = null;
  waitsSince = 0;
  onAdmitted(): void {}
  onNotAdmitted(): void {}
}

const nobody = new Nobody();

/** The calls of attempt.ts, gates.ts, pump.ts and finish.ts, without those that are the same for both upstreams. */
function request(upstream: Upstream): void {
  const { gate, retry } = upstream;
  if (retry !== null) upstream.budget.request(upstream.nowMs);
  if (gate !== null) gate.enter(nobody);
  const endpoint = upstream.pick(0, null)!;
  const { guard } = upstream.resilience;
  const pass = guard === null ? NO_PASS : guard.admit(endpoint, upstream.nowMs);
  endpoint.began();
  if (guard !== null) guard.answered(endpoint, pass, 200, 1.5, 0, upstream.nowMs);
  if (retry?.retriesStatus(200)) throw new Error('a good answer is not tried again');
  endpoint.ended();
  if (gate !== null) gate.leave(1.5, false);
}

const io = new ThreadIo();
for (const workers of [1, 2, 8]) {
  const states = new SharedStates(stateMemory(workers), 0);
  const cells = new Float64Array(blockKinds.upstream.cellCount);
  const upstreams = [plain, guarded].map(
    spec => new Upstream(spec, 0, null, { io, cells, headLimits: engineLimits, states }),
  );
  const rounds: [number, number][] = [];
  // In turns, so that a busy machine affects both upstreams alike.
  for (let round = 0; round <= ROUNDS; round++) {
    const [without, guards] = upstreams.map(upstream => {
      const startedAt = process.cpuUsage();
      for (let n = 0; n < CALLS; n++) request(upstream);
      const { user, system } = process.cpuUsage(startedAt);
      return ((user + system) * 1e3) / CALLS;
    });
    if (round > 0) rounds.push([without!, guards!]);
  }
  const added = rounds.map(([without, guards]) => guards - without).sort((a, b) => a - b);
  const text = [added[0], added[ROUNDS >> 1], added[ROUNDS - 1]].map(ns => ns!.toFixed(0));
  console.log(
    `${workers} workers: watching adds ${text[1]} ns a request (${text[0]} to ${text[2]} over ${ROUNDS} rounds)`,
  );
}
