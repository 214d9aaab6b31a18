// HTTP/2 upstreams in trouble, and slow ones: connections that end, streams that are given up, windows that close, and what the client
// sees of it. Frames over bare sockets, so that each is sent when the test decides.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { Filter } from '../../../src/exchange/filter.ts';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import { Flag, FrameType, frame, settings, uint32 } from '../../support/h2-client.ts';
import type { SeenRequest } from '../../support/h2-server.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { breakerSpec, retrySpec } from '../../support/resilience-settings.ts';
import { type Outcome, outcomeOf, start } from './h2-endpoint.ts';

function open({ port }: Engine, method: string, path = '/', headers: Record<string, string | number> = {}) {
  return httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
}

async function ask(engine: Engine, method = 'GET', path = '/', body?: Buffer | string): Promise<Outcome> {
  const request = open(engine, method, path);
  request.on('error', () => {});
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return outcomeOf(response);
}

const ok = [[':status', '200']] as const;
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const FLOW_CONTROL_ERROR = 3;
const REFUSED_STREAM = 7;
const CANCEL = 8;
const HTTP_1_1_REQUIRED = 13;

const room = (stream: number, bytes: number): Buffer => frame(FrameType.windowUpdate, 0, stream, uint32(bytes));

// ---- The connection --------------------------------------------------------------------------------------------------

for (const [name, greeting] of [
  ['HTTP/1.1', Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')],
  ['garbage', Buffer.alloc(100, 0xff)],
  ['a frame other than SETTINGS', frame(FrameType.ping, 0, 0, '12345678')],
  ['an answer to SETTINGS', frame(FrameType.settings, Flag.ack, 0)],
] as const) {
  test(`an endpoint that begins with ${name} is no endpoint`, async t => {
    const { engine, server } = await start(t, { greeting });
    const got = await ask(engine);
    assert.deepEqual([got.status, got.code], [503, 'upstream_connect_failed']);
    await server.until(() => server.connections.every(({ closed }) => closed));
  });
}

for (const [name, greeting] of [
  ['never sends SETTINGS', null],
  ['takes no streams', frame(FrameType.settings, 0, 0, settings([3, 0]))],
] as const) {
  test(`an endpoint that ${name} has as long as it has to connect`, async t => {
    const { engine, server } = await start(t, { greeting }, { pool: { connectTimeoutMs: 150 } });
    const got = await ask(engine);
    assert.deepEqual([got.status, got.code], [504, 'upstream_connect_timeout']);
    await server.until(() => server.connections.every(({ closed }) => closed));
    assert.equal(server.requests.length, 0);
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
  });
}

test('an endpoint that takes no streams and says GOAWAY is refused at once, and asked again by the next request', async t => {
  let leaves = true;
  const { engine, server } = await start(t, {
    greeting: null,
    onConnection(connection) {
      connection.send(frame(FrameType.settings, 0, 0, settings([3, leaves ? 0 : 100])));
      if (leaves) connection.send(frame(FrameType.goaway, 0, 0, uint32(0, 0)));
    },
    onRequest: ({ connection, stream }) => connection.answer(stream, 'back'),
  });
  const refused = await ask(engine);
  assert.deepEqual([refused.status, refused.code], [503, 'upstream_connect_failed']);
  await server.until(() => server.connections.every(({ closed }) => closed));
  assert.equal(engine.upstreamCell('connectionsActive'), 0);
  leaves = false;
  assert.equal((await ask(engine)).status, 200);
  assert.deepEqual([engine.upstreamCell('connectionsActive'), engine.upstreamCell('connectionsIdle')], [0, 1]);
});

test('an endpoint that takes no streams any more has as long as it has to connect: then another connection takes the place', async t => {
  const { engine, server } = await start(
    t,
    {
      onRequest({ connection, stream }) {
        connection.answer(stream, `connection ${server.connections.indexOf(connection) + 1}`);
        connection.send(frame(FrameType.settings, 0, 0, settings([3, 0])));
      },
    },
    { pool: { maxConnections: 1, connectTimeoutMs: 150, idleTimeoutMs: 0 } },
  );
  for (const at of [1, 2, 3]) assert.equal((await ask(engine)).body, `connection ${at}`);
});

test('an endpoint that closes at once is refused, not waited for', async t => {
  const server = createServer(socket => socket.destroy());
  t.after(() => server.close());
  const engine = await startEngine([await listeningPort(server)], { upstream: { protocol: 'h2c' } });
  t.after(() => engine.stop());
  const got = await ask(engine);
  assert.deepEqual([got.status, got.code], [503, 'upstream_connect_failed']);
});

test('a connection that is cut in the middle of HEADERS gives no answer', async t => {
  const { engine } = await start(t, {
    onRequest({ connection, stream }) {
      connection.send(frame(FrameType.headers, Flag.endHeaders, stream, Buffer.alloc(100, 0x88)).subarray(0, 40));
      connection.socket.end();
    },
  });
  const got = await ask(engine);
  assert.deepEqual([got.status, got.code], [502, 'upstream_reset']);
});

test('a connection that is cut between HEADERS and CONTINUATION gives no answer', async t => {
  const { engine } = await start(t, {
    onRequest({ connection, stream }) {
      connection.send(frame(FrameType.headers, 0, stream, Buffer.of(0x88)));
      connection.socket.end();
    },
  });
  const got = await ask(engine);
  assert.deepEqual([got.status, got.code], [502, 'upstream_reset']);
});

for (const how of ['FIN', 'reset'] as const) {
  test(`a connection that is cut in the middle of DATA, by ${how}, gives no whole answer`, async t => {
    const { engine } = await start(t, {
      onRequest({ connection, stream }) {
        connection.headers(stream, ok);
        connection.send(frame(FrameType.data, Flag.endStream, stream, Buffer.alloc(1_000, 'x')).subarray(0, 500));
        setTimeout(() => (how === 'FIN' ? connection.socket.end() : connection.socket.resetAndDestroy()), 30);
      },
    });
    const got = await ask(engine);
    assert.deepEqual([got.status, got.body.length, got.whole], [200, 491, false]);
  });
}

test('GOAWAY in the middle: what it covers is answered, what it does not is sent again, whatever its method', async t => {
  const firsts: SeenRequest[] = [];
  const { engine, server } = await start(t, {
    onRequest(request) {
      const { connection, stream } = request;
      if (connection !== server.connections[0]) {
        connection.answer(stream, `again ${request.field(':method')}`);
        return;
      }
      firsts.push(request);
      if (firsts.length < 4) return;
      connection.send(frame(FrameType.goaway, 0, 0, uint32(3, NO_ERROR)));
      connection.answer(1, 'one');
      connection.answer(3, 'three');
    },
  });
  const answers: Promise<Outcome>[] = [];
  for (const method of ['POST', 'GET', 'POST', 'GET']) {
    answers.push(ask(engine, method));
    await server.until(() => server.requests.length === answers.length);
  }
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status, body }) => `${status} ${body}`),
    ['200 one', '200 three', '200 again POST', '200 again GET'],
  );
  await server.until(() => server.connections[0]!.closed);
  assert.equal(server.connections.length, 2);
});

test('requests on their way at GOAWAY, which are sent again, do not count against the endpoint; those refused for good do', async t => {
  const upstream = { breaker: breakerSpec({ failures: 2 }) };
  const { engine, server } = await start(
    t,
    {
      onRequest(request) {
        const { connection, stream } = request;
        if (connection !== server.connections[0]) connection.answer(stream, 'again');
        else if (server.requests.length === 6) connection.send(frame(FrameType.goaway, 0, 0, uint32(0, NO_ERROR)));
      },
    },
    { upstream },
  );
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(engine)));
  assert.deepEqual(
    answers.map(({ status, body }) => `${status} ${body}`),
    answers.map(() => '200 again'),
  );
  assert.equal(engine.upstreamCell('breakerOpens'), 0);
  const refusing = await start(
    t,
    {
      onRequest: ({ connection, stream }) => connection.send(frame(FrameType.reset, 0, stream, uint32(REFUSED_STREAM))),
    },
    { upstream },
  );
  const codes: string[] = [];
  for (let n = 0; n < 3; n++) codes.push((await ask(refusing.engine)).code);
  assert.deepEqual(codes, ['upstream_stream_refused', 'upstream_stream_refused', 'upstream_circuit_open']);
});

test('GOAWAY with an error and the end: what may have been looked at is repeated only where that is safe', async t => {
  const { engine, server } = await start(t, {
    onRequest({ connection, stream, field }) {
      if (connection !== server.connections[0] || stream === 1) {
        connection.answer(stream, `${field(':method')}`);
        return;
      }
      if (stream < 5) return;
      connection.send(frame(FrameType.goaway, 0, 0, uint32(5, INTERNAL_ERROR)));
      connection.socket.end();
    },
  });
  assert.equal((await ask(engine)).status, 200);
  const post = ask(engine, 'POST');
  await server.until(() => server.requests.length === 2);
  const get = ask(engine, 'GET');
  assert.deepEqual([(await post).status, (await post).code], [502, 'upstream_reset']);
  assert.deepEqual([(await get).status, (await get).body], [200, 'GET']);
});

test('an endpoint that says GOAWAY to everything is asked a few times, not for ever', async t => {
  const { engine, server } = await start(t, {
    onRequest({ connection }) {
      connection.send(frame(FrameType.goaway, 0, 0, uint32(0, NO_ERROR)));
    },
  });
  const got = await ask(engine);
  assert.deepEqual([got.status, got.code], [502, 'upstream_stream_refused']);
  assert.equal(server.requests.length, 4);
});

test('GOAWAY that is there before a write fails is still read', async t => {
  const { engine, server } = await start(t, {
    onRequest({ connection, stream }) {
      if (server.connections.length > 1) connection.answer(stream, 'again');
      else {
        // Closed with unread bytes: the kernel sends a reset, and the gateway's next write fails.
        connection.socket.pause();
        connection.send(frame(FrameType.goaway, 0, 0, uint32(0, NO_ERROR)));
        connection.socket.end();
      }
    },
  });
  const got = await ask(engine, 'POST', '/', 'body');
  assert.deepEqual([got.status, got.body], [200, 'again']);
});

// ---- Streams that end early -------------------------------------------------------------------------------------------

test('RST_STREAM without an error behind a whole answer: the answer counts, the rest of the request is not wanted', async t => {
  const { engine, server } = await start(t, {
    onRequest({ connection, stream }) {
      connection.answer(stream, 'enough', 413);
      connection.send(frame(FrameType.reset, 0, stream, uint32(NO_ERROR)));
    },
  });
  const request = open(engine, 'POST', '/', { 'content-length': 1_000_000 });
  request.on('error', () => {});
  request.write(Buffer.alloc(1_000));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const got = await outcomeOf(response);
  assert.deepEqual([got.status, got.body, got.whole], [413, 'enough', true]);
  request.destroy();
  assert.equal((await ask(engine)).body, 'enough');
  assert.equal(server.connections.length, 1);
});

for (const [name, code] of [
  ['without an error', NO_ERROR],
  ['with CANCEL', CANCEL],
  ['with HTTP_1_1_REQUIRED, which the operator hears', HTTP_1_1_REQUIRED],
] as const) {
  test(`RST_STREAM ${name} in front of the end is no end`, async t => {
    const { engine, server } = await start(t, {
      onRequest({ connection, stream, field }) {
        if (field(':path') === '/begun') {
          connection.headers(stream, ok);
          connection.data(stream, 'half');
        }
        connection.send(frame(FrameType.reset, 0, stream, uint32(code)));
      },
    });
    const none = await ask(engine, 'POST', '/none');
    assert.deepEqual([none.status, none.code], [502, 'upstream_reset']);
    const begun = await ask(engine, 'POST', '/begun');
    assert.deepEqual([begun.status, begun.whole], [200, false]);
    assert.equal(server.connections.length, 1, 'the stream was at fault, not the connection');
    assert.equal(engine.log.length, code === HTTP_1_1_REQUIRED ? 1 : 0);
  });
}

test('a response that its head ends, and that a retry replaces: a stream that is over is not reset', async t => {
  const { engine, server } = await start(
    t,
    {
      onRequest({ connection, stream }) {
        if (stream === 1) connection.headers(stream, [[':status', '503']], true);
        else connection.answer(stream, 'second');
      },
    },
    { upstream: { retry: retrySpec() } },
  );
  assert.equal((await ask(engine)).body, 'second');
  assert.deepEqual([server.connections.length, server.connections[0]!.reset(1)], [1, null]);
});

test('a stream that is refused while its client is held back goes on with the rest of the body', async t => {
  const { engine, server } = await start(t, {
    greeting: frame(FrameType.settings, 0, 0, settings([4, 100])),
    onFrame(connection, { type, stream }) {
      if (type !== FrameType.data) return;
      if (stream === 1 && connection.body(1).length === 100) {
        setTimeout(
          () =>
            connection.send(
              frame(FrameType.settings, 0, 0, settings([4, 1_000_000])),
              frame(FrameType.reset, 0, 1, uint32(REFUSED_STREAM)),
            ),
          20,
        );
      }
      if (stream === 3 && connection.body(3).length === 50_000) connection.answer(3, 'all of it');
    },
  });
  const request = open(engine, 'POST', '/', { 'content-length': 50_000 });
  request.write(Buffer.alloc(500));
  await server.until(() => server.requests.length === 2);
  request.end(Buffer.alloc(49_500));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.deepEqual((await outcomeOf(response)).body, 'all of it');
});

test('a stream that is refused gets the body once more as filters have made it, what came before and what comes after', async t => {
  const upper: Filter = { onRequestBody: async (_exchange, piece) => Buffer.from(piece.toString().toUpperCase()) };
  const { engine, server } = await start(
    t,
    {
      onFrame(connection, { type, flags, stream }) {
        if (type !== FrameType.data) return;
        if (stream === 1) connection.send(frame(FrameType.reset, 0, stream, uint32(REFUSED_STREAM)));
        else if ((flags & Flag.endStream) !== 0) connection.answer(stream, connection.body(stream).toString());
      },
    },
    { filters: [upper] },
  );
  const request = open(engine, 'POST', '/', { 'content-length': 11 });
  request.write('hello ');
  await server.until(() => server.requests.length === 2);
  request.end('world');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const { status, body } = await outcomeOf(response);
  assert.deepEqual([status, body], [200, 'HELLO WORLD']);
});

// ---- Windows -----------------------------------------------------------------------------------------------------------

test('a window that a setting makes negative is not written into before it is positive again', async t => {
  const size = 200_000;
  const { engine, server } = await start(t, {
    onFrame(connection, { type, stream }) {
      if (type !== FrameType.data) return;
      const taken = connection.body(stream).length;
      if (taken === 65_535)
        connection.send(frame(FrameType.settings, 0, 0, settings([4, 10])), room(0, 1_000_000), room(stream, 65_000));
      if (taken === size) connection.answer(stream, 'all of it');
    },
  });
  const answer = ask(engine, 'POST', '/', Buffer.alloc(size));
  await server.until(
    () =>
      server.connections[0]?.frames.some(({ type, flags }) => type === FrameType.settings && flags === Flag.ack) ===
        true && server.connections[0].body(1).length >= 65_535,
  );
  await new Promise(resolve => setTimeout(resolve, 50));
  const [connection] = server.connections;
  // 65,535 allowed and sent; 10 instead of 65,535 makes the window -65,525; 65,000 more leave it at -525.
  assert.equal(connection!.body(1).length, 65_535);
  connection!.send(room(1, 526));
  await server.until(() => connection!.body(1).length > 65_535);
  assert.equal(connection!.body(1).length, 65_536);
  connection!.send(room(1, 1_000_000));
  assert.equal((await answer).body, 'all of it');
});

test('an upload is not held against an endpoint that gives room in many small steps', async t => {
  const size = 30_000_000;
  let taken = 0;
  const { engine, server } = await start(t, {
    onFrame(connection, { type, stream, payload, flags }) {
      if (type !== FrameType.data) return;
      taken += payload.length;
      connection.frames.length = 0;
      for (let left = payload.length; left > 0; left -= 4_096) {
        const step = Math.min(left, 4_096);
        connection.send(room(0, step), room(stream, step));
      }
      if ((flags & Flag.endStream) !== 0) connection.answer(stream, String(taken));
    },
  });
  assert.equal((await ask(engine, 'POST', '/', Buffer.alloc(size))).body, String(size));
  assert.equal(server.connections.length, 1);
});

for (const [name, steps] of [
  ['nothing at all of the body', 0],
  ['a byte more, and no more', 1],
] as const) {
  test(`an endpoint that takes ${name} holds the client back, and its time is counted`, async t => {
    const { engine, server } = await start(
      t,
      {
        greeting: frame(FrameType.settings, 0, 0, settings([4, 10])),
        onFrame(connection, { type, stream }) {
          if (type === FrameType.data && steps > 0 && connection.body(stream).length === 10)
            connection.send(room(stream, 1));
        },
      },
      { upstream: { idleTimeoutMs: 300 } },
    );
    const request = open(engine, 'POST', '/', { 'content-length': 100_000_000 });
    request.on('error', () => {});
    let sent = 0;
    const piece = Buffer.alloc(100_000);
    const write = (): void => {
      while (sent < 100_000_000 && request.write(piece)) sent += piece.length;
    };
    request.on('drain', write);
    write();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const got = await outcomeOf(response);
    assert.deepEqual([got.status, got.code], [504, 'upstream_idle_timeout']);
    assert.ok(request.socket!.bytesWritten < 30_000_000, `${request.socket!.bytesWritten} bytes were taken`);
    await server.until(() => server.connections[0]!.reset(1) === CANCEL);
    assert.equal(server.connections[0]!.body(1).length, 10 + steps);
    request.destroy();
  });
}

test('an endpoint that does not read holds the client back, and its time is counted', async t => {
  const { engine } = await start(
    t,
    {
      onRequest({ connection }) {
        connection.send(room(0, 1e9), room(1, 1e9));
        connection.socket.pause();
      },
    },
    { upstream: { idleTimeoutMs: 300 } },
  );
  const request = open(engine, 'POST', '/', { 'content-length': 500_000_000 });
  request.on('error', () => {});
  const piece = Buffer.alloc(1_000_000);
  const write = (): void => {
    while (request.write(piece));
  };
  request.on('drain', write);
  request.flushHeaders();
  setTimeout(write, 50);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const got = await outcomeOf(response);
  assert.deepEqual([got.status, got.code], [504, 'upstream_idle_timeout']);
  assert.ok(request.socket!.bytesWritten < 60_000_000, `${request.socket!.bytesWritten} bytes were taken`);
  request.destroy();
});

test('an endpoint that sends more than its window while the client does not read costs the stream, not the memory', async t => {
  const { engine, server } = await start(t, {
    onRequest({ connection, stream, field }) {
      if (field(':path') === '/small') {
        connection.answer(stream, 'small');
        return;
      }
      connection.headers(stream, ok);
      const piece = frame(FrameType.data, 0, stream, Buffer.alloc(16_384));
      const write = (): void => {
        while (connection.reset(stream) === null && !connection.closed && connection.socket.write(piece));
      };
      connection.socket.on('drain', write);
      write();
    },
  });
  const request = open(engine, 'GET');
  request.on('error', () => {});
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.pause();
  response.on('error', () => {});
  await server.until(() => server.connections[0]!.reset(1) !== null, 8_000);
  assert.equal(server.connections[0]!.reset(1), FLOW_CONTROL_ERROR);
  const got = await outcomeOf(response.resume());
  assert.equal(got.whole, false);
  assert.equal((await ask(engine, 'GET', '/small')).body, 'small');
  assert.equal(server.connections.length, 1);
});

// ---- Time --------------------------------------------------------------------------------------------------------------

test('a head that comes early and an upload that goes on are no idleness', async t => {
  const { engine } = await start(
    t,
    {
      onRequest: ({ connection, stream }) => connection.headers(stream, ok),
      onFrame(connection, { type, stream, flags }) {
        if (type === FrameType.data && (flags & Flag.endStream) !== 0)
          connection.data(stream, String(connection.body(stream).length), true);
      },
    },
    { upstream: { idleTimeoutMs: 250 } },
  );
  const request = open(engine, 'POST', '/', { 'transfer-encoding': 'chunked' });
  request.flushHeaders();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const ended = outcomeOf(response);
  for (let i = 0; i < 8; i++) {
    request.write('x');
    await new Promise(resolve => setTimeout(resolve, 80));
  }
  request.end();
  assert.deepEqual([(await ended).body, (await ended).whole], ['8', true]);
});

test('an endpoint that is silent in front of its answer and in the middle of it', async t => {
  const { engine, server } = await start(
    t,
    {
      onRequest({ connection, stream, field }) {
        if (field(':path') !== '/middle') return;
        connection.headers(stream, ok);
        connection.data(stream, 'half');
      },
    },
    { upstream: { idleTimeoutMs: 200, responseTimeoutMs: 300 } },
  );
  const front = await ask(engine, 'POST', '/front', 'x');
  assert.deepEqual([front.status, front.code], [504, 'upstream_response_timeout']);
  const middle = await ask(engine, 'GET', '/middle');
  assert.deepEqual([middle.status, middle.body, middle.whole], [200, 'half', false]);
  await server.until(() => server.connections[0]!.reset(3) === CANCEL);
  assert.equal(server.connections.length, 1);
});
