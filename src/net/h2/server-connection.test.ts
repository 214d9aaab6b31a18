// The end of a client's connection as it cannot be brought about from outside: at which moment a byte comes is up to the kernel there.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { engineLimits } from '../../../test/support/engine-limits.ts';
import {
  block,
  Flag,
  FrameReader,
  FrameType,
  frame,
  get,
  preface,
  settings,
  uint32,
} from '../../../test/support/h2-client.ts';
import { listeningPort } from '../../../test/support/listening-port.ts';
import { Headers } from '../../http/headers.ts';
import { listenTo } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import { ResponseFraming } from '../exchange-ends.ts';
import { ThreadIo } from '../io.ts';
import { defaultHttp2Limits } from './http2-limits.ts';
import { ServerConnection } from './server-connection.ts';
import type { ServerStream } from './server-stream.ts';

const WIDEST = 2 ** 31 - 1;

const client: Client = {
  ip: '127.0.0.1',
  port: 1,
  socketIp: '127.0.0.1',
  trusted: false,
  scheme: 'http',
  certificate: null,
  logPart: '',
  forwarded: null,
};

test('a client that has said something while the end of its last response waits here is not cut off a second later', async t => {
  const io = new ThreadIo();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const peer = connect({ port: await listeningPort(server), host: '127.0.0.1', allowHalfOpen: true });
  peer.pause();
  const [socket] = await accepted;
  t.after(() => {
    peer.destroy();
    socket.destroy();
    server.close();
  });
  let opened: ServerStream | null = null;
  const connection = new ServerConnection(socket, client, {
    io,
    limits: engineLimits,
    http2: defaultHttp2Limits,
    draining: false,
    onStreamRequest(stream) {
      opened = stream;
      return {
        quietMs: 0,
        onRequestBody() {},
        onRequestEnd() {},
        onRequestFault: ({ code }) => assert.fail(code),
        onResponseBlocked() {},
        onResponseDrained() {},
      };
    },
    onStreamRefused: (_stream, { code }) => assert.fail(code),
    onHttp2Error: reason => assert.fail(reason),
    onBytes() {},
    onHttp2Closed() {},
  });
  listenTo(socket, connection);
  const read = (...pieces: Buffer[]): void => {
    const bytes = Buffer.concat(pieces);
    connection.onRead(bytes, bytes.length);
  };
  read(
    Buffer.from(preface),
    frame(FrameType.settings, 0, 0, settings([4, WIDEST])),
    frame(FrameType.windowUpdate, 0, 0, uint32(WIDEST - 65_535)),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, block(get('/'))),
    frame(FrameType.goaway, 0, 0, uint32(0, 0)),
  );
  // Because: the connection calls `onStreamRequest` while it reads, which TypeScript does not follow.
  const stream = opened as unknown as ServerStream;
  stream.startResponse(200, Headers.empty(), ResponseFraming.unknown);
  const piece = Buffer.alloc(16_000, 'x');
  let size = 0;
  while (!connection.outbox.blocked) {
    stream.sendBody(piece, 0, piece.length);
    size += piece.length;
    await turn();
  }
  stream.endResponse(null);
  read(frame(FrameType.windowUpdate, 0, 0, uint32(1)));
  io.wheel.advance(io.clock.now + 2_000);
  assert.equal(socket.destroyed, false);
  const reader = new FrameReader();
  let received = 0;
  let ended = false;
  peer.on('data', (bytes: Buffer) => {
    for (const { type, flags, payload } of reader.read(bytes)) {
      if (type !== FrameType.data) continue;
      received += payload.length;
      ended ||= (flags & Flag.endStream) !== 0;
    }
  });
  peer.resume();
  await once(peer, 'end');
  assert.deepEqual([received, ended], [size, true]);
});
