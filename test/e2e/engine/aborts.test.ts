// Messages that break off: the client can tell that its response is incomplete, and the upstream that its response is no longer wanted.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Filter } from '../../../src/exchange/filter.ts';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { type RawConnection, startRawBackend } from '../../support/raw-backend.ts';

const get = (path = '/', version = '1.1'): string => `GET ${path} HTTP/${version}\r\nHost: test\r\n\r\n`;
const heads = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'until close': 'HTTP/1.1 200 OK\r\n\r\n',
} as const;
const piece = { length: 'x'.repeat(1000), chunked: `3e8\r\n${'x'.repeat(1000)}\r\n`, 'until close': 'x'.repeat(1000) };

describe('an upstream that breaks off in the middle of a body', () => {
  for (const framing of ['length', 'chunked', 'until close'] as const) {
    for (const how of ['FIN', 'reset'] as const) {
      if (framing === 'until close' && how === 'FIN') continue; // Because: there FIN is how such a body ends.
      for (const version of ['1.1', '1.0'] as const) {
        test(`${framing}, ${how}, to HTTP/${version}: the client sees that it is not whole`, async t => {
          const { engine } = await engineBefore(t, {
            onRequest({ socket }) {
              socket.write(heads[framing] + piece[framing], () => {
                setTimeout(() => (how === 'FIN' ? socket.end() : socket.resetAndDestroy()), 30);
              });
            },
          });
          const client = await ClientConnection.open(engine.port);
          client.send(get('/', version));
          const ending = await client.end();
          // A FIN after a body without a length means that the body is complete; only a reset shows that it is not.
          if (framing !== 'length' && version === '1.0') assert.equal(ending, 'reset');
          const [answer] = readAnswers(client.received, [], ending === 'fin');
          if (answer !== undefined) assert.equal(answer.complete, false);
          assert.equal(engine.refusals('upstream_reset'), 1);
          const [line] = await engine.accessLines();
          assert.equal(line!.code, 'upstream_reset');
          await eventually(() => engine.gateway.connections === 0, 'the connection is gone');
          assert.equal(engine.gateway.inFlight, 0);
        });
      }
    }
  }

  test('malformed chunks in the middle: the same', async t => {
    const { engine } = await engineBefore(t, {
      onRequest({ socket }) {
        socket.write(heads.chunked + piece.chunked);
        setTimeout(() => socket.write('zz\r\nno\r\n0\r\n\r\n'), 30);
      },
    });
    const client = await ClientConnection.open(engine.port);
    client.send(get());
    await client.end();
    assert.equal(readAnswers(client.received)[0]!.complete, false);
    assert.equal(engine.refusals('upstream_malformed_response'), 1);
  });

  test('before the head is complete: 502, and the client’s connection goes on', async t => {
    const { engine } = await engineBefore(t, {
      onRequest({ socket }, { path }) {
        if (path === '/cut') socket.end('HTTP/1.1 200 OK\r\nContent-Le');
        else socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      },
    });
    const client = await ClientConnection.open(engine.port);
    client.send(get('/cut') + get('/whole'));
    const answers = await client.answers(2);
    assert.equal(answers[0]!.status, 502);
    assert.match(answers[0]!.body, /upstream_reset/);
    assert.equal(answers[1]!.status, 204);
    client.destroy();
  });
});

describe('a client that goes away', () => {
  for (const how of ['FIN and gone', 'reset'] as const) {
    const leave = (client: ClientConnection): unknown =>
      how === 'reset' ? client.socket.resetAndDestroy() : client.destroy();

    test(`while it waits for an answer (${how}): the upstream is told within a second or two, and the log says 499`, async t => {
      const { backend, engine } = await engineBefore(t, { onRequest() {} });
      const client = await ClientConnection.open(engine.port);
      client.send(get('/slow'));
      await eventually(() => backend.requests.length === 1, 'the request is at the backend');
      leave(client);
      await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
      assert.equal(engine.gateway.inFlight, 0);
      assert.equal(engine.refusals('client_aborted'), 1);
      const [line] = await engine.accessLines();
      assert.equal(line!.status, 499);
      assert.equal(line!.code, 'client_aborted');
    });

    test(`in the middle of its answer (${how})`, async t => {
      let stopped = false;
      const { backend, engine } = await engineBefore(t, {
        onRequest({ socket }) {
          socket.write(heads.chunked);
          const timer = setInterval(() => socket.write(piece.chunked), 10);
          socket.on('close', () => {
            stopped = true;
            clearInterval(timer);
          });
        },
      });
      const client = await ClientConnection.open(engine.port);
      client.send(get());
      await client.until(all => all.length > 3_000);
      leave(client);
      await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
      assert.ok(stopped);
      const [line] = await engine.accessLines();
      assert.equal(line!.code, 'client_aborted');
      assert.equal(engine.poolCounts().idle, 0);
    });

    test(`in the middle of its request (${how}): the upstream sees no complete one`, async t => {
      for (const lines of ['Content-Length: 100000\r\n', 'Transfer-Encoding: chunked\r\n']) {
        const { backend, engine } = await engineBefore(t, {});
        const client = await ClientConnection.open(engine.port);
        client.send(
          `POST / HTTP/1.1\r\nHost: test\r\n${lines}\r\n${lines.startsWith('T') ? piece.chunked : piece.length}`,
        );
        await eventually(() => backend.connections.length === 1, 'the request is on its way');
        leave(client);
        await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
        assert.equal(backend.requests.length, 0);
        const [line] = await engine.accessLines();
        assert.equal(line!.status, 499);
      }
    });
  }

  test('a malformed chunk in the middle of a request: 400, and the upstream sees no complete one', async t => {
    const { backend, engine } = await engineBefore(t, {});
    const client = await ClientConnection.open(engine.port);
    client.send(`POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n${piece.chunked}`);
    await eventually(() => backend.connections.length === 1, 'the request is on its way');
    client.send('5\nhello');
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 400);
    assert.deepEqual(answer!.headers.get('connection'), ['close']);
    await client.end();
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    assert.equal(backend.requests.length, 0);
  });
});

describe('answers before the request is complete', () => {
  const chunk = 'x'.repeat(64 * 1024);

  /** Sends until all is sent, the connection ends or a response arrives. */
  async function upload(client: ClientConnection, bytes: number): Promise<void> {
    client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${bytes}\r\n\r\n`);
    for (let sent = 0; sent < bytes && client.ended === null && client.received.length === 0; sent += chunk.length) {
      if (!client.socket.write(chunk))
        await new Promise(resolve => client.socket.once('drain', resolve).once('close', resolve));
    }
  }

  for (const ending of ['keeps reading', 'ends', 'closes with bytes unread'] as const) {
    test(`an upstream that refuses with 413 and ${ending}`, async t => {
      let seen: RawConnection | null = null;
      const { engine, backend } = await engineBefore(t, {
        onHead(connection) {
          seen = connection;
          const { socket } = connection;
          const answer = 'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig';
          if (ending === 'keeps reading') socket.write(answer);
          else if (ending === 'ends') socket.end(answer);
          else {
            socket.pause();
            socket.write(answer, () => setTimeout(() => socket.destroy(), 20));
          }
        },
      });
      const client = await ClientConnection.open(engine.port);
      await upload(client, 50 * 1024 * 1024);
      const [answer] = await client.answers(1);
      assert.equal(answer!.status, 413);
      assert.equal(answer!.body, 'big');
      assert.deepEqual(answer!.headers.get('connection'), ['close']);
      await client.end();
      assert.ok(seen);
      await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
      assert.equal(engine.gateway.inFlight, 0);
    });
  }

  test('limits.body: a length that says too much is refused at once, one that turns out too much when it does', async t => {
    const { engine, backend } = await engineBefore(t, {}, { limits: { bodyBytesMax: 100_000 } });
    const announced = await ClientConnection.open(engine.port);
    announced.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100001\r\n\r\n');
    assert.equal((await announced.answers(1))[0]!.status, 413);
    await announced.end();
    assert.equal(backend.connections.length, 0);
    const chunked = await ClientConnection.open(engine.port);
    chunked.send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 101; i++) chunked.send(piece.chunked);
    const [answer] = await chunked.answers(1);
    assert.equal(answer!.status, 413);
    assert.match(answer!.body, /body_too_large/);
    await chunked.end();
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    assert.equal(backend.requests.length, 0);
  });

  test('an answer that is complete while the request goes on ends the client’s connection in order', async t => {
    const { engine } = await engineBefore(t, {
      onHead: ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    });
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\npart');
    const [answer] = await client.answers(1);
    assert.equal(answer!.body, 'ok');
    assert.deepEqual(answer!.headers.get('connection'), ['close']);
    assert.equal(await client.end(), 'fin');
  });

  test('an answer that streams while the request does: both go on', async t => {
    const { engine } = await engineBefore(t, {
      onHead: ({ socket }) => socket.write(`${heads.chunked}2\r\nhi\r\n`),
      onRequest: ({ socket }, { body }) => socket.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    });
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nfirst');
    await client.until(all => all.includes('hi\r\n'));
    client.send('last');
    const [answer] = await client.answers(1);
    assert.equal(answer!.body, 'hifirstlast');
    client.destroy();
  });
});

test('nothing of an answer that fails while a filter waits with its head is in the refusal', async t => {
  const waitsAndFails: Filter = { onResponse: ({ answeredBy }) => (answeredBy === 'upstream' ? fails() : undefined) };
  const waits: Filter = { onResponse: ({ answeredBy }) => (answeredBy === 'upstream' ? delay(600) : undefined) };
  const fails = () => delay(100).then(() => Promise.reject(new Error('no')));
  for (const [filter, body, status] of [
    [waits, 'some', 504],
    [waitsAndFails, 'some', 500],
    [waitsAndFails, 'some of it, whole', 500],
  ] as const) {
    const backend = await startRawBackend({
      onRequest: ({ socket }) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n${body}`),
    });
    t.after(() => backend.stop());
    const engine = await startEngine([backend.port], { filters: [filter], upstream: { timeoutMs: 300 } });
    t.after(() => engine.stop());
    const client = await ClientConnection.open(engine.port);
    t.after(() => client.destroy());
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.answers(1);
    client.send('GET /fixed HTTP/1.1\r\nHost: test\r\n\r\n');
    const answers = await client.answers(2);
    assert.deepEqual(
      answers.map(answer => answer.status),
      [status, 200],
    );
    assert.match(answers[0]!.body, /^\{"type"/);
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: body.length === 17 ? 1 : 0, pending: 0 });
  }
});

test('a filter that waits while the upstream breaks off hears of the refusal once it is done with the response, and only once', async t => {
  const heard: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const before: Filter = { onResponse: ({ response }) => void heard.push(`before ${response!.status}`) };
  const waits: Filter = {
    async onResponse({ response }) {
      heard.push(`waits ${response!.status}`);
      await gate;
      response!.headers.append('X-Waited', 'yes');
      heard.push(`done ${response!.status}`);
    },
  };
  const { engine, backend } = await engineBefore(
    t,
    { onRequest: ({ socket }) => socket.write(heads.length) },
    { filters: [before, waits] },
  );
  const client = await ClientConnection.open(engine.port);
  client.send(get());
  await eventually(() => heard.length === 1, 'the filter waits');
  backend.connections[0]!.socket.resetAndDestroy();
  await eventually(() => engine.upstreamCell('resets') === 1, 'the upstream broke off');
  assert.deepEqual(heard, ['waits 200']);
  open();
  const [answer] = await client.answers(1);
  assert.equal(answer!.status, 502);
  assert.match(answer!.body, /upstream_reset/);
  assert.deepEqual(answer!.headers.get('x-waited'), ['yes']);
  assert.deepEqual(heard, ['waits 200', 'done 200', 'waits 502', 'done 502', 'before 502']);
  client.destroy();
});
