// gRPC passes completely, between the reference library's client and server: every kind of call, deadlines, cancellation, status.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { type CallOptions, type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Fault, type FaultCode } from '../../../src/base/fault.ts';
import type { Filter } from '../../../src/exchange/filter.ts';
import { schema as forwardAuthSchema } from '../../../src/filters/forward-auth/config.ts';
import { forwardAuthFilter } from '../../../src/filters/forward-auth/filter.ts';
import { type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { filterServices } from '../../support/filter-services.ts';
import { type EchoHandlers, echoClient, echoService, startEcho } from '../../support/grpc-echo.ts';
import { H2Client, request } from '../../support/h2-client.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { breakerSpec } from '../../support/resilience-settings.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

async function start(t: TestContext, handlers: EchoHandlers = {}, options: EngineOptions = {}) {
  const server = await startEcho(handlers);
  const engine = await startEngine([server.port], {
    protocols: ['h2c'],
    ...options,
    upstream: { protocol: 'h2c', ...options.upstream },
  });
  const client = echoClient(engine.port);
  t.after(async () => {
    client.close();
    server.stop();
    await engine.stop();
  });
  return { client, engine, server };
}

type Client = Awaited<ReturnType<typeof start>>['client'];

interface UnaryAnswer {
  readonly value: Buffer | undefined;
  readonly error: ServiceError | null;
  readonly trailers: Metadata;
}

function unary(
  client: Client,
  message: Buffer,
  options: CallOptions = {},
  metadata = new Metadata(),
): Promise<UnaryAnswer> {
  const { path, requestSerialize, responseDeserialize } = echoService.unary;
  return new Promise(resolve => {
    let trailers = new Metadata();
    let answer: Pick<UnaryAnswer, 'value' | 'error'> | null = null;
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      metadata,
      options,
      (error, value) => {
        answer = { value, error };
      },
    );
    call.on('status', outcome => {
      trailers = outcome.metadata;
      setImmediate(() => resolve({ ...answer!, trailers }));
    });
  });
}

/** A gateway before an HTTP/2 service, and a client that writes its own frames. */
async function callerBefore(t: TestContext, server: Http2Server) {
  const port = await listeningPort(server);
  const engine = await startEngine([port], { protocols: ['h2c'], upstream: { protocol: 'h2c' } });
  t.after(async () => {
    await engine.stop();
    server.close();
  });
  return { caller: await H2Client.open(engine.port), engine };
}

function talk(client: Client, options: CallOptions = {}): ClientDuplexStream<Buffer, Buffer> {
  const { path, requestSerialize, responseDeserialize } = echoService.talk;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), options);
}

test('a unary call with its metadata, and a status of the service', async t => {
  const { client } = await start(t, {
    unary(call, callback) {
      const trailers = new Metadata();
      trailers.set('x-trailer', 'behind');
      trailers.set('x-bytes-bin', Buffer.of(0, 255));
      if (call.request.toString() === 'fail')
        callback({ code: status.ALREADY_EXISTS, details: 'a % and \u00e9' }, null, trailers);
      else callback(null, Buffer.from(`${call.request} ${call.metadata.get('x-sent').join()}`), trailers);
    },
  });
  const metadata = new Metadata();
  metadata.set('x-sent', 'before');
  const good = await unary(client, Buffer.from('hi'), {}, metadata);
  assert.equal(good.value?.toString(), 'hi before');
  assert.deepEqual(good.trailers.get('x-trailer'), ['behind']);
  assert.deepEqual(good.trailers.get('x-bytes-bin'), [Buffer.of(0, 255)]);
  const bad = await unary(client, Buffer.from('fail'));
  assert.equal(bad.error?.code, status.ALREADY_EXISTS);
  assert.equal(bad.error?.details, 'a % and \u00e9');
  assert.deepEqual(bad.trailers.get('x-trailer'), ['behind']);
});

test('streams of clients and of servers', async t => {
  const { client } = await start(t);
  const { collect, spread } = echoService;
  const collected = await new Promise<Buffer | undefined>((resolve, reject) => {
    const call = client.makeClientStreamRequest(
      collect.path,
      collect.requestSerialize,
      collect.responseDeserialize,
      (error, value) => (error === null ? resolve(value) : reject(error)),
    );
    for (let i = 0; i < 100; i++) call.write(Buffer.of(i));
    call.end();
  });
  assert.deepEqual(collected, Buffer.from(Array.from({ length: 100 }, (_, i) => i)));
  const call = client.makeServerStreamRequest(
    spread.path,
    spread.requestSerialize,
    spread.responseDeserialize,
    collected!,
  );
  const pieces: Buffer[] = [];
  for await (const piece of call as AsyncIterable<Buffer>) pieces.push(piece);
  assert.deepEqual(Buffer.concat(pieces), collected);
});

test('100 conversations at once, each word answered before the next is said', async t => {
  const { client } = await start(t);
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const call = talk(client);
      const answers: string[] = [];
      for (let word = 0; word < 10; word++) {
        call.write(Buffer.from(`${i}:${word}`));
        const [answer] = (await once(call, 'data')) as [Buffer];
        answers.push(answer.toString());
      }
      call.end();
      await once(call, 'end');
      assert.deepEqual(
        answers,
        Array.from({ length: 10 }, (_, word) => `${i}:${word}`),
      );
    }),
  );
});

test('a conversation in which the caller is quiet, and one that the service answers at its end, outlast bodyTimeout and minimumRate', async t => {
  const { client, engine } = await start(
    t,
    {
      talk(call) {
        call.write(Buffer.from('hello'));
        call.on('data', (piece: Buffer) => call.write(piece));
        call.on('end', () => call.end());
      },
    },
    { limits: { bodyTimeoutMs: 200, minimumRateBytesPerSecond: 10_000 } },
  );
  const talking = talk(client);
  await once(talking, 'data');
  const { collect } = echoService;
  const collected = new Promise<Buffer | undefined>((resolve, reject) => {
    const call = client.makeClientStreamRequest(
      collect.path,
      collect.requestSerialize,
      collect.responseDeserialize,
      (error, value) => (error === null ? resolve(value) : reject(error)),
    );
    call.write(Buffer.from('a'));
    setTimeout(() => call.write(Buffer.from('b')), 900);
    setTimeout(() => call.write(Buffer.from('c')), 1_200);
    setTimeout(() => call.end(), 1_900);
  });
  assert.equal((await collected)?.toString(), 'abc');
  talking.write(Buffer.from('still there'));
  const [answer] = (await once(talking, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'still there');
  talking.end();
  await once(talking, 'end');
  assert.equal(engine.refusals('body_timeout'), 0);
});

for (const bodyTimeoutMs of [100, 30_000]) {
  test(`a caller that is quieter than the upstream allows is DEADLINE_EXCEEDED, before and behind the beginning of the answer, with a bodyTimeout of ${bodyTimeoutMs} ms`, {
    timeout: 10_000,
  }, async t => {
    const { client, engine } = await start(
      t,
      { talk: call => call.write(Buffer.from('hello')) },
      { limits: { bodyTimeoutMs }, upstream: { idleTimeoutMs: 400 } },
    );
    const { collect } = echoService;
    const error = await new Promise<ServiceError | null>(resolve => {
      const call = client.makeClientStreamRequest(
        collect.path,
        collect.requestSerialize,
        collect.responseDeserialize,
        resolve,
      );
      call.write(Buffer.from('a'));
    });
    assert.equal(error?.code, status.DEADLINE_EXCEEDED);
    assert.equal(engine.refusals('body_timeout'), 1);
    const talking = talk(client);
    const failed = once(talking, 'error') as Promise<[ServiceError]>;
    await once(talking, 'data');
    assert.notEqual((await failed)[0].code, status.OK);
    assert.equal(engine.refusals('upstream_idle_timeout'), 1);
    await eventually(() => engine.gateway.inFlight === 0, 'it is over for the gateway');
  });
}

test('messages of 16 MiB pass both ways', async t => {
  const { client } = await start(t);
  const message = Buffer.alloc(16 * 1024 * 1024, 'cardea ');
  const { value, error } = await unary(client, message);
  assert.equal(error, null);
  assert.ok(value?.equals(message));
});

test('the deadline of the caller is the deadline of the exchange', async t => {
  let cancelled = 0;
  const { client, engine } = await start(t, {
    unary(call) {
      call.on('cancelled', () => cancelled++);
    },
  });
  const { error } = await unary(client, Buffer.from('x'), { deadline: Date.now() + 200 });
  assert.equal(error?.code, status.DEADLINE_EXCEEDED);
  await eventually(() => cancelled > 0, 'the upstream is told');
  await eventually(() => engine.gateway.inFlight === 0, 'it is over for the gateway');
});

test('a caller that does not end its call at its deadline by itself is told, and so is a service that does not', async t => {
  const server = createServer();
  const resets: number[] = [];
  server.on('stream', stream => {
    stream.on('error', () => {});
    stream.on('close', () => resets.push(stream.rstCode));
  });
  const { caller } = await callerBefore(t, server);
  const began = performance.now();
  const call = request('POST', '/a.Service/Hang', ['content-type', 'application/grpc'], ['grpc-timeout', '300m']);
  caller.headers(1, call, false);
  caller.data(1, '\0\0\0\0\x01x', true);
  const answer = await caller.answer(1);
  const tookMs = performance.now() - began;
  const fields = new Map(answer.headers);
  assert.deepEqual([answer.status, fields.get('grpc-status')], [200, String(status.DEADLINE_EXCEEDED)]);
  assert.match(fields.get('proxy-status') ?? '', /details="exchange_timeout"/);
  assert.ok(tookMs >= 280, `${tookMs} ms`);
  await eventually(() => resets.length === 1, 'the service is told');
  assert.equal(resets[0], constants.NGHTTP2_CANCEL);
  caller.close();
});

test('callers who give a service no time do not open its circuit breaker for others; a `timeout` of ours does', async t => {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/a.Service/Answer') stream.respond({ 'grpc-status': '0' }, { endStream: true });
  });
  const port = await listeningPort(server);
  t.after(() => server.close());
  for (const timeoutMs of [0, 60]) {
    const upstream = { protocol: 'h2c', breaker: breakerSpec({ failures: 2 }), timeoutMs } as const;
    const engine = await startEngine([port], { protocols: ['h2c'], upstream });
    t.after(() => engine.stop());
    const caller = await H2Client.open(engine.port);
    const ask = async (id: number, path: string): Promise<string | undefined> => {
      const grpcTimeout = ['grpc-timeout', timeoutMs === 0 ? '10m' : '10S'] as const;
      caller.headers(id, request('POST', path, ['content-type', 'application/grpc'], grpcTimeout), true);
      return new Map((await caller.answer(id)).headers).get('grpc-status');
    };
    for (const id of [1, 3, 5]) await ask(id, '/a.Service/Hang');
    const expected = timeoutMs === 0 ? status.OK : status.UNAVAILABLE;
    assert.equal(await ask(7, '/a.Service/Answer'), String(expected));
    caller.close();
  }
});

test('a service that resets a call at its deadline is DEADLINE_EXCEEDED, as if the gateway had been first', async t => {
  const server = createServer();
  server.on('stream', stream => {
    stream.on('error', () => {});
    // Like grpc-go. Its timer is finer than the gateway's, which counts in tens of milliseconds.
    const endsAt = performance.now() + 101;
    const look = (): void => {
      if (performance.now() < endsAt) setImmediate(look);
      else stream.close(constants.NGHTTP2_CANCEL);
    };
    look();
  });
  const { caller, engine } = await callerBefore(t, server);
  for (let id = 1; id < 20; id += 2) {
    const call = request('POST', '/a.Service/Hang', ['content-type', 'application/grpc'], ['grpc-timeout', '100m']);
    caller.headers(id, call, false);
    caller.data(id, '\0\0\0\0\x01x', true);
    const answer = await caller.answer(id);
    assert.equal(new Map(answer.headers).get('grpc-status'), String(status.DEADLINE_EXCEEDED));
  }
  assert.equal(engine.refusals('upstream_reset'), 0);
  caller.close();
});

test('a caller that cancels cancels at the service, and a service that stops is heard by the caller', async t => {
  let cancelled = 0;
  const { client, server } = await start(t, {
    talk(call) {
      call.on('cancelled', () => cancelled++);
      call.write(Buffer.from('begun'));
    },
  });
  const call = talk(client);
  call.on('error', () => {});
  await once(call, 'data');
  call.cancel();
  await eventually(() => cancelled > 0, 'the upstream is told');
  const second = talk(client);
  const failed = once(second, 'error') as Promise<[ServiceError]>;
  await once(second, 'data');
  server.stop();
  const [error] = await failed;
  assert.ok(
    error.code === status.UNAVAILABLE || error.code === status.INTERNAL || error.code === status.CANCELLED,
    String(error.code),
  );
});

const refusals: readonly (readonly [FaultCode, number])[] = [
  ['credentials_missing', status.UNAUTHENTICATED],
  ['access_denied', status.PERMISSION_DENIED],
  ['rate_limited', status.RESOURCE_EXHAUSTED],
  ['filter_failed', status.INTERNAL],
];
for (const [code, expected] of refusals) {
  test(`the gateway's own ${code} is a gRPC status`, async t => {
    const refusing: Filter = { onRequest: exchange => exchange.refuse(new Fault(code, 'Said by the test: 100 %.')) };
    const { client } = await start(t, {}, { filters: [refusing] });
    const { error } = await unary(client, Buffer.from('x'));
    assert.equal(error?.code, expected);
    assert.equal(error?.details, 'Said by the test: 100 %.');
  });
}

test('what the service of forwardAuth refuses is a gRPC status, not its page', async t => {
  let answer: readonly [status: number, headers: Record<string, string>] = [401, {}];
  const service = createHttpServer((_request, response) => response.writeHead(...answer).end('<h1>Log in</h1>'));
  const port = await listeningPort(service);
  t.after(() => {
    service.closeAllConnections();
    service.close();
  });
  const config = forwardAuthSchema.parse({ url: `http://127.0.0.1:${port}/` });
  const filter = forwardAuthFilter.build(config, filterServices({ events: forwardAuthFilter.events ?? [] }));
  const { client } = await start(t, {}, { filters: [filter] });
  for (const [said, expected] of [
    [401, status.UNAUTHENTICATED],
    [302, status.UNAUTHENTICATED],
    [403, status.PERMISSION_DENIED],
    [404, status.PERMISSION_DENIED],
    [429, status.RESOURCE_EXHAUSTED],
    [500, status.UNAVAILABLE],
  ] as const) {
    answer = [said, { 'www-authenticate': 'Bearer realm="there"', location: 'https://login.example.com/' }];
    const { error, trailers } = await unary(client, Buffer.from('x'));
    assert.equal(error?.code, expected, String(said));
    assert.doesNotMatch(error?.details ?? '', /HTTP|Log in/);
    assert.deepEqual(trailers.get('www-authenticate'), said < 500 ? ['Bearer realm="there"'] : []);
  }
  answer = [204, {}];
  assert.equal((await unary(client, Buffer.from('x'))).error, null);
});

test('a service that is not there is UNAVAILABLE', async t => {
  const { client, server } = await start(t);
  server.stop();
  const { error } = await unary(client, Buffer.from('x'));
  assert.equal(error?.code, status.UNAVAILABLE);
});
