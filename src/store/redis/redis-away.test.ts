// Redis killed, paused and failed over under load: nobody waits, nothing crashes, and the budget is within bounds behind it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aside } from '../../../test/support/foreign-time.ts';
import { type LimitGateway, limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { type LimitOutcome, offer } from '../../../test/support/limit-load.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { startRedisPair } from '../../../test/support/redis-pair.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';

const COUNT = 200;
const rules = [limitRule({ count: COUNT, burst: 50 })];
/** Where a Redis that is a little late is not the subject. */
const PATIENT_MS = 100;
/** What Redis may add to a call, whatever happens to it. */
const ADDED_MS_MAX = 5;

async function gatewaysOn(
  port: number,
  mode: 'shared' | 'exact',
  onFailure: 'open' | 'closed' | 'local' = 'local',
  count = 3,
  answerMsMax = 3,
): Promise<LimitGateway[]> {
  const gateways = await Promise.all(
    Array.from({ length: count }, () => openLimitGateway(redisSpec(port), rules, { mode, onFailure, answerMsMax })),
  );
  // Because: shares while Redis is away go by how many were alive before.
  while (gateways.some(({ news }) => news()?.gateways !== count)) await new Promise(resolve => setTimeout(resolve, 20));
  return gateways;
}

function even(gateways: readonly LimitGateway[]) {
  return () => gateways.map(gateway => ({ gateway, weight: 1 }));
}

function assertSwift({ longestAddedMs }: LimitOutcome): void {
  assert.ok(longestAddedMs <= ADDED_MS_MAX, `a call took ${longestAddedMs.toFixed(2)} ms longer than others`);
}

/** Most admissions in any second, beyond what a second and the burst allow. */
function worstSecond({ admittedAt }: LimitOutcome): number {
  let from = 0;
  let most = 0;
  for (const [at, time] of admittedAt.entries()) {
    while (admittedAt[from]! < time - 1_000) from++;
    most = Math.max(most, at - from + 1);
  }
  return most - COUNT - 50;
}

function assertWithinBounds(outcome: LimitOutcome): void {
  const { admitted, tookMs } = outcome;
  const allowed = 50 + (COUNT * tookMs) / 1_000;
  assert.ok(admitted <= allowed * 1.1, `${admitted} of ${allowed}`);
  assert.ok(admitted >= allowed * 0.85, `${admitted} of ${allowed}`);
  assert.ok(worstSecond(outcome) <= 0.25 * COUNT, `a second had ${worstSecond(outcome)} too many`);
}

describe('Redis away', () => {
  for (const mode of ['shared', 'exact'] as const) {
    test(`${mode}: paused for 3 s in the middle`, async t => {
      const redis = await startRedis();
      t.after(() => redis.stop());
      const gateways = await gatewaysOn(redis.port, mode);
      setTimeout(() => redis.pause(), 1_000);
      setTimeout(() => redis.resume(), 4_000);
      const outcome = await offer({ perSecond: 2 * COUNT, forMs: 6_000, spread: even(gateways) });
      await Promise.all(gateways.map(gateway => gateway.close()));
      assertSwift(outcome);
      assertWithinBounds(outcome);
    });

    test(`${mode}: killed in the middle, and back without what it knew`, async () => {
      let redis = await startRedis();
      const { port } = redis;
      const gateways = await gatewaysOn(port, mode);
      let restarted: Promise<void> = Promise.resolve();
      setTimeout(() => {
        restarted = (async () => {
          process.kill(redis.pid, 'SIGKILL');
          await new Promise(resolve => setTimeout(resolve, 1_500));
          const killed = redis;
          // Because: this thread stands still until the new process runs.
          redis = await aside(() => startRedis({ port }));
          await killed.stop();
        })();
      }, 1_000);
      const outcome = await offer({ perSecond: 2 * COUNT, forMs: 5_000, spread: even(gateways) });
      await restarted;
      assert.ok(gateways.every(({ store }) => store.available));
      await Promise.all(gateways.map(gateway => gateway.close()));
      await redis.stop();
      assertSwift(outcome);
      assertWithinBounds(outcome);
    });

    test(`${mode}: failed over to a replica in the middle`, async t => {
      const pair = await startRedisPair();
      t.after(() => pair.stop());
      const gateways = await gatewaysOn(pair.port, mode);
      let promoted: Promise<void> = Promise.resolve();
      setTimeout(() => {
        promoted = pair.failOver(500);
      }, 1_000);
      const outcome = await offer({ perSecond: 2 * COUNT, forMs: 4_000, spread: even(gateways) });
      await promoted;
      assert.ok(gateways.every(({ store, news }) => store.available && news()?.available === true));
      await Promise.all(gateways.map(gateway => gateway.close()));
      assertSwift(outcome);
      assertWithinBounds(outcome);
    });

    test(`${mode}: open admits and closed refuses while it is away`, async t => {
      const redis = await startRedis();
      t.after(() => redis.stop());
      const [open] = await gatewaysOn(redis.port, mode, 'open', 1, PATIENT_MS);
      const closed = await openLimitGateway(redisSpec(redis.port), rules, { mode, onFailure: 'closed' });
      t.after(() => Promise.all([open!.close(), closed.close()]));
      redis.pause();
      const spread = () => [
        { gateway: open!, weight: 1 },
        { gateway: closed, weight: 1 },
      ];
      await offer({ perSecond: 100, forMs: 500, spread });
      for (let n = 0; n < 300; n++) assert.equal(await open!.ask(1), true);
      const call = closed.call(1);
      assert.equal(await closed.limiter.decide(call), false);
      assert.equal(call.refusedBy, -1, 'no limit refused');
      redis.resume();
      // What was let through is not forgotten: nobody gets a fresh burst behind it.
      const isBack = () => open!.news()?.available === true && (mode === 'shared' || open!.ask(2) instanceof Promise);
      while (!isBack()) await new Promise(resolve => setTimeout(resolve, 5));
      let admitted = 0;
      for (let n = 0; n < 100; n++) if (await open!.ask(1)) admitted++;
      assert.ok(admitted < 50, `${admitted} at once`);
    });
  }

  test('a gateway that starts while Redis is away limits by itself, and joins the others later', async () => {
    const probe = await startRedis();
    await probe.stop();
    const alone = await openLimitGateway(redisSpec(probe.port, { connectTimeoutMs: 100 }), rules, { mode: 'shared' });
    const outcome = await offer({ perSecond: 2 * COUNT, forMs: 500, spread: even([alone]) });
    assert.ok(outcome.admitted < 50 + COUNT * 0.6, String(outcome.admitted));
    const redis = await startRedis({ port: probe.port });
    while (alone.news()?.available !== true) await new Promise(resolve => setTimeout(resolve, 10));
    await alone.close();
    await redis.stop();
  });
});
