// What happens on a connection once its client has not taken all of a response that is complete: it gets no further one made, its time
// runs, and no other rule of the connection is lost.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DownstreamConnection } from '../../../src/net/downstream-connection.ts';
import { unsentBytes } from '../../../src/net/progress.ts';
import { hasAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import type { Engine, EngineOptions } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import type { RawHandlers } from '../../support/raw-backend.ts';

/** Less than the gateway writes at once: a response of this size is complete before any of its bytes are sent. */
const reply = Buffer.alloc(64 * 1024, 'x');
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;

/** The gateway's socket of the one client, and how many of its requests have begun. */
interface Seen {
  socket: Socket | null;
  begun: number;
}

/** Answers `/reply` itself, and sends everything else to the backend. */
async function replying(
  t: { after(end: () => Promise<void>): void },
  limits: NonNullable<EngineOptions['limits']>,
  onRequest: (seen: Seen) => NonNullable<RawHandlers['onRequest']> = () => () => {},
): Promise<{ engine: Engine; seen: Seen }> {
  const seen: Seen = { socket: null, begun: 0 };
  const { engine } = await engineBefore(
    t,
    { onRequest: onRequest(seen) },
    {
      limits,
      filters: [
        {
          onRequest(exchange) {
            assert.ok(exchange.downstream instanceof DownstreamConnection);
            seen.socket = exchange.downstream.socket;
            seen.begun++;
            if (exchange.request.path === '/reply') exchange.reply({ status: 200, body: reply });
          },
        },
      ],
    },
  );
  return { engine, seen };
}

/** Sends requests one by one until a response is complete that the client, who reads nothing, has not taken whole. Returns their number. */
async function fill(client: ClientConnection, seen: Seen, request: string): Promise<number> {
  client.socket.pause();
  let count = 0;
  do {
    client.send(request);
    count++;
    await eventually(() => seen.begun === count, 'the request has begun');
    // The gateway runs on this thread, so that the bytes of this turn have been written in the next one.
    await new Promise(resolve => setImmediate(resolve));
  } while (unsentBytes(seen.socket!) === 0);
  return count;
}

/** The value of `look` once it has been the same for some time. */
async function steady(look: () => number): Promise<number> {
  let last = look();
  for (let same = 0; same < 40; same++) {
    await delay(5);
    if (look() !== last) same = 0;
    last = look();
  }
  return last;
}

describe('a client that has not taken all of a complete response', () => {
  test('is closed after keepAliveTimeout once it has taken the rest', async t => {
    const { engine, seen } = await replying(t, { keepAliveTimeoutMs: 300 });
    const client = await ClientConnection.open(engine.port);
    const count = await fill(client, seen, get('/reply'));
    client.socket.resume();
    await client.until(hasAnswers(count));
    assert.equal(await client.end(), 'fin');
    client.destroy();
  });

  test('gets no further response made before it has', async t => {
    const { engine, seen } = await replying(t, {});
    const client = await ClientConnection.open(engine.port);
    const count = await fill(client, seen, get('/reply'));
    const before = seen.socket!.bytesRead;
    const more = get('/reply').repeat(3) + get('/reply').slice(0, 10);
    client.send(more);
    await eventually(() => seen.socket!.bytesRead === before + more.length, 'the gateway has read the requests');
    assert.equal(seen.begun, count);
    client.send(get('/reply').slice(10));
    client.socket.resume();
    await client.until(hasAnswers(count + 4));
    client.destroy();
  });

  test('is cut off after writeTimeout, whatever it sends', async t => {
    const { engine, seen } = await replying(t, { writeTimeoutMs: 500 });
    const client = await ClientConnection.open(engine.port);
    await fill(client, seen, get('/reply'));
    client.send(get('/reply'));
    await eventually(() => engine.gateway.connections === 0, 'the client is given up');
    client.destroy();
  });

  test('holds its upstream back when it is asked in the same bytes as the response before', async t => {
    const bytes = 64 * 1024 * 1024;
    let answered = 0;
    let isBig = false;
    const { engine, seen } = await replying(t, { writeTimeoutMs: 60_000 }, around => ({ socket }) => {
      isBig = unsentBytes(around.socket!) > 0;
      answered++;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${isBig ? bytes : 2}\r\n\r\n`);
      socket.write(isBig ? Buffer.alloc(bytes, 'y') : 'ok');
    });
    const client = await ClientConnection.open(engine.port);
    client.socket.pause();
    for (let pairs = 1; !isBig; pairs++) {
      client.send(get('/reply') + get('/of-the-backend'));
      await eventually(() => answered === pairs, 'the backend answers');
    }
    const unsent = await steady(() => unsentBytes(seen.socket!));
    assert.ok(unsent < 2 * 1024 * 1024, `${unsent} bytes`);
    client.socket.resume();
    await eventually(() => client.socket.bytesRead > bytes, 'the client gets the rest');
    client.destroy();
  });
});
