// An upstream that sends more than it was asked for (response queue poisoning): a response to no request is passed to no client.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { eventually } from '../../support/eventually.ts';

const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const plain = (path: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
const request = (path: string, method = 'GET'): string => `${method} ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;

/** Responses that are followed by further bytes in the same write. */
const behind: [what: string, method: string, first: string][] = [
  ['a second answer', 'GET', plain('/bad')],
  ['a body behind HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 52\r\n\r\n'],
  ['a body behind 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['a body behind 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 52\r\n\r\n'],
  ['more than Content-Length', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['more than the last chunk', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
];

describe('on a kept connection to the upstream', () => {
  for (const [what, method, first] of behind) {
    test(`${what}: the next requests get their own answers`, async t => {
      const { backend, engine } = await engineBefore(
        t,
        {
          onRequest: ({ socket }, { path }) => socket.write(path === '/bad' ? first + poison : plain(path)),
        },
        { pool: { maxConnections: 1 } },
      );
      const client = await ClientConnection.open(engine.port);
      client.send(request('/bad', method) + request('/one') + request('/two'));
      const answers = await client.answers(3, [method, 'GET', 'GET']);
      assert.deepEqual([answers[1]!.body, answers[2]!.body], ['/one', '/two']);
      assert.doesNotMatch(client.received.toString('latin1'), /poison/);
      assert.equal(backend.connections.length, 2);
      client.destroy();
    });
  }

  for (const bytes of [poison, 'H', '\r\n']) {
    test(`${JSON.stringify(bytes.slice(0, 20))} while nothing is asked: the connection is given up`, async t => {
      const { backend, engine } = await engineBefore(
        t,
        { onRequest: ({ socket }, { path }) => socket.write(plain(path)) },
        { pool: { maxConnections: 1 } },
      );
      const client = await ClientConnection.open(engine.port);
      client.send(request('/one'));
      await client.answers(1);
      await eventually(() => engine.poolCounts().idle === 1, 'the connection is kept');
      backend.connections[0]!.socket.write(bytes);
      await eventually(() => engine.poolCounts().idle === 0, 'the connection is given up');
      client.send(request('/two'));
      assert.equal((await client.answers(2))[1]!.body, '/two');
      assert.equal(backend.connections.length, 2);
      client.destroy();
    });
  }
});
