// Which addresses a listener takes connections on.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import { Listener } from './listener.ts';

const hasIpv6 = Object.values(networkInterfaces()).some(each => each?.some(({ family }) => family === 'IPv6'));
const open: Listener[] = [];
after(() => {
  for (const listener of open) listener.close();
});

/** Whether a listener on `host` takes a connection to `address`. */
async function takes(host: string, address: string): Promise<boolean> {
  const listener = new Listener({ host, port: 0 }, Buffer.alloc(1024), socket => socket.end('x'));
  open.push(listener);
  const { port } = await listener.listen();
  const socket = connect({ host: address, port });
  const taken = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return taken;
}

test('one address takes connections on it and on no other', async () => {
  assert.equal(await takes('127.0.0.1', '127.0.0.1'), true);
  assert.equal(await takes('127.0.0.1', '127.0.0.2'), false);
});

test('no address takes connections on every one, of IPv4', async () => {
  assert.equal(await takes('', '127.0.0.1'), true);
  assert.equal(await takes('', '127.0.0.2'), true);
});

test('and of IPv6', { skip: !hasIpv6 }, async () => {
  assert.equal(await takes('', '::1'), true);
  assert.equal(await takes('0.0.0.0', '::1'), false);
});

test('a port that is taken is told by the system’s error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await assert.rejects(new Listener({ host: '127.0.0.1', port }, Buffer.alloc(1024), () => {}).listen(), {
    code: 'EADDRINUSE',
  });
  other.close();
});
