// Checks and comparisons continue across reloads and discoveries that do not change them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { TestAuthority } from '../../test/support/certificates.ts';
import { eventually } from '../../test/support/eventually.ts';
import { freePort } from '../../test/support/free-port.ts';
import { outlierSpec } from '../../test/support/resilience-settings.ts';
import type { UpstreamConfig } from '../config/config.ts';
import { SharedStates, stateMemory } from '../upstream/state/shared-states.ts';
import { StateCell } from '../upstream/state/state-cells.ts';
import { WorkerFeeds } from './feeds/worker-feeds.ts';
import { HealthDesk } from './health-desk.ts';
import { sampleUpstream } from './sample-config.fixture.ts';

function startDesk(t: TestContext) {
  const memory = stateMemory(1);
  const log: string[] = [];
  const reasons: unknown[] = [];
  const desk = new HealthDesk(memory, new WorkerFeeds(() => {}), (_level, message, fields) => {
    log.push(message);
    reasons.push(fields?.['reason']);
  });
  t.after(() => desk.stop());
  return { desk, log, reasons, worker: new SharedStates(memory, 0) };
}

const tcpCheck = {
  kind: 'tcp',
  path: '/',
  host: null,
  port: null,
  expect: [],
  body: null,
  service: '',
  intervalMs: 50,
  timeoutMs: 50,
  unhealthyAfter: 3,
  healthyAfter: 2,
} as const;

/** What a worker has counted of an endpoint in this interval. */
function countsOf(worker: SharedStates, port: number) {
  const { words, at } = worker.claim(`endpoint users http://127.0.0.1:${port}`, performance.now());
  return {
    set(cell: number, count: number) {
      words[at + cell] = count;
    },
  };
}

const withWeights = (upstream: UpstreamConfig, weight: number): UpstreamConfig => ({
  ...upstream,
  endpoints: upstream.endpoints.map(endpoint => ({ ...endpoint, weight, zone: `zone-${weight}` })),
});

test('a check goes on while the weight of its endpoint changes all the time', async t => {
  const { desk, log } = startDesk(t);
  const upstream: UpstreamConfig = {
    ...sampleUpstream('users', [await freePort()]),
    healthCheck: tcpCheck,
  };
  let weight = 0;
  await eventually(() => {
    desk.useConfig([withWeights(upstream, ++weight)]);
    return log.includes('endpoint is unhealthy');
  }, 'an endpoint where nobody listens is unhealthy');
});

test('a check over TLS goes by the authorities that serve now, and says why it failed', async t => {
  const authority = new TestAuthority();
  const stranger = new TestAuthority('Another CA');
  const files = authority.issue('server', { names: ['IP:127.0.0.1'] });
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (_request, response) =>
    response.end('well'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const each of [authority, stranger]) each.remove();
  });
  // Because: the server listens on TCP, so its address is an object.
  const { port } = server.address() as AddressInfo;
  const { desk, log, reasons } = startDesk(t);
  const sample = sampleUpstream('users', [port]);
  const upstream: UpstreamConfig = {
    ...sample,
    endpoints: sample.endpoints.map(each => ({ ...each, url: `https://127.0.0.1:${port}`, tls: true })),
    // The desk uses the material that it is given, and does not read the named file.
    tls: { ca: '/nowhere.pem', cert: null, key: null, serverName: null, verify: true },
    healthCheck: { ...tcpCheck, kind: 'http', expect: [{ from: 200, to: 200 }], timeoutMs: 5_000 },
  };
  const follow = (ca: string) => {
    const material = { ca, cert: null, key: null, serverName: null, verify: true, protocols: [] };
    desk.useConfig([upstream], [], new Map([['users', material]]));
  };
  follow(stranger.caText);
  await eventually(() => log.includes('endpoint is unhealthy'), 'the endpoint’s certificate is not trusted');
  assert.match(String(reasons.at(-1)), /^TLS failed: its certificate is not signed by a trusted authority/);
  follow(authority.caText);
  await eventually(() => log.includes('endpoint is healthy'), 'it is, by the authority of now');
});

test('endpoints are compared when their interval is over, however often one of them comes or goes meanwhile', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { desk, log, worker } = startDesk(t);
  const upstream = (ports: readonly number[]): UpstreamConfig => ({
    ...sampleUpstream('users', ports),
    outlier: outlierSpec({ successRateDeviations: 2 }),
  });
  desk.useConfig([upstream([1, 2, 3])]);
  t.mock.timers.tick(6_000);
  desk.useConfig([upstream([1, 2, 3, 4])]);
  for (const port of [1, 2, 3, 4]) {
    const counts = countsOf(worker, port);
    counts.set(StateCell.intervalRequests, 100);
    counts.set(StateCell.intervalErrors, port === 4 ? 100 : 0);
  }
  t.mock.timers.tick(3_900);
  assert.deepEqual(log, []);
  t.mock.timers.tick(100);
  assert.deepEqual(log, ['endpoint ejected']);
});

test('endpoints of weight 0 do not raise the number of endpoints that may be ejected after a comparison', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { desk, log, worker } = startDesk(t);
  const sample = sampleUpstream('users', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const endpoints = sample.endpoints.map((endpoint, at) => ({ ...endpoint, weight: at < 5 ? 1 : 0 }));
  desk.useConfig([{ ...sample, endpoints, outlier: outlierSpec({ maxEjected: 0.2, latencyFactor: 3 }) }]);
  for (const port of [1, 2, 3, 4, 5]) {
    const counts = countsOf(worker, port);
    counts.set(StateCell.intervalRequests, 100);
    // In tenths of a millisecond: two of five endpoints take a second for each response.
    counts.set(StateCell.intervalLatency, 100 * (port > 3 ? 10_000 : 10));
  }
  t.mock.timers.tick(10_000);
  assert.deepEqual(log, ['endpoint ejected']);
});
