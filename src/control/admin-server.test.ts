// The admin server over real sockets: its pages, and which requests it refuses.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import { MetricRegistry } from '../telemetry/metric-registry.ts';
import { AdminServer } from './admin-server.ts';
import type { AdminStatus, AdminView } from './admin-view.ts';
import { sampleAdminConfig } from './sample-admin-config.fixture.ts';

const registry = new MetricRegistry();
const offset = registry.block('upstream', 'users');
const slab = new Float64Array(registry.openSlot(0));

let status: AdminStatus = {
  phase: 'serving',
  config: sampleAdminConfig,
  loadedAt: 1_000,
  lastFailure: null,
  listeners: ['http://127.0.0.1:8080'],
  workersWanted: 2,
  workersServing: 2,
  startedAt: 500,
};
const view: AdminView = {
  get status() {
    return status;
  },
  metrics: registry,
  upstreams: async () => ({ workers: 2, upstreams: [] }),
};

const server = new AdminServer({ host: '127.0.0.1', port: 0, hosts: ['cardea.monitoring.svc'] }, view);
let url = '';
before(async () => {
  url = await server.listen();
});
after(() => server.close());

interface Got {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly allow: string | undefined;
}

/** Uses node:http, since fetch sets Host and Origin itself. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  const asked = request(`${url}${path}`, { method, headers, agent: false }).end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const piece of response.setEncoding('utf8')) body += piece;
  return {
    status: response.statusCode,
    type: response.headers['content-type'],
    body,
    allow: response.headers['allow'],
  };
}

test('each page answers', async () => {
  assert.deepEqual(JSON.parse((await ask('/health/live')).body), { status: 'live' });
  const metrics = await ask('/metrics');
  assert.match(metrics.type, /^text\/plain; version=0\.0\.4/);
  assert.match(metrics.body, /^cardea_workers 0$/m);
  assert.equal(JSON.parse((await ask('/routes?x=1')).body).routes[0].name, 'users');
  assert.deepEqual(JSON.parse((await ask('/upstreams')).body), { workers: 2, upstreams: [] });
});

test('/config shows version and times, and no secret', async () => {
  const { body } = await ask('/config');
  const page = JSON.parse(body);
  assert.equal(page.version, sampleAdminConfig.version);
  assert.equal(page.loadedAt, '1970-01-01T00:00:01.000Z');
  assert.equal(page.lastError, null);
  assert.doesNotMatch(body, /sha256:s3cret/);
});

test('ready only with an endpoint for every upstream, all workers, and not while draining', async () => {
  const none = await ask('/health/ready');
  assert.equal(none.status, 503);
  assert.deepEqual(JSON.parse(none.body).reasons, ['upstream users has no endpoint']);
  slab[offset + UpstreamCell.endpoints] = 1;
  assert.equal((await ask('/health/ready')).status, 200);
  const serving = status;
  status = { ...serving, workersServing: 1 };
  assert.deepEqual(JSON.parse((await ask('/health/ready')).body).reasons, ['1 of 2 workers serve']);
  status = { ...serving, phase: 'draining' };
  assert.match((await ask('/health/ready')).body, /draining/);
  status = serving;
});

test('an unknown page is 404 and another method 405, as problems', async () => {
  const unknown = await ask('/nothing');
  assert.equal(unknown.status, 404);
  assert.equal(unknown.type, 'application/problem+json');
  const post = await ask('/config', {}, 'POST');
  assert.equal(post.status, 405);
  assert.equal(post.allow, 'GET, HEAD');
  assert.deepEqual([(await ask('/config', {}, 'HEAD')).status, (await ask('/config', {}, 'HEAD')).body], [200, '']);
});

describe('browsers on other pages', () => {
  const refused: [string, Record<string, string>][] = [
    ['an origin', { origin: 'https://evil.example' }],
    ['the origin null', { origin: 'null' }],
    ['loopback on another port', { origin: 'http://127.0.0.1:1' }],
    ['a cross-site fetch', { 'sec-fetch-site': 'cross-site' }],
    ['a same-site fetch', { 'sec-fetch-site': 'same-site' }],
    ['a rebound name', { host: 'evil.example' }],
    ['a rebound name with a port', { host: 'evil.example:9901' }],
    ['a name that ends like ours', { host: 'localhost.evil.example' }],
  ];
  for (const [name, headers] of refused) {
    test(`${name} is refused`, async () => {
      const { status: got, body } = await ask('/config', headers);
      assert.equal(got, 403);
      assert.equal(JSON.parse(body).code, 'origin_refused');
    });
  }
  const allowed: [string, Record<string, string>][] = [
    ['localhost', { host: 'localhost:9901' }],
    ['a name that it was given', { host: 'Cardea.monitoring.svc:9901' }],
    ['an IPv6 address', { host: '[::1]:9901' }],
    ['a page typed in', { 'sec-fetch-site': 'none' }],
    ['its own page', { host: 'localhost:9901', origin: 'http://localhost:9901', 'sec-fetch-site': 'same-origin' }],
  ];
  for (const [name, headers] of allowed) {
    test(`${name} is answered`, async () => assert.equal((await ask('/config', headers)).status, 200));
  }
});

test('a check in HTTP/1.0, which brings no Host, is answered', async () => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end('GET /health/live HTTP/1.0\r\n\r\n');
  let answer = '';
  for await (const piece of socket.setEncoding('latin1')) answer += piece;
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('connections that ask for nothing give their places back within seconds', { timeout: 15_000 }, async () => {
  const { hostname, port } = new URL(url);
  const idle = Array.from({ length: 64 }, () => connect(Number(port), hostname));
  await Promise.all(idle.map(socket => once(socket, 'connect')));
  await Promise.all(idle.map(socket => once(socket.resume(), 'close')));
  assert.equal((await ask('/health/live')).status, 200);
});
