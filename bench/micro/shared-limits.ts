// CPU time of limits that gateways share through a real Redis, by thread: what a decision costs the worker, and what the supervisor spends
// to keep the gateways in step, divided by the decisions. Run: `node bench/micro/shared-limits.ts [SECONDS]`.

import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { FeedNeed } from '../../src/store/feed.ts';
import type { LimitRule } from '../../src/store/limiter/limit-rule.ts';
import { LimitCall } from '../../src/store/limiter/limiter-store.ts';
import { openRedisLimits, redisLimitNeeds } from '../../src/store/redis/open-redis-limits.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { limitsSource } from '../../src/store/redis/shared/limits-source.ts';
import { lastingObjects } from '../../test/support/lasting-objects.ts';
import { startRedis } from '../../test/support/redis.ts';
import { redisSpec } from '../../test/support/store-spec.ts';

/** Decisions a second of each gateway. */
const PER_SECOND = 10_000;
const KEYS = 500;
const GATEWAYS = 2;
const STEP_MS = 5;
const WARM_UP_MS = 15_000;
/** Number of decisions in the run without pauses. */
const CALLS = 2_000_000;

interface Task {
  readonly port: number;
  readonly count: number;
  readonly tables: Map<string, SharedArrayBuffer>;
  /** Duration of the paced run; 0 for decisions without a pause. */
  readonly forMs: number;
}

const settings = { mode: 'shared', onFailure: 'local', tableBytes: 1 << 24, answerMsMax: 3 } as const;

function rulesOf(count: number): LimitRule[] {
  return [{ identity: 'bench', algorithm: 'gcra', count, perMs: 1_000, burst: count }];
}

/** A worker of one gateway with an even stream of decisions over all keys. Posts their CPU time and their number. */
async function decideAll({ port, count, tables, forMs }: Task): Promise<void> {
  const clock = { now: performance.now() };
  const worker = {
    clock,
    sharedTable: (name: string) => tables.get(name)!,
    lasting: lastingObjects(),
    feed: (_need: FeedNeed) => ({
      value: undefined,
      onChange: () => () => {},
      nudge: (hint: string) => parentPort!.postMessage(hint),
    }),
  };
  const limiter = openRedisLimits(new RedisStore(redisSpec(port)), worker, settings).open(rulesOf(count));
  const call = new LimitCall(1);
  let n = 0;
  const decide = (): void => {
    const caller = n++ % KEYS;
    call.keys[0] = limiter.hashKeys[0]! ^ Math.imul(caller + 1, 0x9e3779b1);
    call.keys[1] = limiter.hashKeys[1]! ^ Math.imul(caller + 1, 0x85ebca6b);
    void limiter.decide(call);
  };
  const measured = async (): Promise<number> => {
    const start = performance.now();
    let cpu = 0;
    for (let done = 0; performance.now() - start < forMs || done < (forMs === 0 ? CALLS : 0); ) {
      clock.now = performance.now();
      const due = forMs === 0 ? done + 1_000 : Math.floor(((clock.now - start) * PER_SECOND) / 1_000);
      const before = process.threadCpuUsage();
      for (; done < due; done++) decide();
      const { user, system } = process.threadCpuUsage(before);
      cpu += user + system;
      if (forMs > 0) await new Promise(resolve => setTimeout(resolve, STEP_MS));
    }
    return cpu;
  };
  await new Promise(resolve => setTimeout(resolve, 1_000));
  parentPort!.postMessage({ cpu: await measured(), decisions: n });
}

interface Outcome {
  readonly cpu: number;
  readonly decisions: number;
}

async function run(count: number, forMs: number): Promise<void> {
  const redis = await startRedis();
  const spec = redisSpec(redis.port);
  const needs = redisLimitNeeds(spec, rulesOf(count), settings);
  const gateways = Array.from({ length: forMs === 0 ? 1 : GATEWAYS }, () => {
    const tables = new Map(needs.tables.map(({ name, bytes }) => [name, new SharedArrayBuffer(bytes)]));
    const sharedTable = (name: string) => tables.get(name)!;
    const outlet = { publish() {}, report() {}, log() {}, sharedTable };
    const feed = limitsSource.start(needs.feeds[0]!.spec, outlet);
    const worker = new Worker(fileURLToPath(import.meta.url), {
      workerData: { port: redis.port, count, tables, forMs },
    });
    const outcome = new Promise<Outcome>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message: string | Outcome) => {
        if (typeof message === 'string') feed.nudge(message);
        else resolve(message);
      });
    });
    return { feed, outcome };
  });
  await new Promise(resolve => setTimeout(resolve, 1_500));
  const before = process.threadCpuUsage();
  const startedAt = performance.now();
  const outcomes = await Promise.all(gateways.map(({ outcome }) => outcome));
  const { user, system } = process.threadCpuUsage(before);
  const share = (user + system) / ((performance.now() - startedAt) * ((GATEWAYS * PER_SECOND) / 1_000));
  const cpu = outcomes.reduce((sum, each) => sum + each.cpu, 0);
  const decisions = outcomes.reduce((sum, each) => sum + each.decisions, 0);
  for (const { feed } of gateways) feed.stop();
  await redis.stop();
  const decided = `${((cpu * 1_000) / decisions).toFixed(0).padStart(5)} ns a decision`;
  if (forMs === 0) console.log(`limit ${count}/s, without a pause: ${decided}`);
  else
    console.log(
      `limit ${String(count).padStart(4)}/s, ${GATEWAYS} gateways, ${PER_SECOND}/s each, ${KEYS} keys: ${decided}, supervisor ${(share * 1_000).toFixed(0).padStart(5)} ns a decision`,
    );
}

if (isMainThread) {
  const seconds = Number(process.argv[2] ?? 6);
  await run(100, 0);
  // The first paced run warms up the supervisor, whose code runs a few times a second and is compiled only after a quarter of a minute.
  await run(100, WARM_UP_MS);
  for (const count of [100, 20, 10]) await run(count, seconds * 1_000);
} else {
  // Because: this file started the worker with this task.
  await decideAll(workerData as Task);
}
