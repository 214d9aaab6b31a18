// Real backends killed, frozen, slowed and rolled under load: no idempotent request fails while one endpoint is healthy. Prints figures.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { ChaosBackend } from './chaos-backend.ts';
import { ChaosLoad } from './chaos-load.ts';
import { pairedRatios } from './paired-ratios.ts';

/** CARDEA_CHAOS=long gives each failure more time. */
const HOLD_MS = process.env['CARDEA_CHAOS'] === 'long' ? 10_000 : 1_500;

let backends: ChaosBackend[] = [];
let apart: ChaosBackend;
let gateway: RunningGateway;

const resilience = `
    pool: { connectTimeout: 200ms }
    healthCheck: { path: /healthz, interval: 100ms, timeout: 80ms, unhealthyAfter: 2, healthyAfter: 2 }
    outlier: { consecutiveErrors: 3, ejection: 500ms, maxEjected: 70% }
    breaker: { failureRate: 90%, minimum: 200, window: 5s, open: 1s }
    retry: { attempts: 3, perTryTimeout: 300ms, backoff: 10ms, budget: 30% }
    slowStart: 200ms`;

before(async () => {
  // A short accept queue, so that it can be filled.
  backends = await Promise.all([1, 2, 3].map(() => ChaosBackend.start(1)));
  apart = await ChaosBackend.start();
  gateway = await startGateway(
    `
upstreams:
  users:
    endpoints: [${backends.map(({ url }) => `"${url}"`).join(', ')}]${resilience}
  apart: { endpoints: ["${apart.url}"] }
routes:
  - { name: users, match: { path: /users }, to: users }
  - { name: apart, match: { path: /apart }, to: apart }
accessLog: { path: "off" }
`,
    { workers: 2 },
  );
});

after(async () => {
  await gateway?.stop();
  await Promise.all([...backends, apart].map(backend => backend?.stop()));
});

async function usable(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/upstreams`);
  // Because: the type of the page is defined in src/control/admin-view.ts.
  const page = (await response.json()) as {
    upstreams: { name: string; endpoints: { available: boolean; state: string }[] }[];
  };
  const users = page.upstreams.find(({ name }) => name === 'users')!;
  return users.endpoints.filter(({ available, state }) => available && state !== 'unhealthy' && state !== 'ejected')
    .length;
}

/** Milliseconds until this many endpoints are in use; null when that does not happen in time. */
async function timeUntil(count: number, timeoutMs: number): Promise<number | null> {
  const began = performance.now();
  while (performance.now() - began < timeoutMs) {
    if ((await usable()) === count) return performance.now() - began;
    await delay(10);
  }
  return null;
}

const text = (ms: number | null): string => (ms === null ? 'never' : `${Math.round(ms)} ms`);

interface Failure {
  readonly hurt: (victims: readonly ChaosBackend[]) => void | Promise<unknown>;
  readonly heal: (victims: readonly ChaosBackend[]) => void | Promise<unknown>;
  readonly victims: number;
}

const each = (act: (backend: ChaosBackend) => void | Promise<unknown>) => (victims: readonly ChaosBackend[]) =>
  Promise.all(victims.map(act));
const well = each(backend => backend.become('well'));

const failures: Readonly<Record<string, Failure>> = {
  'one is killed': { hurt: each(b => b.kill()), heal: each(b => b.revive(1)), victims: 1 },
  'two of three are killed': { hurt: each(b => b.kill()), heal: each(b => b.revive(1)), victims: 2 },
  'one is frozen': { hurt: each(b => b.freeze()), heal: each(b => b.thaw()), victims: 1 },
  'two of three are frozen': { hurt: each(b => b.freeze()), heal: each(b => b.thaw()), victims: 2 },
  'one takes no connections: its accept queue is full': {
    hurt: each(b => b.stuff()),
    heal: each(b => b.thaw()),
    victims: 1,
  },
  'one answers after two seconds': { hurt: each(b => b.become('slow')), heal: well, victims: 1 },
  'one resets every connection': { hurt: each(b => b.become('resetting')), heal: well, victims: 1 },
  'one answers garbage': { hurt: each(b => b.become('garbage')), heal: well, victims: 1 },
  'one answers 503': { hurt: each(b => b.become('failing')), heal: well, victims: 1 },
};

describe('no idempotent request fails while one endpoint is well', () => {
  for (const [name, { hurt, heal, victims }] of Object.entries(failures)) {
    test(name, async t => {
      assert.notEqual(await timeUntil(3, 10_000), null, 'all endpoints are in use before');
      const load = new ChaosLoad(`http://127.0.0.1:${gateway.port}/users`);
      await delay(500);
      const chosen = backends.slice(0, victims);
      const hurtAt = performance.now();
      await hurt(chosen);
      const toEject = await timeUntil(3 - victims, HOLD_MS);
      await delay(HOLD_MS - (performance.now() - hurtAt));
      const healedAt = performance.now();
      await heal(chosen);
      const toRecover = await timeUntil(3, 10_000);
      await load.stop();
      t.diagnostic(
        `${load.samples.length} answers, ${load.failures.length} errors, p99 ${load.p99(0, hurtAt).toFixed(0)} ms before and ` +
          `${load.p99(hurtAt, healedAt).toFixed(0)} ms meanwhile, ejected after ${text(toEject)}, back after ${text(toRecover)}`,
      );
      assert.deepEqual(load.failures, []);
      assert.ok(load.samples.length > 200);
      assert.notEqual(toEject, null, 'it was taken out of use');
      assert.notEqual(toRecover, null, 'it came back');
    });
  }

  test('all are rolled, one after the other', async t => {
    assert.notEqual(await timeUntil(3, 10_000), null, 'all endpoints are in use before');
    const load = new ChaosLoad(`http://127.0.0.1:${gateway.port}/users`);
    await delay(300);
    for (const backend of backends) {
      await backend.roll();
      assert.notEqual(await timeUntil(3, 10_000), null, 'the next one is in use');
    }
    await load.stop();
    t.diagnostic(
      `${load.samples.length} answers, ${load.failures.length} errors, p99 ${load.p99(0, Infinity).toFixed(0)} ms`,
    );
    assert.deepEqual(load.failures, []);
  });
});

/** Number of turns, each with one calm and one frozen measurement. */
const TURNS = process.env['CARDEA_CHAOS'] === 'long' ? 40 : 10;
const TURN_MS = 700;
/** Time for a change to take effect before measuring. */
const SETTLE_MS = 200;

test('a frozen backend behind one route is not felt on another', async t => {
  assert.notEqual(await timeUntil(3, 10_000), null, 'all endpoints are in use before');
  const others = new ChaosLoad(`http://127.0.0.1:${gateway.port}/users`, 4);
  const load = new ChaosLoad(`http://127.0.0.1:${gateway.port}/apart`, 4);
  const turn = async (): Promise<number> => {
    await delay(SETTLE_MS);
    const from = performance.now();
    await delay(TURN_MS);
    return load.p99(from, performance.now());
  };
  const calm = [await turn()];
  const frozen: number[] = [];
  // In turns, because the noise of a machine is larger than the promised tenth and lasts longer than a turn.
  for (let n = 0; n < TURNS; n++) {
    for (const backend of backends) backend.freeze();
    frozen.push(await turn());
    for (const backend of backends) backend.thaw();
    calm.push(await turn());
  }
  await Promise.all([load.stop(), others.stop()]);
  const { median, low, high } = pairedRatios(calm, frozen);
  const ms = (values: number[]) => values.map(value => value.toFixed(1)).join(' ');
  t.diagnostic(`p99 frozen is ${median.toFixed(2)} times p99 calm (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`);
  t.diagnostic(`p99 in ms, calm ${ms(calm)}, frozen ${ms(frozen)}`);
  assert.deepEqual(load.failures, []);
  assert.ok(low <= 1.1, 'it is felt, and that is not the noise of the machine');
  assert.ok(median <= 1.5, `${median}`);
});
