// Two gateways as users run them, each with two workers, and one Redis: one budget for all of them, and the behaviour of each setting while
// Redis is unavailable.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { eventuallySeen } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { reloadWith } from '../../support/reload-with.ts';

const apiKey = 'ck_key-of-acme';
const password = 'p4ss-of-the-store';
let redis: RedisServer;
let gateways: RunningGateway[];

const config = (port: number) => `
accessLog: off
stores:
  main: { url: "redis://:${password}@127.0.0.1:${port}" }
plans: { gold: { rate: [20/min, 30/h] } }
consumers: [{ name: acme, plan: gold, keys: [{ id: k1, hash: "sha256:${createHash('sha256').update(apiKey).digest('hex')}" }] }]
routes:
${['shared', 'exact']
  .flatMap(mode => ['local', 'open', 'closed'].map(failure => ({ mode, failure })))
  .map(
    ({ mode, failure }) => `  - name: ${mode}-${failure}
    match: { path: /${mode}/${failure} }
    public: true
    filters:
      - rateLimit: { limit: 60/h, burst: 30, store: main, mode: ${mode}, onStoreFailure: ${failure}${mode === 'exact' ? ', answerTimeout: 100ms' : ''} }
    to: { reply: { status: 200 } }`,
  )
  .join('\n')}
${[1, 2]
  .map(
    round => `  - name: later-${round}
    match: { path: /later/${round} }
    public: true
    filters:
      - rateLimit: { limit: 60/h, burst: 30, store: main }
    to: { reply: { status: 200 } }`,
  )
  .join('\n')}
${['shared', 'exact']
  .map(
    mode => `  - name: plan-${mode}
    match: { path: /plan/${mode} }
    filters:
      - apiKey: {}
      - rateLimit: { limit: 1/h, by: consumer, plan: true, store: main, mode: ${mode}${mode === 'exact' ? ', answerTimeout: 100ms' : ''} }
    to: { reply: { status: 200 } }`,
  )
  .join('\n')}
  - name: resized
    match: { path: /resized }
    public: true
    filters:
      - rateLimit: { limit: 60/h, burst: 30, store: main, memory: 8MiB }
    to: { reply: { status: 200 } }
`;

before(async () => {
  redis = await startRedis({ password });
  gateways = await Promise.all([1, 2].map(() => startGateway(config(redis.port), { workers: 2 })));
});
after(async () => {
  await Promise.all(gateways.map(gateway => gateway.stop()));
  await redis.stop();
});

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
after(() => agent.destroy());

function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path, agent, host: '127.0.0.1' }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Sends requests to both gateways in turn. */
async function statuses(path: string, count: number, pauseMs = 0): Promise<number[]> {
  const seen: number[] = [];
  for (let n = 0; n < count; n++) {
    seen.push(await statusOf(gateways[n % 2]!.port, path));
    if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs));
  }
  return seen;
}

describe('limits in one Redis', () => {
  test('shared: the other gateway knows after a moment what was admitted here', async () => {
    const seen = await statuses('/shared/local', 60, 10);
    const admitted = seen.filter(status => status === 200).length;
    // One unit is added for what arrives in lumps, and each gateway may be a few calls behind.
    assert.ok(admitted >= 30 && admitted <= 36, `${admitted} admitted`);
  });

  test('exact: not one more through two gateways with two workers each', async () => {
    // While Redis is unavailable, shares depend on the gateways that are alive; they learn of each other within a second.
    await new Promise(resolve => setTimeout(resolve, 1_200));
    const seen = await statuses('/exact/local', 60);
    assert.equal(seen.filter(status => status === 200).length, 30);
    assert.equal(seen.filter(status => status === 429).length, 30);
  });

  test('all rates of a plan hold for both gateways, and what one refuses the others do not count', async () => {
    for (const mode of ['exact', 'shared']) {
      const ask = (n: number) =>
        fetch(`http://127.0.0.1:${gateways[n % 2]!.port}/plan/${mode}`, { headers: { 'x-api-key': apiKey } });
      let admitted = 0;
      let last: Response | null = null;
      for (let n = 0; n < 40; n++) {
        last = await ask(n);
        if (last.status === 200) admitted++;
        if (mode === 'shared') await new Promise(resolve => setTimeout(resolve, 30));
      }
      // Every three seconds another one fits; of `shared`, each gateway may be a few calls behind.
      assert.ok(admitted >= 20 && admitted <= (mode === 'exact' ? 21 : 26), `${mode}: ${admitted} admitted`);
      assert.equal(last!.headers.get('ratelimit-policy'), '"default-min";q=20;w=60, "default-h";q=30;w=3600');
      const left = /^"default-min";r=0;t=\d+, "default-h";r=(\d+);t=\d+$/.exec(last!.headers.get('ratelimit') ?? '');
      const ahead = Number(left?.[1]) - (30 - admitted);
      assert.ok(ahead >= 0 && ahead <= (mode === 'exact' ? 0 : 6), `${mode}: ${ahead} more left of the hour`);
    }
  });

  test('while Redis is away: closed says so, open admits, local keeps to its share', async () => {
    redis.pause();
    await statuses('/exact/open', 2);
    await statuses('/shared/open', 20, 25);
    for (const mode of ['shared', 'exact']) {
      assert.deepEqual(new Set(await statuses(`/${mode}/closed`, 10)), new Set([503]), mode);
      const { headers } = await fetch(`http://127.0.0.1:${gateways[0]!.port}/${mode}/closed`);
      assert.deepEqual([headers.get('ratelimit'), headers.get('retry-after')], [null, '1'], mode);
      assert.deepEqual(new Set(await statuses(`/${mode}/open`, 80)), new Set([200]), mode);
      const admitted = await fetch(`http://127.0.0.1:${gateways[0]!.port}/${mode}/open`);
      assert.deepEqual([admitted.status, admitted.headers.get('ratelimit')], [200, null], mode);
      assert.deepEqual(new Set(await statuses(`/${mode}/local`, 20)), new Set([429]), mode);
    }
    redis.resume();
    const until = performance.now() + 5_000;
    while ((await statusOf(gateways[0]!.port, '/shared/closed')) === 503 && performance.now() < until);
    assert.ok(performance.now() < until, 'limits came back');
  });

  test('gateways go on counting together where a reload changed the store’s settings, and where another one changed them back', async () => {
    const url = `@127.0.0.1:${redis.port}"`;
    const rounds = [
      [url, `${url}, commandTimeout: 300ms`],
      [`${url}, commandTimeout: 300ms`, url],
    ] as const;
    for (const [at, [before, after]] of rounds.entries()) {
      await reloadWith(gateways[0]!, text => text.replace(before, after));
      assert.notEqual(await statusOf(gateways[0]!.port, '/shared/closed'), 503);
      const seen = await statuses(`/later/${at + 1}`, 60, 10);
      const admitted = seen.filter(status => status === 200).length;
      assert.ok(admitted >= 30 && admitted <= 36, `${admitted} admitted`);
    }
  });

  test('gateways go on counting callers together who come while a reload changes a limit’s memory', async () => {
    const seen = await statuses('/resized', 10, 10);
    await reloadWith(gateways[0]!, text => text.replace('memory: 8MiB', 'memory: 4MiB'));
    seen.push(...(await statuses('/resized', 60, 10)));
    const admitted = seen.filter(status => status === 200).length;
    // What the others admitted comes in lumps, and a reload delays it for a moment; without a common count they would admit 52 and more.
    assert.ok(admitted >= 30 && admitted <= 44, `${admitted} admitted`);
  });

  test('the store’s password stands in no answer and no log', async () => {
    const [gateway] = gateways;
    const page = await (await fetch(`http://127.0.0.1:${gateway!.adminPort}/config`)).text();
    assert.match(page, /main/);
    assert.doesNotMatch(page + gateway!.stderr() + gateway!.stdout(), new RegExp(password));
  });
});

describe('a Redis that does not count is told of', () => {
  test('when it is not there at the start, and when it lets the gateway do less than it has to', async t => {
    const strict = await startRedis({
      arguments: ['--user', 'gw', 'on', '>pw', '~*', '&*', '+@read', '+@connection', '+info'],
    });
    t.after(() => strict.stop());
    const limited = (url: string) =>
      startGateway(`accessLog: off
stores: { main: { url: "${url}", connectTimeout: 100ms } }
routes:
  - { name: a, match: { path: / }, public: true, filters: [{ rateLimit: { limit: 60/h, store: main } }], to: { reply: { status: 200 } } }
`);
    const told = async (url: string, expected: RegExp) => {
      const gateway = await limited(url);
      t.after(() => gateway.stop());
      await eventuallySeen(
        async () => gateway.stderr(),
        said => expected.test(said),
        String(expected),
      );
    };
    await told(`redis://127.0.0.1:${await freePort()}`, /feed is not up to date.*limits.*is away/);
    await told(`redis://gw:other@127.0.0.1:${strict.port}`, /feed is not up to date.*limits.*is away: WRONGPASS/);
    await told(`redis://gw:pw@127.0.0.1:${strict.port}`, /feed is not up to date.*refuses to count limits: NOPERM/);
  });
});
