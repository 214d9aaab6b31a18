// Clients and backends that do everything wrong at once, at random with a seed. Whatever happens, responses are never mixed up,
// and afterwards nothing is left: no exchange, no connection, no place in a queue, no gauge above zero.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Filter } from '../../../src/exchange/filter.ts';
import { startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { type RawConnection, startRawBackend } from '../../support/raw-backend.ts';

const DURATION_MS = 4_000;
const seed = Number(process.env['CARDEA_TEST_SEED'] ?? 1);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function dice(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

for (const [name, waits] of [
  ['disorder', false],
  ['disorder behind filters that wait', true],
] as const) {
  test(`${name} (seed ${seed})`, async t => {
    const roll = dice(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(roll() * list.length)]!;

    const answerSomehow = (connection: RawConnection, path: string): void => {
      const { socket } = connection;
      if (socket.destroyed) return;
      const body = `<${path}>`.repeat(1 + Math.floor(roll() * 400));
      const size = body.length.toString(16);
      pick([
        () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
        () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
        () => socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`),
        () =>
          socket.write(`HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
        () =>
          socket.write(
            `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
          ),
        () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`),
        () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 10}\r\n\r\n${body}`),
        () => socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
        () => socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\nxx`),
        () => socket.resetAndDestroy(),
        () => socket.end(),
        () => setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`), 30),
        () => {}, // never answers
      ])();
    };
    // Some responses come before the request's body. Never two to one request: the second could not be told from that of the next request.
    const answeredEarly = new Set<string>();
    const backend = await startRawBackend({
      onHead(connection, { path, text }) {
        if (roll() > 0.2 || !/\r\n(?:content-length: [1-9]|transfer-encoding)/i.test(text)) return;
        answeredEarly.add(path);
        answerSomehow(connection, path);
      },
      onRequest(connection, { path }) {
        if (!answeredEarly.delete(path)) answerSomehow(connection, path);
      },
    });
    const pause = (): Promise<unknown> => delay(roll() * 3);
    const waiting: Filter = {
      async onRequest() {
        await pause();
      },
      async onRequestBody(_exchange, piece) {
        await pause();
        return piece;
      },
      async onResponse(exchange) {
        exchange.response!.filterBody(0);
        await pause();
      },
      async onResponseBody(_exchange, piece) {
        await pause();
        return piece;
      },
    };
    const engine = await startEngine([backend.port, backend.port], {
      filters: waits ? [waiting] : [],
      pool: { maxConnections: 6, maxPending: 10, maxRequestsPerConnection: 20, idleTimeoutMs: 100 },
      upstream: { responseTimeoutMs: 250, idleTimeoutMs: 250, timeoutMs: 800, balance: 'p2c' },
      limits: { headerTimeoutMs: 500, bodyTimeoutMs: 300, keepAliveTimeoutMs: 300, writeTimeoutMs: 500 },
    });
    t.after(async () => {
      await engine.stop();
      await backend.stop();
    });

    let next = 0;
    let whole = 0;
    const mixed: string[] = [];
    /** Sends some requests in some way, leaves in some way, and checks that it received only its own responses. */
    const client = async (): Promise<void> => {
      const socket: Socket = connect({ port: engine.port, host: '127.0.0.1', allowHalfOpen: true });
      const mine: string[] = [];
      let received = '';
      let over = false;
      socket.on('error', () => {});
      socket.on('data', chunk => {
        received += chunk.toString('latin1');
      });
      socket.on('end', () => {
        over = true;
      });
      socket.on('close', () => {
        over = true;
      });
      const count = 1 + Math.floor(roll() * 4);
      for (let i = 0; i < count && !over; i++) {
        const id = `/n${next++}`;
        mine.push(id);
        const body = 'b'.repeat(Math.floor(roll() * 5_000));
        const size = body.length.toString(16);
        const message = pick([
          `GET ${id} HTTP/1.1\r\nHost: t\r\n\r\n`,
          `GET ${id} HTTP/1.1\r\nHost: t\r\n\r\n`,
          `GET ${id} HTTP/1.0\r\nHost: t\r\n\r\n`,
          `HEAD ${id} HTTP/1.1\r\nHost: t\r\n\r\n`,
          `POST ${id} HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          `PUT ${id} HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          `PUT ${id} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n${body === '' ? '' : `${size}\r\n${body}\r\n`}0\r\n\r\n`,
          `GET ${id} HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\n`,
          `GET ${id} HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n`,
        ]);
        if (roll() < 0.15) {
          socket.write(message.slice(0, Math.floor(roll() * message.length)), 'latin1');
          break;
        }
        if (roll() < 0.3) {
          const cut = Math.floor(roll() * message.length);
          socket.write(message.slice(0, cut), 'latin1');
          await delay(roll() * 20);
          socket.write(message.slice(cut), 'latin1');
        } else socket.write(message, 'latin1');
        if (roll() < 0.4) await delay(roll() * 60);
      }
      const leave = roll();
      if (leave < 0.25) socket.destroy();
      else if (leave < 0.4) socket.resetAndDestroy();
      else if (leave < 0.55) socket.end();
      const until = performance.now() + 1_200;
      while (!over && performance.now() < until) await delay(10);
      socket.destroy();
      const responses = received.match(/HTTP\/1\.1 [2-5][0-9]{2} /g)?.length ?? 0;
      if (responses > mine.length) mixed.push(`${mine.join()} got ${responses} responses`);
      if (received.includes('evil')) mixed.push(`${mine.join()} got bytes that nobody asked for`);
      for (const [, id] of received.matchAll(/<(\/n\d+)>/g)) {
        if (!mine.includes(id!)) mixed.push(`${mine.join()} got ${id}`);
        else whole++;
      }
    };
    const until = performance.now() + DURATION_MS;
    const crowd = Array.from({ length: 40 }, async () => {
      while (performance.now() < until) await client();
    });
    await Promise.all(crowd);

    assert.deepEqual(mixed, []);
    assert.ok(whole > 1_000, `only ${whole} pieces of answers came: the test tests nothing`);
    await eventually(() => engine.gateway.connections === 0, 'no client connection is left', 10_000);
    await eventually(() => backend.open() === 0, 'no upstream connection is left');
    assert.equal(engine.gateway.inFlight, 0);
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
    for (const gauge of ['connectionsActive', 'connectionsIdle', 'pending'] as const) {
      assert.equal(engine.upstreamCell(gauge), 0, gauge);
    }
    assert.equal(engine.workerCell('requestsInFlight'), 0);
    assert.equal(engine.workerCell('connectionsOpen'), 0);
    assert.deepEqual(engine.endpointsInFlight(), [0, 0]);
    // Some of the backend's responses are malformed.
    assert.deepEqual(new Set(engine.log), new Set(['an answer of an endpoint is not passed on']));
  });
}
