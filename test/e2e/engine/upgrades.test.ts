// Tunnels: WebSocket with `ws` on both ends, another protocol, and upstreams that do not switch.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { Filter } from '../../../src/exchange/filter.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { closed } from '../../support/raw-backend.ts';

const upgrade = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: parrot/1\r\n\r\n';

/** A client whose tunnel is open and greeted by the endpoint. */
async function openTunnel(port: number): Promise<ClientConnection> {
  const client = await ClientConnection.open(port);
  client.send(upgrade);
  await client.until(all => all.includes('welcome '));
  return client;
}

describe('WebSocket', () => {
  const http = createServer((_request, response) => response.writeHead(426).end());
  const wss = new WebSocketServer({ server: http, handleProtocols: protocols => [...protocols][0] ?? false });
  let engine: Engine;

  before(async () => {
    engine = await startEngine([await listeningPort(http)]);
  });
  after(async () => {
    for (const socket of wss.clients) socket.terminate();
    await engine.stop();
    wss.close();
    http.close();
    http.closeAllConnections();
  });

  /** Both ends of one WebSocket through the gateway. */
  async function pair(): Promise<{ client: WebSocket; server: WebSocket }> {
    const accepted = once(wss, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${engine.port}/chat`, ['one']);
    client.on('error', () => {});
    await once(client, 'open');
    const [server] = (await accepted) as [WebSocket];
    server.on('error', () => {});
    return { client, server };
  }

  async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  }

  test('text, binary, fragments, both ways', async () => {
    const { client, server } = await pair();
    assert.equal(client.protocol, 'one');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const heard: string[] = [];
      to.on('message', (data: Buffer, binary) => heard.push(binary ? data.toString('hex') : data.toString()));
      from.send('grüße');
      from.send(Buffer.from([0, 255, 1, 254]));
      from.send('frag', { fin: false });
      from.send('men', { fin: false });
      from.send('ted', { fin: true });
      from.send('');
      await eventually(() => heard.length === 4, 'all messages are there');
      assert.deepEqual(heard, ['grüße', '00ff01fe', 'fragmented', '']);
    }
    client.terminate();
  });

  test('ping and pong, both ways', async () => {
    const { client, server } = await pair();
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const pinged = once(to, 'ping') as Promise<[Buffer]>;
      const ponged = once(from, 'pong') as Promise<[Buffer]>;
      from.ping('are you there');
      assert.equal((await pinged)[0].toString(), 'are you there');
      assert.equal((await ponged)[0].toString(), 'are you there');
    }
    client.terminate();
  });

  test('close codes and reasons, from either end', async () => {
    for (const [code, reason] of [
      [1000, ''],
      [4001, 'session over'],
    ] as const) {
      for (const initiator of ['client', 'server'] as const) {
        const ends = await pair();
        const closes = Promise.all([closeOf(ends.client), closeOf(ends.server)]);
        ends[initiator].close(code, reason);
        assert.deepEqual(await closes, [
          { code, reason },
          { code, reason },
        ]);
      }
    }
    await eventually(() => engine.gateway.inFlight === 0, 'every exchange is over');
  });

  test('one end dies: the other hears 1006 soon', async () => {
    for (const victim of ['client', 'server'] as const) {
      const ends = await pair();
      const other = victim === 'client' ? ends.server : ends.client;
      const close = closeOf(other);
      ends[victim].terminate();
      const began = performance.now();
      assert.equal((await close).code, 1006);
      assert.ok(performance.now() - began < 2_000);
    }
    await eventually(() => engine.gateway.inFlight === 0, 'every exchange is over');
  });

  test('frames of 1 MiB, many, both ways at once', async () => {
    const { client, server } = await pair();
    const frame = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < frame.length; i++) frame[i] = (i * 7 + (i >> 8)) & 255;
    const count = 16;
    let equal = 0;
    const heard = (data: Buffer): void => {
      if (data.equals(frame)) equal++;
    };
    client.on('message', heard);
    server.on('message', heard);
    for (let i = 0; i < count; i++) {
      client.send(frame);
      server.send(frame);
    }
    await eventually(() => equal === 2 * count, 'all frames arrived as sent', 20_000);
    client.terminate();
  });

  test('a reader that stops holds the writer back, in either direction', async () => {
    for (const reader of ['client', 'server'] as const) {
      const ends = await pair();
      const writer = reader === 'client' ? ends.server : ends.client;
      ends[reader].pause();
      const frame = Buffer.alloc(256 * 1024);
      // The kernel's buffers on the way take some MiB each; everything beyond that must stay with the writer.
      for (let i = 0; i < 256; i++) writer.send(frame);
      await delay(500);
      const held = writer.bufferedAmount;
      assert.ok(held > 32 * 1024 * 1024, `${reader} reads nothing, and the writer holds ${held} bytes only`);
      let bytes = 0;
      ends[reader].on('message', (data: Buffer) => {
        bytes += data.length;
      });
      ends[reader].resume();
      await eventually(() => bytes === 256 * frame.length, 'everything arrives in the end', 20_000);
      ends.client.terminate();
    }
  });

  test('an upstream that does not want it answers as usual', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(
      'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1\r\n\r\n',
    );
    const [answer] = await client.answers(1);
    assert.ok(answer!.status >= 400 && answer!.status < 500);
    client.destroy();
  });
});

describe('other protocols', () => {
  const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: parrot/1\r\n\r\n';

  /** An endpoint that switches protocols and echoes every byte; when the client ends, it sends `bye` and ends. */
  async function parrot(
    t: { after(end: () => Promise<void>): void },
    upstream: Parameters<typeof startEngine>[1] = {},
  ) {
    const seen: string[] = [];
    const { backend, engine } = await engineBefore(
      t,
      {
        onRequest(connection, request) {
          seen.push(`${request.header('connection')} ${request.header('upgrade')}`);
          const { socket } = connection;
          socket.removeAllListeners('data');
          socket.removeAllListeners('end');
          socket.on('data', chunk => socket.write(chunk));
          socket.on('end', () => socket.end('bye'));
          socket.write(request.path === '/silent' ? switched : `${switched}welcome `);
        },
      },
      upstream,
    );
    return { engine, backend, seen };
  }

  test('bytes pass as they are, half-closing as well', async t => {
    const { engine, seen } = await parrot(t);
    const client = await openTunnel(engine.port);
    assert.match(client.received.toString('latin1'), /^HTTP\/1\.1 101 [\s\S]*\r\nUpgrade: parrot\/1\r\n\r\nwelcome $/i);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    client.send(bytes);
    await client.until(all => all.includes(bytes));
    client.socket.end('last');
    assert.equal(await client.end(), 'fin');
    assert.match(client.received.toString('latin1'), /lastbye$/);
    assert.deepEqual(seen, ['Upgrade parrot/1']);
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
    const [line] = await engine.accessLines();
    assert.equal(line!.status, 101);
  });

  test('bytes that the client sends before it has seen the 101 arrive, in order', async t => {
    const { engine } = await parrot(t);
    const client = await ClientConnection.open(engine.port);
    client.send(`${upgrade}early `);
    client.send('and more');
    await client.until(all => all.includes('welcome early and more'));
    client.send(' later');
    await client.until(all => all.includes('welcome early and more later'));
    client.destroy();
  });

  test('filters see the head of the answer, waiting or not, and no byte of the tunnel is lost or early', async t => {
    const mark: Filter = { onResponse: ({ response }) => response!.headers.append('X-Seen', String(response!.status)) };
    const late: Filter = { onResponse: () => delay(100) };
    const { engine } = await parrot(t, { filters: [mark, late] });
    const client = await ClientConnection.open(engine.port);
    client.send(`${upgrade}early `);
    await client.until(all => all.includes('early '));
    assert.match(
      client.received.toString('latin1'),
      /^HTTP\/1\.1 101 [^\r]*\r\nConnection: Upgrade\r\nUpgrade: parrot\/1\r\nX-Seen: 101\r\n\r\nwelcome early $/,
    );
    client.socket.end('last');
    assert.equal(await client.end(), 'fin');
    assert.match(client.received.toString('latin1'), /lastbye$/);
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
  });

  test('a filter that fails over the head of the answer: 500, and the endpoint’s side ends', async t => {
    const fails: Filter = { onResponse: () => delay(50).then(() => Promise.reject(new Error('no'))) };
    const { engine, backend } = await parrot(t, { filters: [fails] });
    const client = await ClientConnection.open(engine.port);
    client.send(upgrade);
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 500);
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
    client.destroy();
  });

  test('a quiet tunnel outlives responseTimeout and idleTimeout', async t => {
    const { engine } = await parrot(t, { upstream: { responseTimeoutMs: 200, idleTimeoutMs: 200 } });
    const client = await ClientConnection.open(engine.port);
    client.send(upgrade.replace('GET /', 'GET /silent'));
    await client.until(all => all.includes('\r\n\r\n'));
    await delay(700);
    client.send('still here');
    await client.until(all => all.includes('still here'));
    client.destroy();
  });

  test('tunnelIdleTimeout counts bytes of both ends, and ends a tunnel without any', async t => {
    const { engine, backend } = await parrot(t, { upstream: { tunnelIdleTimeoutMs: 1_000 } });
    const client = await openTunnel(engine.port);
    const { socket } = backend.connections[0]!;
    let ended = false;
    socket.once('end', () => {
      ended = true;
    });
    for (let i = 0; i < 5; i++) {
      await delay(250);
      client.send('x');
    }
    await client.until(all => all.includes('xxxxx'));
    assert.equal(client.ended, null);
    const began = performance.now();
    await client.end();
    const took = performance.now() - began;
    assert.ok(took > 500 && took < 5_000, `${took} ms`);
    assert.equal(engine.refusals('upstream_idle_timeout'), 1);
    await closed(socket);
    assert.equal(ended, false, 'to its endpoint it broke off');
    client.destroy();
  });

  test('an endpoint that breaks a tunnel off: the client’s breaks off as well, and does not end', async t => {
    const { engine, backend } = await parrot(t);
    const client = await openTunnel(engine.port);
    backend.connections[0]!.socket.resetAndDestroy();
    assert.equal(await client.end(), 'reset');
    assert.equal(engine.refusals('upstream_reset'), 1);
  });

  test('an endpoint that breaks a tunnel off as it is written to: the same', async t => {
    const { engine, backend } = await parrot(t);
    const client = await openTunnel(engine.port);
    // Both reach the gateway in this order within one turn: the write then consumes the error of the reset, and the read sees only an end.
    client.send('one more word');
    backend.connections[0]!.socket.resetAndDestroy();
    assert.equal(await client.end(), 'reset');
    assert.equal(engine.refusals('upstream_reset'), 1);
  });

  test('an endpoint that has ended its side and is gone: what the client says on has nowhere to go, and it hears so', async t => {
    const { engine, backend } = await parrot(t);
    const client = await openTunnel(engine.port);
    const { socket } = backend.connections[0]!;
    socket.end();
    assert.equal(await client.end(), 'fin');
    socket.destroy();
    const talk = setInterval(() => client.send('to nobody'), 10);
    t.after(() => clearInterval(talk));
    await closed(client.socket);
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
    assert.equal(engine.refusals('upstream_reset'), 1);
  });

  test('a client that is gone: the upstream’s connection ends', async t => {
    const { engine, backend } = await parrot(t);
    const client = await openTunnel(engine.port);
    client.socket.resetAndDestroy();
    await eventually(() => backend.open() === 0, 'the upstream has been told');
  });

  test('an upstream that answers 200 instead: an ordinary answer, and the connections go on', async t => {
    const { backend, engine } = await engineBefore(t, {
      onRequest: connection => connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno'),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(upgrade);
    const [first] = await client.answers(1);
    assert.equal(first!.body, 'no');
    assert.equal(first!.headers.has('upgrade'), false);
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.answers(2))[1]!.status, 200);
    assert.equal(backend.connections.length, 1);
    client.destroy();
  });

  test('a 101 that nobody asked for: 502', async t => {
    const { engine } = await engineBefore(t, { onRequest: connection => connection.socket.write(switched) });
    const client = await ClientConnection.open(engine.port);
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 502);
    assert.match(answer!.body, /upstream_upgrade_refused/);
    client.destroy();
  });
});
