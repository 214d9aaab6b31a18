// Tunnels with HTTP/2 on one side or on both (RFC 8441 section 5): the end of one side arrives at the other as an end in its protocol, FIN
// or END_STREAM, while the other direction continues; a reset arrives as a reset, RST or CANCEL (RFC 9113 section 8.5).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { Flag, FrameType, frame, H2Client, settings, uint32, webSocketConnect } from '../../support/h2-client.ts';
import { type H2ServerHandlers, startH2Server } from '../../support/h2-server.ts';

const CANCEL = 8;

/** One end of a tunnel, as the test uses it. */
interface TunnelEnd {
  say(text: string): void;
  /** Ends this side; the other direction continues. */
  end(): void;
  reset(): void;
  /** The bytes received so far. */
  heard(): string;
  /** How the other side ended; null while it has not. */
  ending(): 'end' | 'reset' | null;
}

/** The tunnel end of a socket after the switch. `skip`: number of received characters that belong to the head. */
function endOfSocket(socket: Socket, skip: (all: string) => number): TunnelEnd {
  let text = '';
  let ending: 'end' | 'reset' | null = null;
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  socket.on('end', () => {
    ending ??= 'end';
  });
  socket.on('error', () => {
    ending = 'reset';
  });
  return {
    say: said => socket.write(said, 'latin1'),
    end: () => socket.end(),
    reset: () => socket.resetAndDestroy(),
    heard: () => text.slice(skip(text)),
    ending: () => ending,
  };
}

const accept = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** Starts a backend and the gateway before it; `upstream()` returns the backend's end once a tunnel was requested. */
type Start = (
  t: TestContext,
  options: EngineOptions['upstream'],
) => Promise<{ engine: Engine; upstream(): TunnelEnd | null }>;

const upstreamHttp1: Start = async (t, options) => {
  let end: TunnelEnd | null = null;
  const { engine } = await engineBefore(
    t,
    {
      onRequest({ socket }, request) {
        socket.removeAllListeners('data');
        socket.removeAllListeners('end');
        end = endOfSocket(socket, () => 0);
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept(request.header('sec-websocket-key')!)}\r\n\r\n`,
        );
      },
    },
    { protocols: ['h2c', 'http/1.1'], upstream: { ...options } },
  );
  return { engine, upstream: () => end };
};

const upstreamHttp2: Start = async (t, options) => {
  let end: TunnelEnd | null = null;
  const server = await startH2Server({
    greeting: frame(FrameType.settings, 0, 0, settings([8, 1])),
    onRequest({ connection, stream }) {
      connection.headers(stream, [[':status', '200']]);
      end = {
        say: text => connection.data(stream, text),
        end: () => connection.data(stream, '', true),
        reset: () => connection.send(frame(FrameType.reset, 0, stream, uint32(CANCEL))),
        heard: () => connection.body(stream).toString('latin1'),
        ending() {
          const code = connection.reset(stream);
          if (code !== null) {
            assert.equal(code, CANCEL);
            return 'reset';
          }
          const ended = connection.frames.some(
            each => each.stream === stream && each.type === FrameType.data && (each.flags & Flag.endStream) !== 0,
          );
          return ended ? 'end' : null;
        },
      };
    },
  });
  const engine = await startEngine([server.port], {
    protocols: ['h2c', 'http/1.1'],
    upstream: { protocol: 'h2c', ...options },
  });
  t.after(async () => {
    await engine.stop();
    await server.stop();
  });
  return { engine, upstream: () => end };
};

/** Requests a tunnel. */
type Ask = (engine: Engine) => Promise<{ client: TunnelEnd; opened(): boolean; close(): void }>;

const clientHttp2: Ask = async engine => {
  const client = await H2Client.open(engine.port);
  client.headers(1, webSocketConnect('/chat', ['sec-websocket-version', '13']), false);
  return {
    client: {
      say: text => client.data(1, text),
      end: () => client.data(1, '', true),
      reset: () => client.send(frame(FrameType.reset, 0, 1, uint32(CANCEL))),
      heard: () => client.seen(1).body,
      ending() {
        const { reset, ended } = client.seen(1);
        if (reset === null) return ended ? 'end' : null;
        assert.equal(reset, CANCEL);
        return 'reset';
      },
    },
    opened: () => client.seen(1).status === 200,
    close: () => client.close(),
  };
};

const clientHttp1: Ask = async engine => {
  const connection = await ClientConnection.open(engine.port);
  const client = endOfSocket(connection.socket, all => all.indexOf('\r\n\r\n') + 4);
  connection.send(
    'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  return {
    client,
    opened: () => connection.received.includes('\r\n\r\n'),
    close: () => connection.destroy(),
  };
};

const pairs: readonly (readonly [name: string, ask: Ask, start: Start, clientSeesResets: boolean])[] = [
  ['HTTP/2 to HTTP/1.1', clientHttp2, upstreamHttp1, true],
  ['HTTP/2 to HTTP/2', clientHttp2, upstreamHttp2, true],
  // For an HTTP/1.1 client a broken tunnel is a closed connection: bytes that arrived before are not thrown away.
  ['HTTP/1.1 to HTTP/2', clientHttp1, upstreamHttp2, false],
];

for (const [name, ask, start, clientSeesResets] of pairs) {
  describe(`a tunnel from ${name}`, () => {
    async function open(t: TestContext, options: EngineOptions['upstream'] = {}) {
      const { engine, upstream } = await start(t, options);
      const { client, opened, close } = await ask(engine);
      t.after(close);
      await eventually(() => opened() && upstream() !== null, 'the tunnel');
      return { engine, client, upstream: upstream()! };
    }

    /** `one` is the end of `first`. */
    async function openFrom(t: TestContext, first: 'client' | 'upstream', options: EngineOptions['upstream'] = {}) {
      const { engine, client, upstream } = await open(t, options);
      const [one, other] = first === 'client' ? [client, upstream] : [upstream, client];
      return { engine, one, other };
    }

    for (const first of ['client', 'upstream'] as const) {
      test(`the ${first} ends its side: the other hears an end, and goes on`, async t => {
        const { engine, one, other } = await openFrom(t, first);
        one.say('the last of it');
        one.end();
        await eventually(() => other.ending() === 'end', 'the end of one side');
        assert.equal(other.heard(), 'the last of it');
        for (let count = 1; count <= 3; count++) {
          other.say(`still here ${count} `);
          await eventually(() => one.heard().endsWith(`${count} `), 'the other direction');
        }
        assert.equal(one.ending(), null);
        assert.equal(engine.gateway.inFlight, 1);
        other.end();
        await eventually(() => one.ending() === 'end', 'the end of the other side');
        await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
        const [line] = await engine.accessLines();
        assert.equal(line!.code, null);
      });

      test(`the ${first} breaks off: the other does not hear an orderly end`, async t => {
        const { engine, one, other } = await openFrom(t, first);
        one.say('half a ');
        await eventually(() => other.heard() === 'half a ', 'what was said before');
        one.reset();
        await eventually(() => other.ending() !== null, 'the end');
        if (first === 'client' || clientSeesResets) assert.equal(other.ending(), 'reset');
        await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
        const [line] = await engine.accessLines();
        assert.equal(line!.code, first === 'client' ? 'client_aborted' : 'upstream_reset');
      });

      test(`the ${first} breaks off behind the other’s end`, async t => {
        const { engine, one, other } = await openFrom(t, first);
        other.end();
        await eventually(() => one.ending() === 'end', 'the end of one side');
        one.reset();
        await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
      });

      test(`a tunnel that the ${first} has half closed ends when nothing is said any more`, async t => {
        const timeouts = { tunnelIdleTimeoutMs: 60_000, tunnelHalfCloseTimeoutMs: 100 };
        const { engine, one, other } = await openFrom(t, first, timeouts);
        one.end();
        await eventually(() => other.ending() !== null, 'the end of one side');
        await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
        assert.equal(engine.refusals('upstream_idle_timeout'), 1);
        if (first === 'client' && clientSeesResets) await eventually(() => one.ending() === 'reset', 'CANCEL');
      });

      test(`the end of the ${first}’s side stands behind all that it had said`, async t => {
        const { engine, one, other } = await openFrom(t, first);
        // As much as the windows of the test's own ends allow, in one go.
        const text = 'x'.repeat(60_000);
        for (let at = 0; at < text.length; at += 15_000) one.say(text.slice(at, at + 15_000));
        one.end();
        await eventually(() => other.ending() === 'end', 'the end of one side');
        assert.equal(other.heard().length, text.length);
        other.end();
        await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
      });
    }

    test('both end at once', async t => {
      const { engine, client, upstream } = await open(t);
      client.end();
      upstream.end();
      await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
      await eventually(() => client.ending() === 'end' && upstream.ending() === 'end', 'both ends');
    });

    test('a client that has said everything before the tunnel is open', async t => {
      const { engine, upstream } = await start(t, {});
      const { client, close } = await ask(engine);
      t.after(close);
      client.say('all of it');
      client.end();
      await eventually(() => upstream()?.ending() === 'end', 'the end of the client’s side');
      assert.equal(upstream()!.heard(), 'all of it');
      upstream()!.say('answer');
      upstream()!.end();
      await eventually(() => client.ending() === 'end', 'the end of the upstream’s');
      assert.equal(client.heard(), 'answer');
      await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
    });
  });
}

/** A tunnel whose endpoint has ended its side, while the client had room for ten of its bytes. */
async function endedBeforeSlowClient(t: TestContext, start: Start, options: EngineOptions['upstream']) {
  const { engine, upstream } = await start(t, options);
  const client = await H2Client.open(engine.port, settings([4, 10]));
  t.after(() => client.close());
  client.headers(1, webSocketConnect('/chat'), false);
  await eventually(() => upstream() !== null, 'the tunnel');
  upstream()!.say('ten bytes.and more');
  upstream()!.end();
  await client.until(() => client.seen(1).body.length === 10);
  return { engine, upstream: upstream()!, client };
}

test('END_STREAM waits for what the client has no room for', async t => {
  const { engine, upstream, client } = await endedBeforeSlowClient(t, upstreamHttp1, {});
  assert.equal(client.seen(1).ended, false);
  client.send(frame(FrameType.windowUpdate, 0, 1, uint32(100)));
  await client.until(() => client.seen(1).ended);
  assert.equal(client.seen(1).body, 'ten bytes.and more');
  client.data(1, 'not over', true);
  await eventually(() => upstream.heard() === 'not over' && upstream.ending() === 'end', 'the rest');
  await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
});

test('a tunnel whose endpoint ended while its client was slow is timed from when the client has taken all', async t => {
  const { engine, client } = await endedBeforeSlowClient(t, upstreamHttp2, { tunnelHalfCloseTimeoutMs: 100 });
  client.send(frame(FrameType.windowUpdate, 0, 1, uint32(100)));
  await client.until(() => client.seen(1).ended);
  await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
  assert.equal(engine.refusals('upstream_idle_timeout'), 1);
});

/** A tunnel that a client has asked for, over HTTP/2 on both sides, where the test plays both ends. */
async function tunnelTo(t: TestContext, handlers: H2ServerHandlers) {
  const server = await startH2Server(handlers);
  const engine = await startEngine([server.port], { protocols: ['h2c'], upstream: { protocol: 'h2c' } });
  const client = await H2Client.open(engine.port);
  t.after(async () => {
    client.close();
    await engine.stop();
    await server.stop();
  });
  client.headers(1, webSocketConnect('/chat'), false);
  return { server, client };
}

test('a tunnel’s early bytes that the upstream has no room for are not given back to the client before it has', async t => {
  const early = 60_000;
  const { server, client } = await tunnelTo(t, {
    // Extended CONNECT is offered, with a window of 1000 bytes per stream.
    greeting: frame(FrameType.settings, 0, 0, settings([8, 1], [4, 1_000])),
  });
  for (let at = 0; at < early; at += 15_000) client.data(1, 'x'.repeat(15_000));
  await server.until(() => server.requests.length === 1);
  const { connection, stream } = server.requests[0]!;
  // The PING shows that the gateway has read all that was sent ahead.
  client.send(frame(FrameType.ping, 0, 0, 'all read'));
  await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.ping));
  connection.headers(stream, [[':status', '200']]);
  await client.until(() => client.seen(1).status === 200);
  client.send(frame(FrameType.ping, 0, 0, 'and open'));
  await client.until(({ frames }) => frames.filter(({ type }) => type === FrameType.ping).length === 2);
  const given = () => client.frames.filter(each => each.type === FrameType.windowUpdate && each.stream === 1);
  assert.equal(connection.body(stream).length, 1_000);
  assert.equal(given().length, 0);
  connection.send(frame(FrameType.windowUpdate, 0, stream, uint32(early)));
  await client.until(() => given().length > 0);
  await server.until(() => connection.body(stream).length === early);
});

test('an endpoint that ends its side of a tunnel twice loses the stream, and the client hears of one end', async t => {
  const { server, client } = await tunnelTo(t, {
    greeting: frame(FrameType.settings, 0, 0, settings([8, 1])),
    onRequest: ({ connection, stream }) => connection.headers(stream, [[':status', '200']]),
  });
  await client.until(() => client.seen(1).status === 200);
  const { connection, stream } = server.requests[0]!;
  connection.data(stream, '', true);
  await client.until(() => client.seen(1).ended);
  connection.headers(stream, [['x-more', 'yes']], true);
  await server.until(() => connection.reset(stream) !== null);
  await client.until(() => client.seen(1).reset !== null);
  assert.equal(client.seen(1).reset, CANCEL);
  const ends = client.frames.filter(({ type, flags }) => type === FrameType.data && (flags & Flag.endStream) !== 0);
  assert.equal(ends.length, 1);
});
