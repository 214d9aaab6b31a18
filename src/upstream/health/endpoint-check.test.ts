// Thresholds of health checks, and each kind of check against real servers.

import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../../test/support/free-port.ts';
import { outlierSpec } from '../../../test/support/resilience-settings.ts';
import { EjectReason, eject, endEjection } from '../outlier/ejection.ts';
import { SharedStates } from '../state/shared-states.ts';
import { Health, StateCell } from '../state/state-cells.ts';
import { HealthState, startEndpointCheck } from './endpoint-check.ts';
import { probeH2 } from './h2-prober.ts';
import { probeHttp } from './http-prober.ts';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, reasonCell, reasonText } from './prober.ts';
import { probeTcp } from './tcp-prober.ts';

const good: ProbeOutcome = { reason: ProbeReason.passed, status: 200 };
const bad: ProbeOutcome = { reason: ProbeReason.status, status: 500 };

function stateOf() {
  const states = new SharedStates(null, 0);
  const block = states.claim('endpoint users a', 0);
  const ofUpstream = states.claim('upstream users', 0);
  const state = new HealthState(block, ofUpstream, { intervalMs: 1_000, unhealthyAfter: 3, healthyAfter: 2 });
  return {
    state,
    block,
    health: () => block.words[block.at + StateCell.health],
    epoch: () => ofUpstream.words[StateCell.epoch],
  };
}

test('an endpoint leaves after so many failures in a row and comes back after so many good answers', () => {
  const { state, health, epoch } = stateOf();
  const told = [good, bad, bad, good, bad, bad, bad, bad, good, bad, good, good, good].map((outcome, at) =>
    state.record(outcome, at),
  );
  const expected = new Array<string | null>(13).fill(null);
  expected[6] = 'unhealthy';
  expected[11] = 'healthy';
  assert.deepEqual(told, expected);
  assert.equal(health(), Health.healthy);
  assert.equal(epoch(), 3, 'each change is seen by the workers');
});

test('an ejection ends with the outage that health checks saw the end of, and goes on where they saw none', () => {
  const { state, block } = stateOf();
  const all = [block, new SharedStates(null, 0).claim('endpoint users b', 0)];
  state.record(good, 0);
  eject(block, all, EjectReason.errors, outlierSpec({ ejectionMs: 30_000 }), 100);
  for (const at of [200, 300, 400]) state.record(good, at);
  assert.equal(endEjection(block, 400), false);
  for (const at of [500, 600, 700]) state.record(bad, at);
  state.record(good, 800);
  assert.equal(endEjection(block, 800), false);
  assert.equal(state.record(good, 900), 'healthy');
  assert.equal(endEjection(block, 900), true);
});

test('an endpoint that was never well needs as many failures to leave', () => {
  const { state, health } = stateOf();
  assert.deepEqual([state.record(bad, 0), state.record(bad, 1)], [null, null]);
  assert.equal(health(), Health.unknown);
  assert.equal(state.record(bad, 2), 'unhealthy');
});

const spec: ProbeSpec = {
  kind: 'http',
  path: '/healthz?full=1',
  host: null,
  port: null,
  expect: [{ from: 200, to: 299 }],
  body: null,
  service: '',
  timeoutMs: 200,
};

async function listening(t: TestContext, server: Server | Http2Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  // Because: address() is a string only for servers that listen on a path.
  return (server.address() as AddressInfo).port;
}

test('HTTP: status, body, silence, a port without anybody, a connection that breaks', async t => {
  const asked: string[] = [];
  const port = await listening(
    t,
    createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host}`);
      response.statusCode = 201;
      response.write('all is ');
      setImmediate(() => response.end('well'));
    }),
  );
  const target = { host: '127.0.0.1', port, tls: false };
  const probe = (changes: Partial<ProbeSpec> = {}, at = target) => probeHttp(at, { ...spec, ...changes }, null);
  assert.deepEqual(await probe(), { reason: ProbeReason.passed, status: 201 });
  assert.deepEqual(asked, [`GET /healthz?full=1 127.0.0.1:${port}`]);
  assert.equal((await probe({ expect: [{ from: 200, to: 200 }] })).reason, ProbeReason.status);
  assert.equal((await probe({ body: 'is well' })).reason, ProbeReason.passed);
  assert.equal((await probe({ body: 'is ill' })).reason, ProbeReason.body);
  await probe({ host: 'users.internal' });
  assert.match(asked.at(-1)!, / users\.internal$/);
  const free = await freePort();
  assert.equal((await probe({}, { ...target, port: free })).reason, ProbeReason.noConnection);
  assert.equal((await probe({ port }, { ...target, port: free })).reason, ProbeReason.passed);
  const mute = await listening(t, createServer());
  assert.equal((await probe({}, { ...target, port: mute })).reason, ProbeReason.timedOut);
  const broken = await listening(
    t,
    createServer(socket => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('garbage\r\n\r\n'));
    }),
  );
  assert.equal((await probe({}, { ...target, port: broken })).reason, ProbeReason.broken);
});

test('HTTP/2: status, body, silence, a port without anybody, a server that speaks HTTP/1.1 only', async t => {
  const h2 = createHttp2Server((request, response) => {
    response.statusCode = request.url === '/healthz?full=1' && request.authority === 'users.internal' ? 200 : 500;
    response.end('all is well');
  });
  const port = await listening(t, h2);
  const target = { host: '127.0.0.1', port, tls: false };
  const probe = (changes: Partial<ProbeSpec> = {}, at = target) =>
    probeH2(at, { ...spec, host: 'users.internal', ...changes }, null);
  assert.deepEqual(await probe(), { reason: ProbeReason.passed, status: 200 });
  assert.deepEqual(await probe({ host: null }), { reason: ProbeReason.status, status: 500 });
  assert.equal((await probe({ body: 'is well' })).reason, ProbeReason.passed);
  assert.equal((await probe({ body: 'is ill' })).reason, ProbeReason.body);
  assert.equal((await probe({}, { ...target, port: await freePort() })).reason, ProbeReason.noConnection);
  const mute = await listening(t, createServer());
  assert.equal((await probe({}, { ...target, port: mute })).reason, ProbeReason.timedOut);
  const plain = await listening(t, createHttpServer());
  assert.notEqual((await probe({}, { ...target, port: plain })).reason, ProbeReason.passed);
});

test('TCP: a connection is enough', async t => {
  const port = await listening(
    t,
    createServer(socket => socket.on('error', () => {})),
  );
  const target = { host: '127.0.0.1', port, tls: false };
  assert.equal((await probeTcp(target, spec)).reason, ProbeReason.passed);
  assert.equal((await probeTcp({ ...target, port: await freePort() }, spec)).reason, ProbeReason.noConnection);
});

test('checks go on until they are stopped', async () => {
  const { state } = stateOf();
  let asked = 0;
  const told = await new Promise<string>(resolve => {
    const stop = startEndpointCheck({
      probe: () => Promise.resolve(++asked > 2 ? bad : good),
      state,
      intervalMs: 5,
      now: () => performance.now(),
      onChange: (health, outcome) => {
        stop();
        resolve(`${health}: ${reasonText(reasonCell(outcome))}`);
      },
    });
  });
  assert.equal(told, 'unhealthy: answered 500');
  assert.equal(asked, 5);
});
