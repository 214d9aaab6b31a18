// Requests over HTTP/2 whose body exceeds its content-length, breaks off after it, or is as long as announced: a backend that counts bytes
// accepts only the last kind as a complete request, over HTTP/1.1 and over HTTP/2.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { engineBefore } from '../../support/engine-before.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { Flag, FrameType, frame, get, H2Client, request, uint32 } from '../../support/h2-client.ts';
import { startH2Server } from '../../support/h2-server.ts';

/** A backend of either protocol, with what it saw of `/case`. */
interface Counting {
  readonly engine: Engine;
  /** Bodies of requests that it took as complete: the head has arrived, and as many bytes as it announces. */
  whole(): string[];
  /** Bytes of the body so far; null without a head. */
  bodyBytes(): number | null;
  /** Whether the first request that arrived is no longer in progress. */
  over(): boolean;
}

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function http1(t: TestContext, options: EngineOptions = {}): Promise<Counting> {
  let text = '';
  const { backend, engine } = await engineBefore(
    t,
    {
      onConnection({ socket, number }) {
        // A further connection belongs to another request.
        if (number > 1) return;
        socket.on('data', bytes => {
          text += bytes.toString('latin1');
        });
      },
      onRequest: ({ socket }, { body }) => socket.write(ok(body)),
    },
    { protocols: ['h2c'], ...options },
  );
  return {
    engine,
    whole: () => backend.requests.filter(({ path }) => path === '/case').map(({ body }) => body),
    bodyBytes() {
      const at = text.indexOf('\r\n\r\n', Math.max(0, text.indexOf(' /case ')));
      return text.includes(' /case ') && at !== -1 ? text.length - at - 4 : null;
    },
    over: () => backend.connections[0]!.socket.destroyed,
  };
}

async function http2(t: TestContext, options: EngineOptions = {}): Promise<Counting> {
  const whole: string[] = [];
  const server = await startH2Server({
    onFrame(connection, { stream, type }) {
      if (type !== FrameType.data && type !== FrameType.headers) return;
      const mine = connection.frames.filter(each => each.stream === stream);
      const fields = mine.flatMap(each => each.fields);
      const body = connection.body(stream).toString('latin1');
      const length = fields.find(([name]) => name === 'content-length')?.[1];
      // Behaves like servers that count bytes and do not wait for the end of the stream.
      const ended = mine.some(each => each.type !== FrameType.reset && (each.flags & Flag.endStream) !== 0);
      if (length === undefined ? !ended : body.length < Number(length)) return;
      if (fields.some(([name, value]) => name === ':path' && value === '/case')) whole.push(body);
      if (ended) connection.answer(stream, body);
    },
  });
  const engine = await startEngine([server.port], {
    protocols: ['h2c'],
    ...options,
    upstream: { protocol: 'h2c' },
  });
  t.after(async () => {
    await engine.stop();
    await server.stop();
  });
  const mine = () => server.requests.find(({ field }) => field(':path') === '/case');
  return {
    engine,
    whole: () => [...new Set(whole)],
    bodyBytes: () => mine()?.connection.body(mine()!.stream).length ?? null,
    over: () => mine()!.connection.reset(mine()!.stream) !== null,
  };
}

const PROTOCOL_ERROR = 1;

/** What follows a body that is as long as its content-length; `reset` is the code of the stream's RST_STREAM. */
const lies: Readonly<Record<string, { more: (client: H2Client) => void; reset?: number }>> = {
  'another byte': { more: client => client.data(1, 'x', true), reset: PROTOCOL_ERROR },
  'another byte and no end': { more: client => client.data(1, 'x'), reset: PROTOCOL_ERROR },
  'padding and another byte': {
    more: client => client.send(frame(FrameType.data, Flag.padded, 1, Buffer.of(1, 0x78, 0))),
    reset: PROTOCOL_ERROR,
  },
  'an empty frame and another byte': {
    more(client) {
      client.data(1, '');
      client.data(1, 'x', true);
    },
    reset: PROTOCOL_ERROR,
  },
  'trailers that are none': { more: client => client.headers(1, [[':status', '200']]), reset: PROTOCOL_ERROR },
  'a head that does not end it': { more: client => client.headers(1, [['x-a', '1']], false), reset: PROTOCOL_ERROR },
  'its reset': { more: client => client.send(frame(FrameType.reset, 0, 1, uint32(8))) },
  'an error of the connection': { more: client => client.data(0, 'x') },
  'the end of the connection': { more: client => client.socket.end() },
};

/** Valid ends of such a body. */
const ends: Readonly<Record<string, (client: H2Client) => void>> = {
  'an empty frame': client => client.data(1, '', true),
  padding: client => client.send(frame(FrameType.data, Flag.padded | Flag.endStream, 1, Buffer.of(2, 0, 0))),
  trailers: client => client.headers(1, [['x-a', '1']], true),
};

for (const [name, start] of [
  ['HTTP/1.1', http1],
  ['HTTP/2', http2],
] as const) {
  describe(`a body with a length, towards ${name}`, () => {
    for (const length of [0, 1, 5]) {
      for (const [what, { more, reset }] of Object.entries(lies)) {
        test(`of ${length}, and ${what} behind it`, async t => {
          const { engine, whole, bodyBytes, over } = await start(t);
          const client = await H2Client.open(engine.port);
          client.headers(1, request('POST', '/case', ['content-length', String(length)]), false);
          if (length > 0) client.data(1, '12345'.slice(0, length));
          // The backend has received all that it may get before the rest is sent.
          if (length > 0) await eventually(() => bodyBytes() === length - 1, 'all but the last byte');
          more(client);
          if (reset !== undefined) {
            assert.equal((await client.answer(1)).reset, reset);
            client.headers(3, get('/after'));
            assert.equal((await client.answer(3)).status, 200);
            assert.equal(engine.refusals('invalid_content_length') + engine.refusals('malformed_header'), 1);
          }
          client.close();
          if (length > 0) await eventually(over, 'the end of it at the backend');
          assert.deepEqual(whole(), []);
          assert.equal(bodyBytes(), length === 0 ? null : length - 1);
          await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
        });
      }

      for (const [what, end] of Object.entries(ends)) {
        test(`of ${length}, that ends with ${what}`, async t => {
          const { engine, whole } = await start(t);
          const client = await H2Client.open(engine.port);
          const body = '12345'.slice(0, length);
          client.headers(1, request('POST', '/case', ['content-length', String(length)]), false);
          if (length > 0) client.data(1, body);
          end(client);
          const answer = await client.answer(1);
          assert.deepEqual([answer.status, answer.body], [200, body]);
          assert.deepEqual(whole(), [body]);
          client.close();
        });
      }
    }

    test('in many frames, the last of which ends it: nothing is held back', async t => {
      const { engine, whole, bodyBytes } = await start(t);
      const client = await H2Client.open(engine.port);
      client.headers(1, request('POST', '/case', ['content-length', '5']), false);
      for (const [at, byte] of ['1', '2', '3', '4'].entries()) {
        client.data(1, byte);
        await eventually(() => bodyBytes() === at + 1, `${at + 1} bytes`);
      }
      client.data(1, '5', true);
      assert.equal((await client.answer(1)).body, '12345');
      assert.deepEqual(whole(), ['12345']);
      client.close();
    });

    test('of more than the windows hold: all of it arrives, and the room that it took comes back', async t => {
      const { engine, whole } = await start(t, { http2: { initialWindow: 16_384, connectionWindow: 65_535 } });
      const client = await H2Client.open(engine.port);
      const body = Buffer.alloc(60_000, 'abcdefghij');
      client.headers(1, request('POST', '/case', ['content-length', String(body.length)]), false);
      let at = 0;
      const room = (stream: number): number =>
        client.frames
          .filter(each => each.type === FrameType.windowUpdate && each.stream === stream)
          .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), stream === 0 ? 65_535 : 16_384) - at;
      while (at < body.length) {
        await client.until(() => Math.min(room(0), room(1)) > 0);
        const size = Math.min(room(0), room(1), 10_000, body.length - at);
        client.data(1, body.subarray(at, at + size));
        at += size;
      }
      client.data(1, '', true);
      await eventually(() => whole().length === 1, 'the request');
      assert.equal(whole()[0], body.toString('latin1'));
      client.close();
    });
  });
}

test('a body of no bytes that does not end has the time of a body, and no backend hears of it', async t => {
  const { engine, whole, bodyBytes } = await http1(t, { limits: { bodyTimeoutMs: 100 } });
  const client = await H2Client.open(engine.port);
  client.headers(1, request('POST', '/case', ['content-length', '0']), false);
  const answer = await client.answer(1);
  assert.equal(answer.status, 408);
  assert.match(answer.body, /body_timeout/);
  assert.equal(engine.refusals('body_timeout'), 1);
  assert.deepEqual([whole(), bodyBytes()], [[], null]);
  client.close();
});
