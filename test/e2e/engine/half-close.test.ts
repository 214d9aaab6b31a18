// One direction of a connection ends before the other: tunnels continue one way, and clients that shut their sending side
// and wait are distinguished from those that left (RFC 9112 section 9).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import type { Engine, EngineOptions } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import type { RawBackend, RawConnection } from '../../support/raw-backend.ts';

interface Both {
  readonly backend: RawBackend;
  readonly engine: Engine;
}

const upgrade = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: parrot/1\r\n\r\n';
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: parrot/1\r\n\r\n';

/** An open tunnel without data so far; `heard` is what the endpoint's side has received. */
async function tunnel(
  t: { after(end: () => Promise<void>): void },
  upstream: NonNullable<EngineOptions['upstream']> = {},
): Promise<
  Both & { client: ClientConnection; endpoint: RawConnection['socket']; heard: { bytes: number; end: boolean } }
> {
  const heard = { bytes: 0, end: false };
  const both = await engineBefore(
    t,
    {
      onRequest({ socket }) {
        socket.removeAllListeners('data').removeAllListeners('end');
        socket.on('data', chunk => {
          heard.bytes += chunk.length;
        });
        socket.on('end', () => {
          heard.end = true;
        });
        socket.write(switched);
      },
    },
    { upstream },
  );
  const client = await ClientConnection.open(both.engine.port);
  client.send(upgrade);
  await client.until(all => all.includes('\r\n\r\n'));
  t.after(async () => client.destroy());
  return { ...both, client, endpoint: both.backend.connections[0]!.socket, heard };
}

describe('a tunnel of which one side has ended', () => {
  test('the endpoint’s: the client hears FIN behind the last byte and goes on', async t => {
    const { client, endpoint, heard, engine, backend } = await tunnel(t);
    endpoint.end('last words');
    assert.equal(await client.end(), 'fin');
    assert.match(client.received.toString('latin1'), /last words$/);
    client.send('still here');
    await eventually(() => heard.bytes === 10, 'the endpoint hears on');
    assert.equal(heard.end, false);
    client.socket.end();
    await eventually(() => heard.end && backend.open() === 0, 'the endpoint hears the end');
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
    const [line] = await engine.accessLines();
    assert.deepEqual([line!.status, line!.code], [101, null]);
    await eventually(() => engine.gateway.connections === 0, 'the client’s connection is closed');
  });

  test('the endpoint’s, while the client’s bytes are stuck: all of them arrive, the client gone or not', async t => {
    const { client, endpoint, heard, engine } = await tunnel(t);
    endpoint.pause();
    endpoint.end();
    assert.equal(await client.end(), 'fin');
    const bytes = Buffer.alloc(24 * 1024 * 1024, 7);
    client.socket.end(bytes);
    await delay(200);
    assert.ok(heard.bytes < bytes.length);
    endpoint.resume();
    await eventually(() => heard.bytes === bytes.length && heard.end, 'everything has come', 10_000);
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
    assert.equal((await engine.accessLines())[0]!.code, null);
  });

  test('the endpoint’s, behind more than the client has read: FIN comes behind all of it', async t => {
    const { client, endpoint, heard } = await tunnel(t);
    client.socket.pause();
    const bytes = Buffer.alloc(24 * 1024 * 1024, 7);
    endpoint.end(bytes);
    await delay(200);
    client.socket.resume();
    assert.equal(await client.end(20_000), 'fin');
    assert.equal(client.received.length - client.received.indexOf('\r\n\r\n') - 4, bytes.length);
    client.socket.end('thanks');
    await eventually(() => heard.end && heard.bytes === 6, 'the other way was open');
  });

  for (const side of ['client', 'endpoint'] as const) {
    test(`the ${side}’s: tunnelHalfCloseTimeout ends what says nothing more, and not what does`, async t => {
      const { client, endpoint, engine } = await tunnel(t, {
        tunnelIdleTimeoutMs: 60_000,
        tunnelHalfCloseTimeoutMs: 1_000,
      });
      const ended = side === 'client' ? client.socket : endpoint;
      const other = side === 'client' ? endpoint : client.socket;
      ended.end();
      await once(ended, 'finish');
      for (let i = 0; i < 4; i++) {
        await delay(300);
        other.write('x');
      }
      assert.equal(engine.gateway.inFlight, 1);
      const began = performance.now();
      await eventually(() => engine.gateway.inFlight === 0, 'it is over');
      const took = performance.now() - began;
      assert.ok(took > 500 && took < 5_000, `${took} ms`);
      assert.equal(engine.refusals('upstream_idle_timeout'), 1);
    });
  }

  test('the client’s, before the switch was known: the endpoint hears its bytes and its end', async t => {
    let endpoint: RawConnection['socket'] | null = null;
    let heard = '';
    let end = false;
    const { engine } = await engineBefore(t, {
      onRequest({ socket }) {
        endpoint = socket;
        socket.removeAllListeners('data').removeAllListeners('end');
        socket.on('data', chunk => {
          heard += chunk.toString();
        });
        socket.on('end', () => {
          end = true;
          socket.end('bye');
        });
      },
    });
    const client = await ClientConnection.open(engine.port);
    client.socket.end(`${upgrade}early`);
    await eventually(() => endpoint !== null, 'the request is at the endpoint');
    await delay(100);
    endpoint!.write(switched);
    await eventually(() => heard === 'early' && end, 'the endpoint has heard all');
    assert.equal(await client.end(), 'fin');
    assert.match(client.received.toString('latin1'), /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nbye$/);
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
  });
});

describe('a client that shut its sending side', () => {
  const request = (version: string, path = '/'): string => `GET ${path} HTTP/${version}\r\nHost: test\r\n\r\n`;
  const answer = 'HTTP/1.1 200 Fine\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello';

  for (const version of ['1.0', '1.1']) {
    test(`HTTP/${version}, and waits: its late answer is whole, nothing strange in front of it`, async t => {
      const { engine } = await engineBefore(t, {
        onRequest: ({ socket }) => void setTimeout(() => socket.write(answer), 1_200),
      });
      const client = await ClientConnection.open(engine.port);
      client.socket.end(request(version));
      assert.equal(await client.end(), 'fin');
      const text = client.received.toString('latin1');
      assert.match(text, /^HTTP\/1\.1 200 [A-Za-z]+\r\n/);
      assert.equal(text.match(/HTTP/g)!.length, 1);
      const [read] = readAnswers(client.received);
      assert.deepEqual([read!.status, read!.body, read!.headers.get('x-a')], [200, 'hello', ['b']]);
    });

    test(`HTTP/${version}, and is refused late: the refusal is whole`, async t => {
      const { engine } = await engineBefore(t, { onRequest() {} }, { upstream: { responseTimeoutMs: 900 } });
      const client = await ClientConnection.open(engine.port);
      client.socket.end(request(version));
      assert.equal(await client.end(), 'fin');
      const [read] = readAnswers(client.received);
      assert.equal(read!.status, 504);
      assert.match(read!.body, /upstream_response_timeout/);
    });

    test(`HTTP/${version}, and is gone: the upstream is told within a second or two, and the log says 499`, async t => {
      const { engine, backend } = await engineBefore(t, { onRequest() {} });
      const client = await ClientConnection.open(engine.port);
      client.send(request(version, '/slow'));
      await eventually(() => backend.requests.length === 1, 'the request is at the backend');
      client.destroy();
      await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
      const [line] = await engine.accessLines();
      assert.deepEqual([line!.status, line!.code], [499, 'client_aborted']);
    });
  }

  test('several requests: who is gone is noticed at the second as well', async t => {
    const { engine, backend } = await engineBefore(t, {
      onRequest: ({ socket }, { path }) => void (path === '/slow' || socket.write(answer)),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(request('1.1') + request('1.1', '/slow'));
    await client.answers(1);
    await eventually(() => backend.requests.length === 2, 'the second request is at the backend');
    client.destroy();
    await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
  });

  test('interim answers behind a probe are whole, too', async t => {
    const { engine } = await engineBefore(t, {
      onRequest({ socket }) {
        setTimeout(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'), 800);
        setTimeout(() => socket.write(answer), 1_600);
      },
    });
    const client = await ClientConnection.open(engine.port);
    client.socket.end(request('1.1'));
    assert.equal(await client.end(), 'fin');
    assert.match(
      client.received.toString('latin1'),
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 [A-Za-z]+\r\nX-A: b\r\n/,
    );
  });

  test('and reads its answer with a pause longer than a probe’s time: it gets all of it', async t => {
    const bytes = 16 * 1024 * 1024;
    const { engine } = await engineBefore(
      t,
      {
        onRequest({ socket }) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
          socket.write(Buffer.alloc(bytes));
        },
      },
      { limits: { writeTimeoutMs: 5_000 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send(request('1.1'));
    await client.until(all => all.length > 0);
    client.socket.pause();
    await delay(100);
    client.socket.end();
    await delay(1_200);
    client.socket.resume();
    assert.equal(await client.end(20_000), 'fin');
    assert.equal(readAnswers(client.received)[0]!.complete, true);
  });
});
