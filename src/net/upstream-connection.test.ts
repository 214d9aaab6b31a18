// When a connection to an endpoint is used again, and when it is not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { listeningPort } from '../../test/support/listening-port.ts';
import { RequestFraming, type ResponseEvents } from './exchange-ends.ts';
import { ThreadIo } from './io.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const headLimits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };

test('a connection whose endpoint responds without having taken the whole request is not used again', async t => {
  const io = new ThreadIo();
  io.start();
  t.after(() => io.stop());
  const server = createServer({ pauseOnConnect: true });
  t.after(() => server.close());
  const accepted: Promise<Socket[]> = once(server, 'connection');
  const port = await listeningPort(server);
  const told: string[] = [];
  let isBlocked = false;
  const fate = Promise.withResolvers<void>();
  const connected = Promise.withResolvers<void>();
  const connection = new UpstreamConnection({ host: '127.0.0.1', port, tls: null }, 2_000, {
    io,
    headLimits,
    onConnected: () => connected.resolve(),
    onConnectFailed: () => connected.reject(new Error('no connection')),
    onReleased() {
      told.push('released');
      fate.resolve();
    },
    onClosed() {
      told.push('closed');
      fate.resolve();
    },
  });
  await connected.promise;
  const events: ResponseEvents = {
    onInformational() {},
    onResponseHead: ({ status }) => told.push(String(status)),
    onResponseBody() {},
    onResponseEnd: () => told.push('end'),
    onUpstreamFault: ({ code }) => told.push(code),
    onRequestBlocked() {
      isBlocked = true;
    },
    onRequestDrained() {},
  };
  const times = { deadline: Infinity, responseTimeoutMs: 0, idleTimeoutMs: 0 };
  connection.start(events, false, RequestFraming.chunked, false, times);
  io.outbox.text('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = Buffer.alloc(64 * 1024);
  while (!isBlocked) {
    connection.sendBody(piece, 0, piece.length);
    io.outbox.flush();
  }
  connection.endRequest(null);
  io.outbox.flush();
  const [endpoint] = await accepted;
  t.after(() => {
    connection.close();
    endpoint!.destroy();
  });
  endpoint!.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  await fate.promise;
  assert.deepEqual(told, ['401', 'end', 'closed']);
});
