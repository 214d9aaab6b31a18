// Bodies are held until they are whole, within bounds, and then announced; everything else passes as it arrives.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../../test/support/eventually.ts';
import { startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { bufferFilter } from './filter.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

/** A gateway that holds bodies. `asked` has the requests that reached the backend, from their heads on. */
async function start(t: TestContext, config: unknown) {
  const asked: IncomingMessage[] = [];
  const cells = new Float64Array(1);
  const gateway = await startFilterGateway(
    [written(bufferFilter, schema, config)],
    (request, response) => {
      asked.push(request);
      let bytes = 0;
      request.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      request.on('end', () => response.end(`got ${bytes}`));
    },
    { services: { events: bufferFilter.events!, cells } },
  );
  t.after(() => gateway.stop());
  const open = async (head: string) => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.setNoDelay(true);
    let received = '';
    socket.on('data', piece => {
      received += piece;
    });
    await once(socket, 'connect');
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
    t.after(() => socket.destroy());
    return {
      socket,
      /** Sends a piece, and waits until the gateway has had time to pass it on. */
      async send(text: string) {
        socket.write(text);
        for (let i = 0; i < 20; i++) await turn();
      },
      says: (pattern: RegExp) => eventually(() => pattern.test(received), `${pattern}`),
    };
  };
  return { asked, open, fullCount: () => cells[0] };
}

test('the upstream is asked once the body is whole', async t => {
  const { asked, open } = await start(t, {});
  const client = await open('Content-Length: 6');
  await client.send('abc');
  assert.equal(asked.length, 0);
  await client.send('def');
  await client.says(/got 6/);
  assert.equal(asked.length, 1);
});

test('a body in chunks gets a length, an empty one too', async t => {
  const { asked, open } = await start(t, {});
  for (const [at, [chunks, length]] of [
    [['3\r\nabc\r\n', '0\r\n\r\n'], '3'] as const,
    [['', '0\r\n\r\n'], '0'] as const,
  ].entries()) {
    const client = await open('Transfer-Encoding: chunked');
    await client.send(chunks[0]);
    assert.equal(asked.length, at);
    await client.send(chunks[1]);
    await client.says(new RegExp(`got ${length}`));
    assert.equal(asked[at]!.headers['content-length'], length);
    assert.equal(asked[at]!.headers['transfer-encoding'], undefined);
  }
});

test('trailers stay behind their chunks', async t => {
  const { asked, open } = await start(t, {});
  const client = await open('Transfer-Encoding: chunked');
  await client.send('3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n');
  await client.says(/got 3/);
  assert.equal(asked[0]!.headers['transfer-encoding'], 'chunked');
  assert.equal(asked[0]!.trailers['x-sum'], '1');
});

test('a client that waits for a 100 gets one, and the upstream is not asked for another', async t => {
  const { asked, open } = await start(t, {});
  const client = await open('Content-Length: 3\r\nExpect: 100-continue');
  await client.says(/^HTTP\/1\.1 100 /);
  assert.equal(asked.length, 0);
  await client.send('abc');
  await client.says(/got 3/);
  assert.equal(asked[0]!.headers.expect, undefined);
});

test('a larger body passes as it arrives, announced or not', async t => {
  const { asked, open } = await start(t, { max: '4B', memory: '8B' });
  const announced = await open('Content-Length: 6');
  await announced.send('a');
  await eventually(() => asked.length === 1, 'the upstream is asked');
  await announced.send('bcdef');
  await announced.says(/got 6/);
  const chunked = await open('Transfer-Encoding: chunked');
  await chunked.send('4\r\nabcd\r\n');
  assert.equal(asked.length, 1);
  await chunked.send('1\r\ne\r\n');
  await eventually(() => asked.length === 2, 'the upstream is asked');
  await chunked.send('0\r\n\r\n');
  await chunked.says(/got 5/);
});

test('without room bodies pass as they arrive; room is free again when an exchange ends, also by the client', async t => {
  const { asked, open, fullCount } = await start(t, { max: '4B', memory: '8B' });
  const [left, held] = [await open('Content-Length: 4'), await open('Transfer-Encoding: chunked')];
  await left.send('a');
  await held.send('1\r\na\r\n');
  assert.equal(asked.length, 0);
  const third = await open('Content-Length: 2');
  await third.send('a');
  await eventually(() => asked.length === 1, 'there is no room to hold the third');
  assert.equal(fullCount(), 1);
  await third.send('b');
  await third.says(/got 2/);
  left.socket.destroy();
  await held.send('0\r\n\r\n');
  await held.says(/got 1/);
  const fourth = await open('Content-Length: 4');
  await fourth.send('a');
  assert.equal(asked.length, 2);
  await fourth.send('bcd');
  await fourth.says(/got 4/);
  assert.equal(fullCount(), 1);
});

test('streams of gRPC are not held', async t => {
  const { asked, open } = await start(t, {});
  const client = await open('Content-Length: 6\r\nContent-Type: application/grpc');
  await client.send('abc');
  await eventually(() => asked.length === 1, 'the upstream is asked');
});

test('a configuration that would hold nothing is refused', () => {
  assert.match(schema.safeParse({ max: '1MiB', memory: '1KiB' }).error?.issues[0]?.message ?? '', /smaller than `max`/);
  assert.equal(schema.safeParse({ max: '0B' }).success, false);
});
