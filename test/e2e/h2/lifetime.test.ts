// How HTTP/2 connections live and end: drain with GOAWAY, idle time, PING, limits of heads and times, too many streams.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import {
  block,
  Flag,
  FrameType,
  frame,
  get,
  H2Client,
  preface,
  request,
  settings,
  uint32,
} from '../../support/h2-client.ts';
import { type RawBackend, startRawBackend } from '../../support/raw-backend.ts';

/** Runs with a gateway and a backend that answers `/late` when released, and everything else at once. */
async function withGateway(
  options: EngineOptions,
  run: (parts: { engine: Engine; backend: RawBackend; release: () => void }) => Promise<void>,
): Promise<void> {
  let release = (): void => {};
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  const backend = await startRawBackend({
    onRequest({ socket }, { path, body }) {
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 2}\r\n\r\nok${body}`;
      if (path === '/late') void released.then(() => socket.write(answer));
      else if (path !== '/hang') socket.write(answer);
    },
  });
  const engine = await startEngine([backend.port], { protocols: ['h2c'], ...options });
  try {
    await run({ engine, backend, release });
  } finally {
    release();
    await engine.stop();
    await backend.stop();
  }
}

describe('drain', () => {
  test('announces, takes what is on its way, finishes what is open, then closes', async () => {
    await withGateway({}, async ({ engine, release }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/late'));
      await eventually(() => engine.gateway.inFlight === 1, 'the first request');
      const drained = engine.gateway.drain(5_000);
      await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.goaway));
      const [first] = client.frames.filter(({ type }) => type === FrameType.goaway);
      assert.deepEqual([first!.payload.readUInt32BE(0), first!.payload.readUInt32BE(4)], [0x7fffffff, 0]);
      // This request was sent before the announcement could be read.
      client.headers(3, get('/in-time'));
      assert.equal((await client.answer(3)).status, 200);
      await client.until(({ frames }) => frames.filter(({ type }) => type === FrameType.goaway).length === 2);
      const last = client.frames.findLast(({ type }) => type === FrameType.goaway)!;
      assert.deepEqual([last.payload.readUInt32BE(0), last.payload.readUInt32BE(4)], [3, 0]);
      client.headers(5, get('/too-late'));
      assert.equal((await client.answer(5)).reset, 7);
      release();
      assert.equal((await client.answer(1)).body, 'ok');
      assert.equal(await client.end(), 0);
      client.socket.end();
      await drained;
    });
  });

  test('a stream that was refused is not named as processed by a later GOAWAY', async () => {
    await withGateway({}, async ({ engine, release }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/late'));
      await eventually(() => engine.gateway.inFlight === 1, 'the first request');
      const drained = engine.gateway.drain(5_000);
      const goaways = () => client.frames.filter(({ type }) => type === FrameType.goaway);
      await client.until(() => goaways().length === 2);
      client.headers(3, get('/too-late'));
      assert.equal((await client.answer(3)).reset, 7);
      // DATA for no stream ends the connection.
      client.data(0, 'x');
      assert.equal(await client.end(), 1);
      assert.deepEqual(
        goaways().map(({ payload }) => payload.readUInt32BE(0)),
        [0x7fffffff, 1, 1],
      );
      release();
      client.socket.end();
      await drained;
    });
  });

  test('what takes too long is cut, and not by its client', async () => {
    await withGateway({}, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/hang'));
      await eventually(() => engine.gateway.inFlight === 1, 'the request is under way');
      await engine.gateway.drain(300);
      assert.equal(engine.gateway.inFlight, 0);
      const [line] = await engine.accessLines();
      assert.deepEqual([line!.status, line!.code], [503, 'drain_timeout']);
      client.socket.destroy();
    });
  });

  test('a client that acknowledges the announcement is told the last stream at once', async () => {
    /** Milliseconds from the announcement to the end of a connection that acknowledges it. */
    const endsAfterMs = async (): Promise<number> => {
      let tookMs = 0;
      await withGateway({}, async ({ engine }) => {
        const client = await H2Client.open(engine.port);
        client.headers(1, get('/a'));
        await client.answer(1);
        const since = performance.now();
        const drained = engine.gateway.drain(5_000);
        await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.ping));
        client.send(
          frame(FrameType.ping, Flag.ack, 0, client.frames.find(({ type }) => type === FrameType.ping)!.payload),
        );
        assert.equal(await client.end(), 0);
        tookMs = performance.now() - since;
        client.socket.end();
        await drained;
      });
      return tookMs;
    };
    // The gateway waits 250 ms for a client that does not acknowledge. A busy machine may take as long for the rest, but not each time.
    const times: number[] = [];
    while (times.length < 10 && !times.some(ms => ms < 200)) times.push(await endsAfterMs());
    assert.ok(
      times.some(ms => ms < 200),
      `none of ${times.map(Math.round).join(', ')} ms is at once`,
    );
  });

  test('the last request that a connection may bring announces the end', async () => {
    await withGateway({ limits: { requestsPerConnectionMax: 2 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/a'));
      assert.equal((await client.answer(1)).status, 200);
      assert.equal(client.goaway, null);
      client.headers(3, get('/b'));
      assert.equal((await client.answer(3)).status, 200);
      assert.equal(await client.end(), 0);
    });
  });
});

describe('the last response of a connection', () => {
  test('arrives whole, however slowly its client reads', async t => {
    const size = 8 * 1_024 * 1_024;
    const backend = await startRawBackend({
      onRequest({ socket }) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        socket.write(Buffer.alloc(size, 'x'));
      },
    });
    const engine = await startEngine([backend.port], { protocols: ['h2c'] });
    const client = await H2Client.open(engine.port, settings([4, 2 * size]));
    const { socket } = client;
    t.after(async () => {
      client.close();
      await engine.stop();
      await backend.stop();
    });
    // Windows are no limit: what is sent waits in the kernel, and in the gateway.
    client.send(frame(FrameType.windowUpdate, 0, 0, uint32(2 * size)));
    socket.on('data', ({ length }: Buffer) => {
      client.send(frame(FrameType.windowUpdate, 0, 0, uint32(length)));
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    client.headers(1, get('/'));
    // No further request will come: the connection ends with this response.
    client.send(frame(FrameType.goaway, 0, 0, uint32(0, 0)));
    const { ended, body } = await client.answer(1);
    assert.deepEqual([body.length, ended], [size, true]);
    assert.equal(await client.end(), null);
  });
});

describe('time', () => {
  test('an idle connection is closed with NO_ERROR', async () => {
    await withGateway({ limits: { keepAliveTimeoutMs: 150 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/a'));
      await client.answer(1);
      assert.equal(await client.end(), 0);
      await eventually(() => engine.gateway.connections === 0, 'the end of the connection');
    });
  });

  test('an idle connection announces its end first: a request that was on its way is served', async () => {
    await withGateway({ limits: { keepAliveTimeoutMs: 150 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/a'));
      await client.answer(1);
      await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.goaway));
      const [first] = client.frames.filter(({ type }) => type === FrameType.goaway);
      assert.deepEqual([first!.payload.readUInt32BE(0), first!.payload.readUInt32BE(4)], [0x7fffffff, 0]);
      // This request was sent before the announcement could be read.
      client.headers(3, get('/in-time'));
      assert.equal((await client.answer(3)).status, 200);
      assert.equal(await client.end(), 0);
      const last = client.frames.findLast(({ type }) => type === FrameType.goaway)!;
      assert.deepEqual([last.payload.readUInt32BE(0), last.payload.readUInt32BE(4)], [3, 0]);
    });
  });

  test('an open stream keeps a connection from being idle', async () => {
    await withGateway({ limits: { keepAliveTimeoutMs: 100 } }, async ({ engine, release }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/late'));
      await delay(400);
      assert.equal(client.closed, false);
      release();
      assert.equal((await client.answer(1)).status, 200);
      assert.equal(await client.end(), 0);
    });
  });

  test('a client that never begins is cut', async () => {
    await withGateway({ limits: { headerTimeoutMs: 120 } }, async ({ engine }) => {
      const silent = new H2Client(engine.port);
      assert.equal(await silent.end(), 4);
      const half = new H2Client(engine.port);
      half.send(preface.slice(0, 10));
      assert.equal(await half.end(), 4);
      assert.equal(engine.http2Errors('preface_timeout'), 2);
    });
  });

  test('a head that does not end is cut, however slowly it drips', async () => {
    await withGateway({ limits: { headerTimeoutMs: 200 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      const bytes = block(get('/drip', ['x-a', 'v'.repeat(200)]));
      client.send(frame(FrameType.headers, 0, 1, bytes.subarray(0, 20)));
      const timer = setInterval(() => client.send(frame(FrameType.continuation, 0, 1, 'x')), 40).unref();
      assert.equal(await client.end(), 11);
      clearInterval(timer);
      assert.equal(engine.http2Errors('header_timeout'), 1);
      client.close();
    });
  });

  test('uploads whose reads end inside a frame’s header do not count as a head that does not end', async () => {
    await withGateway({ limits: { headerTimeoutMs: 600 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, request('POST', '/echo'), false);
      const piece = frame(FrameType.data, 0, 1, 'abc');
      client.send(piece.subarray(0, 4));
      for (let round = 0; round < 12; round++) {
        await delay(60);
        client.send(Buffer.concat([piece.subarray(4), piece.subarray(0, 4)]));
      }
      client.send(piece.subarray(4), frame(FrameType.data, Flag.endStream, 1));
      assert.equal((await client.answer(1)).body, `ok${'abc'.repeat(13)}`);
      client.close();
    });
  });

  test('a body that does not come is 408', async () => {
    await withGateway({ limits: { bodyTimeoutMs: 120 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, request('POST', '/echo'), false);
      client.data(1, 'a');
      const answer = await client.answer(1);
      assert.equal(answer.status, 408);
      assert.equal(JSON.parse(answer.body).code, 'body_timeout');
      await client.until(() => client.seen(1).reset === 0);
      client.headers(3, get('/a'));
      assert.equal((await client.answer(3)).status, 200);
      client.close();
    });
  });

  test('a silent client with a request under way is asked, and cut when it does not answer', async () => {
    await withGateway({ http2: { pingIntervalMs: 100 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/hang'));
      let answered = 0;
      const timer = setInterval(() => {
        const pings = client.frames.filter(({ type, flags }) => type === FrameType.ping && flags === 0);
        for (; answered < Math.min(2, pings.length); answered++)
          client.send(frame(FrameType.ping, Flag.ack, 0, pings[answered]!.payload));
      }, 5).unref();
      await client.end();
      clearInterval(timer);
      assert.ok(client.frames.filter(({ type }) => type === FrameType.ping).length >= 3);
      assert.equal(engine.http2Errors('ping_timeout'), 1);
      await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
      client.close();
    });
  });

  test('a client that has sent FIN cannot answer a PING: it gets its response, however late', async () => {
    await withGateway({ http2: { pingIntervalMs: 50 } }, async ({ engine, release }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, get('/late'));
      client.socket.end();
      // Two come at once, and one with every interval that is over.
      await client.until(({ frames }) => frames.filter(({ type }) => type === FrameType.ping).length >= 6);
      release();
      assert.equal((await client.answer(1)).body, 'ok');
      assert.equal(await client.end(), null);
      assert.equal(engine.http2Errors('ping_timeout'), 0);
      client.close();
    });
  });
});

describe('limits of a request', () => {
  const answers: readonly (readonly [
    name: string,
    EngineOptions['limits'],
    fields: ReturnType<typeof get>,
    status: number,
    code: string,
  ])[] = [
    ['a long path', { requestLineBytesMax: 64 }, get(`/${'a'.repeat(80)}`), 414, 'uri_too_long'],
    [
      'many fields',
      { headerCountMax: 5 },
      get('/', ...Array.from({ length: 6 }, (_, at) => [`x-${at}`, 'v'] as const)),
      431,
      'header_too_large',
    ],
    ['large fields', { headerBytesMax: 1024 }, get('/', ['x-large', 'v'.repeat(1500)]), 431, 'header_too_large'],
    ['an unknown method', {}, request('BREW', '/'), 501, 'method_not_implemented'],
    ['a method in lower case', {}, request('get', '/'), 501, 'method_not_implemented'],
    ['an unknown expectation', {}, get('/', ['expect', 'more']), 417, 'expectation_failed'],
    [
      'CONNECT',
      {},
      [
        [':method', 'CONNECT'],
        [':authority', 'a.test:443'],
      ],
      501,
      'method_not_implemented',
    ],
    [
      'an unknown protocol',
      {},
      [
        [':method', 'CONNECT'],
        [':protocol', 'connect-udp'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'a'],
      ],
      501,
      'method_not_implemented',
    ],
    [
      'an unknown scheme',
      {},
      [
        [':method', 'GET'],
        [':scheme', 'ftp'],
        [':path', '/'],
        [':authority', 'a'],
      ],
      400,
      'malformed_target',
    ],
    [
      'no host at all',
      {},
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
      ],
      400,
      'invalid_host',
    ],
    [
      'user information in the host',
      {},
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'u@h'],
      ],
      400,
      'invalid_host',
    ],
    [
      'a body over the limit, announced',
      { bodyBytesMax: 10 },
      request('POST', '/', ['content-length', '11']),
      413,
      'body_too_large',
    ],
  ];
  for (const [name, limits, fields, status, code] of answers)
    test(`${name} is ${status}`, async () => {
      await withGateway({ limits: limits ?? {} }, async ({ engine }) => {
        const client = await H2Client.open(engine.port);
        client.headers(1, fields, status !== 413);
        const answer = await client.answer(1);
        assert.deepEqual([answer.status, JSON.parse(answer.body).code], [status, code]);
        assert.equal(engine.refusals(answer.status === 413 ? 'body_too_large' : JSON.parse(answer.body).code), 1);
        client.headers(3, [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/f'],
          [':authority', 'a'],
        ]);
        assert.equal((await client.answer(3)).status, 200);
        const lines = await engine.accessLines();
        assert.equal(lines[0]!.status, status);
        client.close();
      });
    });

  test('a body over the limit, found on the way, is 413', async () => {
    await withGateway({ limits: { bodyBytesMax: 10 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, request('POST', '/'), false);
      client.data(1, '0123456789');
      client.data(1, 'a', true);
      assert.equal((await client.answer(1)).status, 413);
      client.close();
    });
  });

  test('HEAD that is refused has no body', async () => {
    await withGateway({ limits: { requestLineBytesMax: 64 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      client.headers(1, request('HEAD', `/${'a'.repeat(80)}`));
      const answer = await client.answer(1);
      assert.deepEqual([answer.status, answer.body, answer.ended], [414, '', true]);
      client.close();
    });
  });

  test('HEAD whose fields are too large has no body either, and a gRPC call gets a status', async () => {
    await withGateway({ limits: { headerBytesMax: 1024 } }, async ({ engine }) => {
      const client = await H2Client.open(engine.port);
      const large = ['x-large', 'v'.repeat(1500)] as const;
      client.headers(1, [...request('HEAD', '/'), large]);
      const toHead = await client.answer(1);
      assert.deepEqual([toHead.status, toHead.body, toHead.ended], [431, '', true]);
      const type = ['content-type', 'application/grpc+proto'] as const;
      // grpc-js writes the caller's metadata in front of the content type.
      for (const [at, fields] of [
        [type, large],
        [large, type],
      ].entries()) {
        const stream = 3 + 2 * at;
        client.headers(stream, [...request('POST', '/a.B/C'), ...fields], false);
        const { status, body, ended, headers } = await client.answer(stream);
        assert.deepEqual([status, body, ended], [200, '', true]);
        const field = (name: string) => headers.find(([each]) => each === name)?.[1];
        // RESOURCE_EXHAUSTED.
        assert.deepEqual([field('content-type'), field('grpc-status')], ['application/grpc', '8']);
        assert.match(String(field('proxy-status')), /header_too_large/);
      }
      client.close();
    });
  });

  test('more streams than allowed are refused, and can be tried again', async () => {
    await withGateway({ http2: { maxConcurrentStreams: 2 } }, async ({ engine, release }) => {
      const client = await H2Client.open(engine.port);
      const announced = client.frames.find(({ type, flags }) => type === FrameType.settings && flags === 0)!;
      assert.ok(announced.payload.includes(settings([3, 2])));
      for (const stream of [1, 3, 5]) client.headers(stream, get('/late'));
      assert.equal((await client.answer(5)).reset, 7);
      release();
      for (const stream of [1, 3]) assert.equal((await client.answer(stream)).status, 200);
      client.headers(7, get('/late'));
      assert.equal((await client.answer(7)).status, 200);
      assert.equal(engine.http2Errors('refused_stream'), 1);
      client.close();
    });
  });

  test('a connection beyond limits.connections is closed at once', async () => {
    await withGateway({ limits: { connectionsMax: 1 } }, async ({ engine }) => {
      const first = await H2Client.open(engine.port);
      const second = new H2Client(engine.port);
      assert.equal(await second.end(), null);
      first.close();
    });
  });

  test('a window that was made smaller holds answers back until it is opened', async () => {
    await withGateway({}, async ({ engine }) => {
      const client = await H2Client.open(engine.port, settings([4, 3]));
      client.headers(1, request('POST', '/echo'), false);
      client.data(1, 'abcdef', true);
      await client.until(() => client.seen(1).body === 'oka');
      client.send(frame(FrameType.settings, 0, 0, settings([4, 0])));
      client.send(frame(FrameType.windowUpdate, 0, 1, uint32(3)));
      await client.until(
        ({ frames }) => frames.filter(({ type, flags }) => type === FrameType.settings && flags === 1).length === 2,
      );
      await delay(30);
      // 3 bytes sent, so the window is 0 - 3 + 3.
      assert.equal(client.seen(1).body, 'oka');
      client.send(frame(FrameType.settings, 0, 0, settings([4, 100])));
      assert.equal((await client.answer(1)).body, 'okabcdef');
      client.close();
    });
  });
});
