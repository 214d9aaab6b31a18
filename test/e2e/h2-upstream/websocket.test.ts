// A WebSocket whose extended CONNECT an HTTP/2 endpoint did not look at is asked for again, like any other request (RFC 9113 section 8.7).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { FrameType, frame, H2Client, settings, uint32, webSocketConnect } from '../../support/h2-client.ts';
import type { SeenRequest } from '../../support/h2-server.ts';
import { start } from './h2-endpoint.ts';

const REFUSED_STREAM = 7;
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

const refusals: readonly (readonly [name: string, refuse: (request: SeenRequest) => void])[] = [
  [
    'REFUSED_STREAM',
    ({ connection, stream }) => connection.send(frame(FrameType.reset, 0, stream, uint32(REFUSED_STREAM))),
  ],
  ['GOAWAY', ({ connection }) => connection.send(frame(FrameType.goaway, 0, 0, uint32(0, 0)))],
];

for (const [name, refuse] of refusals) {
  const before = async (t: { after(end: () => unknown): void }) => {
    const { engine, server } = await start(
      t,
      {
        greeting: frame(FrameType.settings, 0, 0, settings([8, 1])),
        onRequest(request) {
          if (server.requests.length === 1) refuse(request);
          else {
            request.connection.headers(request.stream, [[':status', '200']]);
            request.connection.data(request.stream, 'welcome');
          }
        },
        onFrame(connection, { type, stream, payload }) {
          if (type === FrameType.data) connection.data(stream, ` ${payload.toString('latin1')}`);
        },
      },
      { protocols: ['h2c', 'http/1.1'] },
    );
    return { engine, server };
  };

  test(`${name}: the client of HTTP/1.1 gets the proof of its own key, and what it had said already arrives`, async t => {
    const { engine, server } = await before(t);
    const client = await ClientConnection.open(engine.port);
    t.after(() => client.destroy());
    client.send(
      `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\n\r\nearly`,
    );
    const received = (await client.until(all => all.includes('welcome early'))).toString('latin1');
    assert.match(received, /^HTTP\/1\.1 101 /);
    assert.equal(/sec-websocket-accept: (.*)\r\n/i.exec(received)?.[1], proof);
    assert.equal(server.requests.length, 2);
    for (const request of server.requests) {
      assert.equal(request.field(':protocol'), 'websocket');
      assert.equal(request.field('sec-websocket-key'), undefined);
    }
  });

  test(`${name}: the client of HTTP/2 gets its tunnel`, async t => {
    const { engine, server } = await before(t);
    const client = await H2Client.open(engine.port);
    t.after(() => client.close());
    client.headers(1, webSocketConnect('/chat'), false);
    client.data(1, 'early');
    await client.until(() => client.seen(1).body === 'welcome early');
    assert.equal(client.seen(1).status, 200);
    assert.equal(server.requests.length, 2);
  });
}
