// Endpoints that cannot be reached at the start are reported once each, with the reason; reachable ones and those beyond the limit are not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from '../../test/support/free-port.ts';
import { tryEndpoints, type UpstreamToTry } from './try-endpoints.ts';

const endpoint = (port: number, host = '127.0.0.1') => ({
  ...{ url: `http://${host}:${port}`, tls: false, host, port, weight: 1, zone: '' },
});

async function told(...members: UpstreamToTry[]): Promise<unknown[]> {
  const lines: unknown[] = [];
  await tryEndpoints(members, (level, message, fields) => lines.push([level, message, fields]));
  return lines;
}

test('an endpoint that refuses is told; one that takes the connection is not, and is asked nothing', async t => {
  const heard: string[] = [];
  const server = createServer(socket => {
    socket.on('data', bytes => heard.push(bytes.toString()));
    socket.on('end', () => heard.push('end'));
    socket.on('error', () => heard.push('reset'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  // Because: the server listens on TCP, so its address is an object.
  const { port } = server.address() as AddressInfo;
  const closed = await freePort();
  const upstream = { name: 'users', pool: { connectTimeoutMs: 2_000 } };
  const lines = await told({ upstream, endpoints: [endpoint(port), endpoint(closed)] });
  assert.deepEqual(lines, [
    [
      'warn',
      'endpoint cannot be reached',
      { upstream: 'users', endpoint: `http://127.0.0.1:${closed}`, reason: 'ECONNREFUSED' },
    ],
  ]);
  while (heard.length === 0) await new Promise(setImmediate);
  assert.deepEqual(heard, ['end']);
});

test('so many are looked at and no more', async () => {
  const closed = await freePort();
  const endpoints = Array.from({ length: 400 }, () => endpoint(closed));
  const upstream = { name: 'many', pool: { connectTimeoutMs: 2_000 } };
  assert.equal((await told({ upstream, endpoints })).length, 256);
});
