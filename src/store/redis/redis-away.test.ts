// Redis killed, paused and failed over under load: no call waits, nothing crashes, and the budget stays within bounds.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { type LimitGateway, limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { type LimitOutcome, offer } from '../../../test/support/limit-load.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { startRedisPair } from '../../../test/support/redis-pair.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';

const COUNT = 200;
const BURST = 50;
const GATEWAYS = 3;
const rules = [limitRule({ count: COUNT, burst: BURST })];
const modes = ['shared', 'exact'] as const;
type Mode = (typeof modes)[number];
/** For tests in which a slightly late Redis is not the subject. */
const PATIENT_MS = 100;
/** Most ms that Redis may add to a call, whatever happens to it. */
const ADDED_MS_MAX = 5;
/**
 * How much may be admitted beyond the limit because of an outage: gateways come back within 0.2 s of each other, and the first ones back
 * take what the others still take as their share; beside that, 50 ms of the rate at each gateway for what arrives in lumps.
 */
const TOO_MANY_MAX = COUNT * (0.2 + 0.05 * GATEWAYS);
/** Time before anything happens to Redis. */
const WELL_MS = 1_000;

type Failure = 'open' | 'closed' | 'local';

async function gatewaysOn(port: number, mode: Mode, onFailure: Failure, count: number): Promise<LimitGateway[]> {
  const spec = redisSpec(port, { keyPrefix: `${mode}:` });
  const answerMsMax = onFailure === 'local' ? 3 : PATIENT_MS;
  const gateways = await Promise.all(
    Array.from({ length: count }, () => openLimitGateway(spec, rules, { mode, onFailure, answerMsMax })),
  );
  // Because: the shares while Redis is away depend on how many gateways were alive before.
  await eventually(() => gateways.every(({ news }) => news()?.gateways === count), 'all know of each other');
  return gateways;
}

/** Offers twice the limit to the gateways of both modes, which count apart, while `happening` goes on. */
async function underLoad(port: number, forMs: number, happening: () => Promise<void>): Promise<void> {
  const sides = await Promise.all(
    modes.map(async mode => ({ mode, gateways: await gatewaysOn(port, mode, 'local', GATEWAYS) })),
  );
  const happened = new Promise(resolve => setTimeout(resolve, WELL_MS)).then(happening);
  const outcomes = await Promise.all(
    sides.map(({ gateways }) => {
      const spread = gateways.map(gateway => ({ gateway, weight: 1 }));
      return offer({ perSecond: 2 * COUNT, forMs, spread: () => spread });
    }),
  );
  await happened;
  const all = sides.flatMap(({ gateways }) => gateways);
  const areBack = all.every(({ store, news }) => store.available && news()?.available === true);
  await Promise.all(all.map(gateway => gateway.close()));
  assert.ok(areBack, 'a gateway did not find Redis again');
  for (const [at, { mode }] of sides.entries()) {
    assertSwift(mode, outcomes[at]!);
    assertWithinBounds(mode, outcomes[at]!);
  }
}

function assertSwift(mode: Mode, { longestAddedMs }: LimitOutcome): void {
  assert.ok(longestAddedMs <= ADDED_MS_MAX, `${mode}: Redis added ${longestAddedMs.toFixed(2)} ms to a call`);
}

/** How far the admissions in the worst second exceed what a second and the burst allow. */
function worstSecond({ admittedAt }: LimitOutcome): number {
  let from = 0;
  let most = 0;
  for (const [at, time] of admittedAt.entries()) {
    while (admittedAt[from]! < time - 1_000) from++;
    most = Math.max(most, at - from + 1);
  }
  return most - COUNT - BURST;
}

function assertWithinBounds(mode: Mode, outcome: LimitOutcome): void {
  const { admitted, tookMs, lateMs } = outcome;
  const allowed = BURST + (COUNT * tookMs) / 1_000;
  // Because: while this thread does not run, no gateway hears of the others.
  const late = (COUNT * lateMs) / 1_000;
  const said = `${mode}: ${admitted} of ${allowed}, ${lateMs} ms late`;
  assert.ok(admitted <= allowed + TOO_MANY_MAX + late, said);
  assert.ok(admitted >= allowed * 0.85 - late, said);
  assert.ok(worstSecond(outcome) <= 0.25 * COUNT + late, `${said}: a second had ${worstSecond(outcome)} too many`);
}

describe('Redis away', () => {
  test('paused for 3 s in the middle', async t => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    await underLoad(redis.port, 5_500, async () => {
      redis.pause();
      await new Promise(resolve => setTimeout(resolve, 3_000));
      redis.resume();
    });
  });

  test('killed in the middle, and back without what it knew', async t => {
    let redis = await startRedis();
    const { port } = redis;
    t.after(() => redis.stop());
    await underLoad(port, 4_000, async () => {
      process.kill(redis.pid, 'SIGKILL');
      await new Promise(resolve => setTimeout(resolve, 1_200));
      const killed = redis;
      redis = await startRedis({ port });
      await killed.stop();
    });
  });

  test('failed over to a replica in the middle', async t => {
    const pair = await startRedisPair();
    t.after(() => pair.stop());
    await underLoad(pair.port, 3_300, () => pair.failOver(500));
  });

  for (const mode of modes) {
    test(`${mode}: open admits and closed refuses while it is away`, async t => {
      const redis = await startRedis();
      t.after(() => redis.stop());
      const [[open], closed] = await Promise.all([
        gatewaysOn(redis.port, mode, 'open', 1),
        openLimitGateway(redisSpec(redis.port), rules, { mode, onFailure: 'closed' }),
      ]);
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
      // What was let through is not forgotten: the caller gets no fresh burst after the outage.
      const isBack = () => open!.news()?.available === true && (mode === 'shared' || open!.ask(2) instanceof Promise);
      await eventually(isBack, 'Redis is asked again');
      let admitted = 0;
      const backAt = performance.now();
      for (let n = 0; n < 100; n++) if (await open!.ask(1)) admitted++;
      const cameBack = (COUNT * (performance.now() - backAt)) / 1_000;
      assert.ok(admitted < BURST + cameBack, `${admitted} at once`);
    });
  }

  for (const mode of modes) {
    test(`${mode}: what one gateway let through while Redis was away counts for the others afterwards`, async t => {
      const redis = await startRedis();
      t.after(() => redis.stop());
      const slow = [limitRule({ count: 60, perMs: 3_600_000, burst: BURST })];
      const settings = { mode, onFailure: 'open', answerMsMax: PATIENT_MS } as const;
      const open = () => openLimitGateway(redisSpec(redis.port), slow, settings);
      const [one, other] = await Promise.all([open(), open()]);
      t.after(() => Promise.all([one.close(), other.close()]));
      const areThere = () => [one, other].every(({ news }) => news()?.available === true && news()?.gateways === 2);
      await eventually(areThere, 'both know of each other');
      redis.pause();
      await eventually(() => one.ask(2) === true && one.news()?.available === false, 'Redis is away');
      for (let n = 0; n < BURST; n++) assert.equal(one.ask(1), true);
      redis.resume();
      const areBack = () =>
        areThere() && [one, other].every(({ ask }) => mode === 'shared' || ask(3) instanceof Promise);
      await eventually(areBack, 'Redis counts again');
      // Its first call after the outage reports what came before.
      await one.ask(1);
      let admitted = 0;
      await eventually(async () => {
        if (!(await other.ask(1))) return true;
        admitted++;
        return false;
      }, 'the other gateway refuses the caller');
      assert.ok(admitted < BURST / 2, `${admitted} more`);
    });
  }

  test('exact: what answers turn out to cost counts while Redis is away as well', async t => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const slow = [limitRule({ count: 60, perMs: 3_600_000, burst: BURST })];
    const gateway = await openLimitGateway(redisSpec(redis.port), slow, { mode: 'exact', answerMsMax: PATIENT_MS });
    t.after(() => gateway.close());
    await eventually(() => gateway.news()?.gateways === 1, 'it knows that it is alone');
    const dear = async (caller: number) => {
      const call = gateway.call(caller);
      if (!(await gateway.limiter.decide(call))) return false;
      gateway.limiter.charge(call, 0, BURST - 1);
      return true;
    };
    assert.deepEqual([await dear(1), await dear(1)], [true, false]);
    redis.pause();
    assert.deepEqual([await dear(1), await dear(2), await dear(2)], [false, true, false]);
    redis.resume();
    await eventually(() => gateway.ask(3) instanceof Promise, 'Redis is asked again');
    assert.deepEqual([await dear(1), await dear(2), await dear(4)], [false, false, true]);
  });

  test('why it is away is told anew when it is for another reason', async t => {
    const { port, kill } = await startRedis();
    const gateway = await openLimitGateway(redisSpec(port), rules, { mode: 'shared' });
    t.after(() => gateway.close());
    await kill();
    const isAwayFor = (code: string) => () => gateway.trouble() === `the store "main" is away: ${code}`;
    await eventually(isAwayFor('ECONNREFUSED'), 'nobody is there');
    const guarded = await startRedis({ port, password: 'of others' });
    t.after(() => guarded.stop());
    await eventually(isAwayFor('NOAUTH'), 'it lets nobody in');
  });

  test('a gateway that starts while Redis is away limits by itself, and joins the others later', async () => {
    const probe = await startRedis();
    await probe.stop();
    const alone = await openLimitGateway(redisSpec(probe.port, { connectTimeoutMs: 100 }), rules, { mode: 'shared' });
    const spread = [{ gateway: alone, weight: 1 }];
    const outcome = await offer({ perSecond: 2 * COUNT, forMs: 500, spread: () => spread });
    assert.ok(outcome.admitted < BURST + COUNT * 0.6, String(outcome.admitted));
    const redis = await startRedis({ port: probe.port });
    await eventually(() => alone.news()?.available === true, 'it has joined');
    await alone.close();
    await redis.stop();
  });
});
