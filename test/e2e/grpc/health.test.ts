// Health checks of gRPC services: grpc.health.v1 of the reference library's server, in plain text and over TLS, and how the gateway
// judges the responses; also checks of a path where the endpoint chooses its protocol.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  credentials,
  type MethodDefinition,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';
import { makeClientContext } from '../../../src/net/tls/client-tls.ts';
import { probeGrpc } from '../../../src/upstream/health/grpc-prober.ts';
import { probeEither } from '../../../src/upstream/health/h2-prober.ts';
import { ProbeReason, type ProbeSpec } from '../../../src/upstream/health/prober.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const authority = new TestAuthority();
const files = authority.issue('api', { names: ['DNS:localhost', 'IP:127.0.0.1'] });
const material = { ca: authority.caText, cert: null, key: null, serverName: null, verify: true, protocols: [] };
const tls = makeClientContext(material);
after(() => authority.remove());

const spec: ProbeSpec = {
  kind: 'grpc',
  path: '/',
  host: null,
  port: null,
  expect: [{ from: 200, to: 299 }],
  body: null,
  service: '',
  timeoutMs: 500,
};

const SERVING = 1;
const NOT_SERVING = 2;

function method(path: string): MethodDefinition<Buffer, Buffer> {
  const bytes = (value: Buffer): Buffer => value;
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

interface Service {
  readonly port: number;
  /** Status by service name; the server knows no other names. */
  readonly statuses: Map<string, number>;
  calls: number;
}

async function startService(
  t: { after(fn: () => unknown): void },
  { secure = false, mute = false, withHealth = true } = {},
): Promise<Service> {
  const server = new Server();
  const service = { port: 0, statuses: new Map([['', SERVING]]), calls: 0 };
  if (withHealth)
    server.addService(
      { check: method('/grpc.health.v1.Health/Check') },
      {
        check: (
          call: { request: Buffer },
          callback: (error: { code: number; details: string } | null, value?: Buffer) => void,
        ) => {
          if (mute) return;
          const known = service.statuses.get(call.request.subarray(2).toString());
          if (known === undefined) callback({ code: status.NOT_FOUND, details: 'unknown service' });
          else callback(null, Buffer.of(8, known));
        },
      },
    );
  server.addService(
    { unary: method('/test.Echo/Unary') },
    {
      unary: (call: { request: Buffer }, callback: (error: null, value: Buffer) => void) => {
        service.calls++;
        callback(null, call.request);
      },
    },
  );
  const pair = [{ cert_chain: readFileSync(files.cert), private_key: readFileSync(files.key) }];
  const how = secure ? ServerCredentials.createSsl(null, pair) : ServerCredentials.createInsecure();
  service.port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', how, (error, port) => (error === null ? resolve(port) : reject(error))),
  );
  t.after(() => server.forceShutdown());
  return service;
}

for (const secure of [false, true]) {
  test(`a service is asked how it is${secure ? ', over TLS' : ''}`, async t => {
    const service = await startService(t, { secure });
    service.statuses.set('shop.v1.Orders', NOT_SERVING);
    const target = { host: '127.0.0.1', port: service.port, tls: secure };
    const probe = (name: string) => probeGrpc(target, { ...spec, service: name }, secure ? tls : null);
    assert.equal((await probe('')).reason, ProbeReason.passed);
    assert.equal((await probe('shop.v1.Orders')).reason, ProbeReason.notServing);
    service.statuses.set('shop.v1.Orders', SERVING);
    assert.equal((await probe('shop.v1.Orders')).reason, ProbeReason.passed);
    assert.deepEqual(await probe('other'), { reason: ProbeReason.grpcStatus, status: status.NOT_FOUND });
  });
}

test('servers that have no health service, that are silent, that are no gRPC, and nobody', async t => {
  const at = (port: number) => probeGrpc({ host: '127.0.0.1', port, tls: false }, { ...spec, timeoutMs: 200 }, null);
  const without = await startService(t, { withHealth: false });
  assert.deepEqual(await at(without.port), { reason: ProbeReason.grpcStatus, status: status.UNIMPLEMENTED });
  const mute = await startService(t, { mute: true });
  const outcome = await at(mute.port);
  // The server's own deadline, which it was told, may pass first.
  assert.ok(outcome.reason === ProbeReason.timedOut || outcome.status === status.DEADLINE_EXCEEDED);
  const silent = createServer();
  t.after(() => silent.close());
  assert.equal((await at(await listeningPort(silent))).reason, ProbeReason.timedOut);
  assert.equal((await at(await freePort())).reason, ProbeReason.noConnection);
});

test('where endpoints choose, a path is asked for over what they speak', async t => {
  const pair = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const seen: string[] = [];
  const modern = createSecureServer(pair, (request, response) => {
    seen.push(request.httpVersion);
    response.end('well');
  });
  const old = createHttpsServer({ ...pair, ALPNProtocols: ['http/1.1'] }, (request, response) => {
    seen.push(request.httpVersion);
    response.end('well');
  });
  const older = createHttpsServer(pair, (request, response) => {
    seen.push(request.httpVersion);
    response.end('well');
  });
  for (const server of [modern, old, older]) {
    server.on('tlsClientError', () => {});
    t.after(() => server.close());
    const target = { host: '127.0.0.1', port: await listeningPort(server), tls: true };
    const asked = await probeEither(target, { ...spec, kind: 'http', body: 'well' }, tls);
    assert.deepEqual(asked, { reason: ProbeReason.passed, status: 200 });
  }
  assert.deepEqual(seen, ['2.0', '1.1', '1.1']);
});

test('a service that says it does not serve gets no calls until it says that it does', async t => {
  const [first, second] = [await startService(t), await startService(t)];
  second.statuses.set('test.Echo', NOT_SERVING);
  first.statuses.set('test.Echo', SERVING);
  const gateway = await startGateway(`listeners:
  - { address: "127.0.0.1:{{port}}", protocols: [h2c] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
upstreams:
  echo:
    endpoints: ["http://127.0.0.1:${first.port}", "http://127.0.0.1:${second.port}"]
    protocol: h2c
    balance: roundRobin
    healthCheck: { grpc: test.Echo, interval: 300ms, timeout: 300ms, unhealthyAfter: 2, healthyAfter: 2 }
routes: [{ name: echo, match: { path: /test.Echo/* }, public: true, to: echo }]
`);
  t.after(() => gateway.stop());
  const Client = makeGenericClientConstructor({ unary: method('/test.Echo/Unary') }, 'test.Echo');
  const client = new Client(`127.0.0.1:${gateway.port}`, credentials.createInsecure());
  t.after(() => client.close());
  const call = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const same = (value: Buffer): Buffer => value;
      client.makeUnaryRequest('/test.Echo/Unary', same, same, Buffer.from('x'), error =>
        error === null ? resolve() : reject(error),
      );
    });
  const until = async (pattern: RegExp): Promise<void> => {
    const end = performance.now() + 20_000;
    while (!pattern.test(gateway.stderr())) {
      assert.ok(performance.now() < end, gateway.stderr());
      await delay(10);
    }
  };
  await until(/endpoint is unhealthy.*says that it does not serve/);
  const before = second.calls;
  for (let i = 0; i < 10; i++) await call();
  assert.deepEqual([first.calls, second.calls - before], [10, 0]);
  second.statuses.set('test.Echo', SERVING);
  await until(/endpoint is healthy/);
  for (let i = 0; i < 10; i++) await call();
  assert.equal(second.calls - before, 5);
});
