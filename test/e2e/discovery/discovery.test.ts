// Discovered endpoints: they join and leave under load without a failed request, and stay in use when discovery fails.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../../support/certificates.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { loopbackBackends } from '../../support/loopback-backends.ts';
import { reloadWith } from '../../support/reload-with.ts';
import { startLoad } from '../../support/steady-load.ts';

async function admin(gateway: RunningGateway, page: string) {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}${page}`);
  // Because: the pages of admin are JSON objects; their contents are what the tests check.
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function endpointsOf(gateway: RunningGateway): Promise<string[]> {
  const { body } = await admin(gateway, '/upstreams');
  const [upstream] = body['upstreams'] as { endpoints: { url: string }[] }[];
  return upstream!.endpoints.map(({ url }) => new URL(url).hostname).sort();
}

const routes = '\nroutes: [{ name: all, match: { path: /* }, to: users }]\n';

const hasIpv6 = Object.values(networkInterfaces()).some(each => each?.some(({ address }) => address === '::1'));

async function setUp(t: TestContext) {
  const dns = await startDnsServer();
  const backends = await loopbackBackends();
  t.after(async () => {
    await backends.stop();
    await dns.stop();
  });
  return { dns, backends };
}

describe('discovery by DNS', { concurrency: true }, () => {
  test('both families: while one cannot be looked up the other is, what was known of the first stays, and the operator hears of it', async t => {
    const { dns, backends } = await setUp(t);
    await backends.start('127.0.0.1');
    dns.setAddresses('users.test', ['127.0.0.1'], 0);
    dns.set('users.test', 'AAAA', { rcode: 2 });
    const settings = `dns: users.test, port: ${backends.port}, server: "127.0.0.1:${dns.port}", family: all, minTtl: 100ms`;
    const gateway = await startGateway(`upstreams:\n  users:\n    discover: { ${settings} }${routes}`);
    t.after(() => gateway.stop());
    assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
    const ready = await admin(gateway, '/health/ready');
    assert.equal(ready.status, 200);
    assert.match(JSON.stringify(ready.body['stale']), /its AAAA records cannot be looked up: .*SERVFAIL/);
    const six = { type: 'AAAA', name: 'users.test', ttl: 0, data: '::1' } as const;
    dns.set('users.test', 'AAAA', { answers: [six] });
    await eventually(async () => (await endpointsOf(gateway)).join() === '127.0.0.1,[::1]', 'both are found');
    dns.set('users.test', 'AAAA', { rcode: 2 });
    dns.setAddresses('users.test', ['127.0.0.2'], 0);
    await eventually(async () => (await endpointsOf(gateway)).join() === '127.0.0.2,[::1]', 'one of them moved');
  });

  test('endpoints join and leave under load: no request fails, what is under way is finished', async t => {
    const { dns, backends } = await setUp(t);
    const one = await backends.start('127.0.0.1');
    const two = await backends.start('127.0.0.2');
    const three = await backends.start('127.0.0.3');
    dns.setAddresses('users.test', ['127.0.0.1', '127.0.0.2'], 0);
    const gateway = await startGateway(
      `upstreams:\n  users:\n    discover: { dns: users.test, port: ${backends.port}, server: "127.0.0.1:${dns.port}", minTtl: 100ms }${routes}`,
      { workers: 2 },
    );
    t.after(() => gateway.stop());
    one.delay(30);
    const load = startLoad(gateway.port, '/', { connections: 12 });
    await eventually(() => one.requests > 20 && two.requests > 20, 'both serve');

    dns.setAddresses('users.test', ['127.0.0.2', '127.0.0.3'], 0);
    await eventually(() => three.requests > 20, 'the new one serves');
    await eventually(async () => (await one.connections()) === 0, 'the old one is left');
    const served = one.requests;

    // Repeatedly: in each step one endpoint leaves and one joins.
    for (let step = 0; step < 6; step++) {
      const names = ['127.0.0.2', '127.0.0.3'];
      dns.setAddresses('users.test', [names[step % 2]!], 0);
      await eventually(async () => (await endpointsOf(gateway)).length === 1, 'one is used');
    }
    const { failures, statuses, answered } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual([...statuses.keys()], [200]);
    assert.ok(answered > 100, String(answered));
    assert.equal(one.requests, served);
    assert.match(gateway.stderr(), /endpoints changed/);
    // The process has one source, whatever the number of workers: one lookup is one question for IPv4.
    const asked = dns.seen.filter(({ name }) => name === 'users.test').length;
    const looks = await admin(gateway, '/upstreams');
    assert.ok(asked > 3 && looks.status === 200);
  });

  test('IPv4 and IPv6 change places, all addresses at once, and none for a while: no request fails', {
    skip: !hasIpv6,
  }, async t => {
    const { dns, backends } = await setUp(t);
    const v4 = [await backends.start('127.0.0.1'), await backends.start('127.0.0.2')];
    const v6 = await backends.start('::1');
    const [first, second] = v4;
    const has = (a: readonly string[], aaaa: readonly string[]) => {
      dns.set('users.test', 'A', { answers: a.map(data => ({ type: 'A', name: 'users.test', ttl: 0, data })) });
      dns.set('users.test', 'AAAA', {
        answers: aaaa.map(data => ({ type: 'AAAA', name: 'users.test', ttl: 0, data })),
      });
    };
    has(['127.0.0.1'], ['::1']);
    const gateway = await startGateway(
      `upstreams:\n  users:\n    discover: { dns: users.test, port: ${backends.port}, server: "127.0.0.1:${dns.port}", minTtl: 100ms, family: all }${routes}`,
      { workers: 2 },
    );
    t.after(() => gateway.stop());
    for (const backend of [...v4, v6]) backend.delay(5);
    const load = startLoad(gateway.port, '/', { connections: 12 });
    await eventually(() => first!.requests > 20 && v6.requests > 20, 'both kinds serve');
    const steps = [
      { a: ['127.0.0.2'], aaaa: [], serve: [second!] },
      { a: [], aaaa: ['::1'], serve: [v6] },
      { a: ['127.0.0.1', '127.0.0.2'], aaaa: [], serve: v4 },
      { a: ['127.0.0.1'], aaaa: ['::1'], serve: [first!, v6] },
    ];
    for (const { a, aaaa, serve } of steps) {
      has(a, aaaa);
      await eventually(async () => (await endpointsOf(gateway)).length === serve.length, 'so many are used');
      const before = serve.map(({ requests }) => requests);
      await eventually(() => serve.every(({ requests }, at) => requests > before[at]! + 10), 'they serve');
      // No addresses for a while: the previous ones stay in use.
      has([], []);
      await eventually(
        async () => JSON.stringify((await admin(gateway, '/upstreams')).body).includes('no such records'),
        'that there is none is told',
      );
      assert.equal((await endpointsOf(gateway)).length, serve.length);
    }
    const { failures, statuses } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual([...statuses.keys()], [200]);
  });

  test('a name that is gone, and a server that is away: the last endpoints serve, and admin tells since when', async t => {
    const { dns, backends } = await setUp(t);
    await backends.start('127.0.0.1');
    dns.setAddresses('users.test', ['127.0.0.1'], 0);
    const gateway = await startGateway(
      `upstreams:\n  users:\n    discover: { dns: users.test, port: ${backends.port}, server: "127.0.0.1:${dns.port}", minTtl: 100ms, timeout: 100ms }${routes}`,
    );
    t.after(() => gateway.stop());
    const load = startLoad(gateway.port, '/', { connections: 4 });
    for (const behaviour of [{ rcode: 3, negativeTtl: 0 }, 'silent'] as const) {
      dns.set('users.test', 'A', behaviour);
      const word = behaviour === 'silent' ? 'no answer' : 'NXDOMAIN';
      await eventually(
        async () => JSON.stringify((await admin(gateway, '/upstreams')).body).includes(word),
        `${word} is told`,
      );
    }
    const { body } = await admin(gateway, '/upstreams');
    const [upstream] = body['upstreams'] as { discovery: Record<string, unknown>[] }[];
    const [{ source, endpoints, ageSeconds, trouble } = {}] = upstream!.discovery;
    assert.deepEqual([source, endpoints], ['dns users.test', 1]);
    assert.ok(Number(ageSeconds) >= 1, String(ageSeconds));
    assert.match(String(trouble), /its last 1 endpoint\(s\) stay in use/);
    const ready = await admin(gateway, '/health/ready');
    assert.equal(ready.status, 200);
    assert.match(JSON.stringify(ready.body), /"stale":\[\{"kind":"dns","trouble":"dns users\.test: .*"since":"20/);

    // A reload that changes how the name is looked up has nothing else to go by.
    await reloadWith(gateway, text => text.replace('timeout: 100ms', 'timeout: 150ms, family: ipv4'));
    assert.deepEqual(await endpointsOf(gateway), ['127.0.0.1']);
    dns.setAddresses('users.test', ['127.0.0.1'], 0);
    await eventually(async () => !('stale' in (await admin(gateway, '/health/ready')).body), 'it is found again');
    const { failures, statuses } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual([...statuses.keys()], [200]);
  });

  test('SRV records tell ports and weights', async t => {
    const { dns, backends } = await setUp(t);
    const one = await backends.start('127.0.0.1');
    const two = await backends.start('127.0.0.2');
    const srv = '_http._tcp.users.test';
    const records = [1, 3].map(
      (weight, i) =>
        ({
          type: 'SRV',
          name: srv,
          ttl: 60,
          data: { priority: 0, weight, port: backends.port, target: `n${i + 1}.test` },
        }) as const,
    );
    dns.set(srv, 'SRV', { answers: records });
    dns.setAddresses('n1.test', ['127.0.0.1'], 60);
    dns.setAddresses('n2.test', ['127.0.0.2'], 60);
    const gateway = await startGateway(
      `upstreams:\n  users:\n    discover: { srv: ${srv}, server: "127.0.0.1:${dns.port}" }\n    balance: roundRobin${routes}`,
    );
    t.after(() => gateway.stop());
    for (let i = 0; i < 40; i++) assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
    assert.deepEqual([one.requests, two.requests], [10, 30]);
  });

  test('a reload that names another host at the same address: TLS asks for that one', async t => {
    const dns = await startDnsServer();
    const authority = new TestAuthority();
    const files = authority.issue('server', { names: ['DNS:old.test', 'DNS:new.test'] });
    const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) });
    server.on('request', ({ socket }, response) => response.end((socket as TLSSocket).servername)); // Because: it is a TLS server's
    const port = await listeningPort(server);
    t.after(async () => {
      server.closeAllConnections();
      server.close();
      authority.remove();
      await dns.stop();
    });
    for (const name of ['old.test', 'new.test']) dns.setAddresses(name, ['127.0.0.1'], 60);
    const discover = (name: string) =>
      `    discover: { dns: ${name}, port: ${port}, scheme: https, server: "127.0.0.1:${dns.port}" }`;
    const gateway = await startGateway(
      `upstreams:\n  users:\n${discover('old.test')}\n    tls: { ca: ${authority.ca} }${routes}`,
    );
    t.after(() => gateway.stop());
    const askedFor = async () => await (await fetch(`http://127.0.0.1:${gateway.port}/`)).text();
    assert.equal(await askedFor(), 'old.test');
    await reloadWith(gateway, text => text.replace('old.test', 'new.test'));
    assert.equal(await askedFor(), 'new.test');
  });

  test('nothing found yet: 503, not ready, and ready as soon as something is found', async t => {
    const { dns, backends } = await setUp(t);
    await backends.start('127.0.0.1');
    const gateway = await startGateway(
      `upstreams:\n  users:\n    discover: { dns: users.test, port: ${backends.port}, server: "127.0.0.1:${dns.port}", minTtl: 100ms }${routes}`,
    );
    t.after(() => gateway.stop());
    const refused = await fetch(`http://127.0.0.1:${gateway.port}/`);
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /upstream_unavailable/);
    await eventually(async () => (await admin(gateway, '/health/ready')).status === 503, 'not ready');
    dns.setAddresses('users.test', ['127.0.0.1']);
    await eventually(async () => (await admin(gateway, '/health/ready')).status === 200, 'ready');
    assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
  });
});

describe('discovery by other means', { concurrency: true }, () => {
  test('a file that is rewritten, in place and by a rename, and one with a mistake', async t => {
    const { backends } = await setUp(t);
    const folder = mkdtempSync(path.join(tmpdir(), 'cardea-discovery-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'endpoints.yaml');
    const write = (...addresses: string[]) =>
      `endpoints:\n${addresses.map(address => `  - http://${address}:${backends.port}\n`).join('')}`;
    for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) await backends.start(address);
    writeFileSync(file, write('127.0.0.1'));
    const gateway = await startGateway(`upstreams:\n  users:\n    discover: { file: ${file} }${routes}`);
    t.after(() => gateway.stop());
    const load = startLoad(gateway.port, '/', { connections: 4 });
    assert.deepEqual(await endpointsOf(gateway), ['127.0.0.1']);
    writeFileSync(file, write('127.0.0.1', '127.0.0.2'));
    await eventually(async () => (await endpointsOf(gateway)).length === 2, 'the second joins');
    writeFileSync(`${file}.new`, write('127.0.0.3'));
    renameSync(`${file}.new`, file);
    await eventually(async () => (await endpointsOf(gateway)).join() === '127.0.0.3', 'the third takes over');
    writeFileSync(file, 'endpoints:\n  - http//127.0.0.1\n');
    await eventually(
      async () => /line 2, column 5/.test(JSON.stringify((await admin(gateway, '/health/ready')).body)),
      'the mistake is told',
    );
    assert.deepEqual(await endpointsOf(gateway), ['127.0.0.3']);
    const { failures, statuses } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual([...statuses.keys()], [200]);
  });

  test('a host name under `endpoints` is looked up in the background, and told to the backend', async t => {
    const { backends } = await setUp(t);
    const one = await backends.start('127.0.0.1');
    const gateway = await startGateway(
      `upstreams:\n  users:\n    endpoints: [http://localhost:${backends.port}]\n${routes}`,
    );
    t.after(() => gateway.stop());
    assert.equal(await (await fetch(`http://127.0.0.1:${gateway.port}/`)).text(), '127.0.0.1');
    assert.equal(one.requests, 1);
    assert.deepEqual(await endpointsOf(gateway), ['127.0.0.1']);
  });
});

test('a file with an endpoint that does not fit the protocol is not used in plain text, but told with its place', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-endpoints-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'endpoints.yaml');
  writeFileSync(file, 'endpoints:\n  - http://127.0.0.1:9\n');
  const gateway = await startGateway(
    `upstreams:\n  users:\n    discover: { file: ${file} }\n    protocol: h2${routes}`,
  );
  t.after(() => gateway.stop());
  const { status, body } = await admin(gateway, '/health/ready');
  assert.equal(status, 503);
  assert.match(JSON.stringify(body), /endpoints\.yaml: line 2, column 5: `h2` needs https:\/\/ endpoints/);
  const response = await fetch(`http://127.0.0.1:${gateway.port}/`);
  assert.equal(response.status, 503);
});
