// A login provider that is away is reported at once, and so is its return; a feed that was stopped reports nothing more.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { providerSource } from './provider-source.ts';

test('away, then there: told both times, and looked at again meanwhile', async t => {
  const port = await freePort();
  const told: (string | null)[] = [];
  const url = `http://127.0.0.1:${port}/.well-known/openid-configuration`;
  const feed = providerSource.start(
    { url, timeoutMs: 500, consequence: 'nobody can log in', question: null },
    {
      publish: () => assert.fail('workers read nothing'),
      report: trouble => void told.push(trouble),
      log: () => {},
      sharedTable: () => assert.fail('it needs none'),
    },
  );
  await eventually(() => told.length > 0, 'it has looked');
  assert.match(String(told[0]), /nobody can log in: http:.*openid-configuration cannot be reached \(ECONNREFUSED\)/);
  let status = 500;
  const server = createServer((_request, response) => void response.writeHead(status).end('{}'));
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await eventually(() => /answered 500/.test(String(told.at(-1))), 'it answers, and no document');
  status = 200;
  await eventually(() => told.at(-1) === null, 'it is there');
  feed.stop();
});

test('what was stopped while it looked says nothing, and no start waits for it', async t => {
  const silence: Socket[] = [];
  const server = createServer().on('connection', socket => void silence.push(socket));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of silence) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // Because: it listens on TCP
  const fail = () => assert.fail('it was stopped');
  const silent = { publish: fail, report: fail, log: fail, sharedTable: fail };
  const feed = providerSource.start(
    { url: `http://127.0.0.1:${port}/`, timeoutMs: 5_000, consequence: 'nobody can log in', question: null },
    silent,
  );
  await feed.ready;
  await eventually(() => silence.length === 1, 'it looks');
  feed.stop();
  await new Promise<void>(resolve => silence[0]!.once('close', () => resolve()));
});
