// Limits of the real command with two workers: exact over both, kept across reloads, reported to clients, refused where impossible.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { metric } from '../../support/metric.ts';
import { reloadWith } from '../../support/reload-with.ts';
import { startLoad } from '../../support/steady-load.ts';

/** `CARDEA_LONG=1` is the duration that the issue asks for, CI uses a part of it. */
const loadMs = process.env['CARDEA_LONG'] === '1' ? 60_000 : 3_000;

const reply = 'to: { reply: { status: 200, body: ok } }';

async function start(t: TestContext, routes: string, before = ''): Promise<RunningGateway> {
  const gateway = await startGateway(`accessLog: { path: "off" }\n${before}routes:\n${routes}`, { workers: 2 });
  t.after(() => gateway.stop());
  return gateway;
}

/** Sends requests over short connections, so that both workers get their share; returns the number of responses by status. */
async function offer(port: number, target: string, requests: number): Promise<ReadonlyMap<number, number>> {
  const load = startLoad(port, target, { connections: 8, requestsPerConnection: 5 });
  await eventually(() => load.answered >= requests, 'so many are answered');
  const { statuses, failures } = await load.stop();
  assert.deepEqual(failures, []);
  return statuses;
}

for (const algorithm of ['gcra', 'tokenBucket', 'fixedWindow', 'slidingWindow', 'slidingLog']) {
  test(`${algorithm}: two workers admit exactly the limit of twice as many`, async t => {
    const gateway = await start(
      t,
      `  - { name: all, match: { path: /* }, filters: [{ rateLimit: { limit: 700/month, algorithm: ${algorithm}, by: global } }], ${reply} }`,
    );
    const statuses = await offer(gateway.port, '/', 1_400);
    assert.equal(statuses.get(200), 700);
    assert.ok(statuses.get(429)! >= 700);
    assert.equal(await metric(gateway, 'cardea_filter_events_total{filter="rateLimit",event="admitted"}'), 700);
  });
}

test('routes that name the same budget count together, on both workers and after a reload', async t => {
  const route = (name: string, filters: string) =>
    `  - { name: ${name}, match: { path: /${name} }, filters: [${filters}], ${reply} }\n`;
  const shared = '{ rateLimit: { limit: 4/month, budget: api } }';
  const beside = '{ rateLimit: { limit: 100/month, budget: other } }';
  const routes =
    route('a', shared) + route('b', `${beside}, ${shared}`) + route('own', '{ rateLimit: { limit: 4/month } }');
  const gateway = await start(t, routes);
  const status = async (target: string) => (await ask(gateway.port, { path: target })).status;
  for (const target of ['/a', '/b', '/b', '/a']) assert.equal(await status(target), 200);
  for (const target of ['/a', '/b']) assert.equal(await status(target), 429, target);
  assert.equal(await status('/own'), 200, 'a limit without the budget has its own');
  await reloadWith(gateway, text => `${text}${route('late', shared)}`);
  assert.equal(await status('/late'), 429, 'a route that joins finds what is left');
});

test('a rate is kept over time by both workers together: not one request more, nor is it withheld', async t => {
  const gateway = await start(
    t,
    `  - { name: all, match: { path: /* }, filters: [{ rateLimit: { limit: 200/s, burst: 400 } }], ${reply} }`,
  );
  const [burst, perMs] = [400, 0.2];
  const load = startLoad(gateway.port, '/', { connections: 8, requestsPerConnection: 20 });
  await delay(loadMs);
  const { answers, failures } = await load.stop();
  assert.deepEqual(failures, []);
  const admitted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > admitted.length, 'twice the limit was offered, and more');
  // The most that the limit gave from before the first decision to after the last admission.
  const most =
    burst +
    (admitted.at(-1)!.answeredAt - answers.reduce((least, { askedAt }) => Math.min(least, askedAt), Infinity)) * perMs;
  assert.ok(admitted.length <= most + 1, `${admitted.length} of at most ${most}`);
  // A refused request found less than one unit. So what the limit gave between the first and the last refusal was admitted, except for what
  // a machine loses when it stands still for the two seconds of a burst; a worker's clock stands still within a turn of its loop.
  const [first, last] = [refused[0]!, refused.at(-1)!];
  const least = (last.askedAt - 2 * (last.answeredAt - last.askedAt) - first.answeredAt) * perMs;
  const since = admitted.filter(({ answeredAt }) => answeredAt > first.askedAt).length;
  assert.ok(since >= least - 1, `${since} of at least ${least}`);
});

test('limits together over both workers: each caller his own, all of them no more than the whole', async t => {
  const gateway = await start(
    t,
    `  - name: all
    match: { path: "/{caller}" }
    filters:
      - rateLimit:
          limits:
            - { limit: 300/month, by: { pathParameter: caller } }
            - { limit: 500/month, by: global }
    ${reply}`,
  );
  assert.equal((await offer(gateway.port, '/a', 600)).get(200), 300);
  assert.equal((await offer(gateway.port, '/b', 600)).get(200), 200);
  assert.equal((await offer(gateway.port, '/c', 100)).get(200), undefined);
  const decisions = (limit: string, outcome: string) =>
    metric(gateway, `cardea_limit_decisions_total{route="all",limit="${limit}",outcome="${outcome}"}`);
  assert.equal(await decisions('global-2', 'admitted'), 500);
  assert.ok((await decisions('pathParameter-1', 'refused')) >= 300);
  assert.ok((await decisions('global-2', 'refused')) >= 500);
});

test('a limit of all routes: together, or each route its own by `route`, with what requests of each cost', async t => {
  const route = (name: string) => `  - { name: ${name}, match: { path: /${name}/* }, ${reply} }\n`;
  const gateway = await start(
    t,
    ['one', 'other', 'dear'].map(route).join(''),
    `filters:
  - rateLimit:
      limits:
        - { limit: 12/month, by: route, cost: { each: 2, routes: { dear: 5 } } }
        - { limit: 13/month, by: global }
`,
  );
  const admitted = async (target: string) => (await offer(gateway.port, target, 30)).get(200);
  assert.deepEqual(
    [await admitted('/one/a'), await admitted('/dear/a'), await admitted('/other/a')],
    [6, 2, 5],
    'the limit of all has 13',
  );
  assert.equal(await admitted('/one/b'), undefined);
});

test('a limit of a route’s own filter is that route’s, whatever other routes say', async t => {
  const route = (name: string) =>
    `  - { name: ${name}, match: { path: /${name} }, filters: [{ rateLimit: { limit: 7/month, by: global } }], ${reply} }\n`;
  const gateway = await start(t, route('one') + route('other'));
  for (const target of ['/one', '/other']) assert.equal((await offer(gateway.port, target, 20)).get(200), 7);
  const all = await start(
    t,
    `  - { name: one, match: { path: /one }, ${reply} }\n  - { name: other, match: { path: /other }, ${reply} }\n`,
    'filters: [{ rateLimit: { limit: 7/month, by: global } }]\n',
  );
  assert.equal((await offer(all.port, '/one', 20)).get(200), 7);
  assert.equal((await offer(all.port, '/other', 20)).get(200), undefined);
});

test('a reload keeps what was counted; another limit begins anew', async t => {
  const route = (limit: string, extra = '') =>
    `  - { name: all, match: { path: /* }, filters: [{ rateLimit: { limit: ${limit} } }], ${reply} }\n${extra}`;
  const gateway = await start(t, route('5/month'));
  assert.equal((await offer(gateway.port, '/', 20)).get(200), 5);
  const put = (body: string) => reloadWith(gateway, text => `${text.split('routes:\n')[0]}routes:\n${body}`);
  await put(route('5/month', `  - { name: other, match: { path: /other }, ${reply} }\n`));
  assert.equal((await ask(gateway.port, { path: '/other' })).status, 200);
  assert.equal((await offer(gateway.port, '/', 20)).get(200), undefined);
  await put(route('7/month'));
  assert.equal((await offer(gateway.port, '/', 20)).get(200), 7);
});

test('a refusal says how long to wait; a dry run refuses nobody', async t => {
  const gateway = await start(
    t,
    `  - { name: all, match: { path: / }, filters: [{ rateLimit: { limit: 60/h, burst: 1 } }], ${reply} }
  - { name: dry, match: { path: /dry }, filters: [{ rateLimit: { limit: 60/h, burst: 1, dryRun: true } }], ${reply} }`,
  );
  const first = await ask(gateway.port);
  assert.equal(first.headers['ratelimit-policy'], '"default";q=60;w=3600;cardea-burst=1');
  assert.equal(first.headers['ratelimit'], '"default";r=0;t=60');
  const refused = await ask(gateway.port);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '60');
  assert.equal(JSON.parse(refused.body.toString()).code, 'rate_limited');
  assert.equal((await offer(gateway.port, '/dry', 30)).get(429), undefined);
  const line = 'cardea_filter_events_total{filter="rateLimit",event="would_refuse"}';
  assert.ok((await metric(gateway, line)) >= 29);
  assert.match(gateway.stderr(), /would have refused/);
});

/** A backend that holds every request, as the upstream `slow`. `together` sends requests and returns how many were admitted and refused. */
async function startSlow(t: TestContext) {
  const held: ServerResponse[] = [];
  const backend = createServer((_request, response) => void held.push(response));
  const port = await listeningPort(backend);
  t.after(() => {
    backend.closeAllConnections();
    backend.close();
  });
  return {
    held,
    upstreams: `upstreams: { slow: { endpoints: ["http://127.0.0.1:${port}"] } }\n`,
    async together(gatewayPort: number, target: string, requests: number): Promise<[number, number]> {
      const asked = Array.from({ length: requests }, () => ask(gatewayPort, { path: target }));
      let refusals = 0;
      for (const each of asked) void each.then(({ status }) => (refusals += status === 429 ? 1 : 0));
      await eventually(() => held.length + refusals === requests, 'each is admitted or refused');
      const admitted = held.length;
      for (const response of held.splice(0)) response.end();
      await Promise.all(asked);
      return [admitted, refusals];
    },
  };
}

test('so many under way at once over both workers, and each place is given back', async t => {
  const slow = await startSlow(t);
  const gateway = await start(
    t,
    '  - { name: all, match: { path: /* }, filters: [{ rateLimit: { concurrency: 5 } }], to: slow }',
    slow.upstreams,
  );
  for (let round = 0; round < 3; round++) assert.deepEqual(await slow.together(gateway.port, '/', 12), [5, 7]);
});

test('a place is given back when its client is gone, over HTTP/2 as well', async t => {
  const slow = await startSlow(t);
  const gateway = await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", protocols: [h2c, http/1.1] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
${slow.upstreams}routes:
  - { name: all, match: { path: /* }, public: true, filters: [{ rateLimit: { concurrency: 1 } }], to: slow }
`);
  t.after(() => gateway.stop());
  const client = connectHttp2(`http://127.0.0.1:${gateway.port}`);
  client.request({ ':path': '/' }).on('error', () => {});
  await eventually(() => slow.held.length === 1, 'it is under way');
  assert.equal((await ask(gateway.port)).status, 429);
  client.destroy();
  await eventually(() => slow.held[0]!.closed, 'nobody waits for the endpoint');
  const next = ask(gateway.port);
  await eventually(() => slow.held.length === 2, 'its place is free');
  slow.held[1]!.end();
  assert.equal((await next).status, 200);
});

test('two filters of one route that say the same count apart: one that is tried out uses up nothing of the one in force', async t => {
  const twins = (one: string, other: string) => `filters: [{ rateLimit: { ${one} } }, { rateLimit: { ${other} } }]`;
  const slow = await startSlow(t);
  const gateway = await start(
    t,
    `  - { name: rate, match: { path: /rate }, ${twins('limit: 8/month', 'limit: 8/month')}, ${reply} }
  - { name: dry, match: { path: /dry }, ${twins('limit: 8/month, cost: 5, dryRun: true', 'limit: 8/month')}, ${reply} }
  - { name: held, match: { path: /held }, ${twins('concurrency: 4', 'concurrency: 2, dryRun: true')}, to: slow }
`,
    slow.upstreams,
  );
  assert.equal((await offer(gateway.port, '/rate', 20)).get(200), 8);
  assert.equal((await offer(gateway.port, '/dry', 20)).get(200), 8);
  assert.deepEqual(await slow.together(gateway.port, '/held', 6), [4, 2]);
});

test('a limit that cannot work is refused with its place and the reason', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-limits-'));
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:8080 }]
routes:
  - name: a
    match: { path: "/a/{id}" }
    filters:
      - rateLimit: { limit: 10/s, by: consumer }
    ${reply}
  - name: b
    match: { path: /b }
    filters:
      - rateLimit: { limit: 10/s, by: [ip, { pathParameter: id }] }
      - rateLimit: { limit: 0/s }
      - rateLimit: { limit: 5/s, burst: 0 }
      - rateLimit: { limits: [{ limit: 5/s }, { limit: 300/min }] }
    ${reply}
`,
  );
  const said = await new Promise<string>(resolve => {
    const command = path.resolve(import.meta.dirname, '../../../bin/cardea');
    execFile(command, ['validate', '-c', file], (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  rmSync(folder, { recursive: true });
  for (const expected of [
    /:6:39.*no filter before this one finds out who calls/,
    /:11:39.*no parameter \{id\}; it has none/,
    /:12:29.*a limit of zero/,
    /:13:41.*a burst below 1/,
    /:14:\d+.*can never be the one that refuses: "ip-1"/,
  ]) {
    assert.match(said.replaceAll(/\n\s+/g, ' '), expected);
  }
});
