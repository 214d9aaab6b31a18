// Which addresses a listener takes connections on.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Listener } from './listener.ts';

const hasIpv6 = Object.values(networkInterfaces()).some(each => each?.some(({ family }) => family === 'IPv6'));
const open: Listener[] = [];
after(() => {
  for (const listener of open) void listener.close();
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

test('who waits in the queue of a listener that closes is accepted', async t => {
  const listener = new Listener({ host: '127.0.0.1', port: 0 }, Buffer.alloc(1024), socket => socket.end('x'));
  const { port } = await listener.listen();
  const connected = new Int32Array(new SharedArrayBuffer(4));
  const count = 20;
  const clients = new Worker(
    `const { connect } = require('node:net');
    const { parentPort, workerData } = require('node:worker_threads');
    const { port, connected, count } = workerData;
    for (let i = 0; i < count; i++) {
      const socket = connect(port, '127.0.0.1', () => {
        if (Atomics.add(connected, 0, 1) === count - 1) Atomics.notify(connected, 0);
      });
      let heard = '';
      socket.on('data', data => { heard += data; });
      socket.on('error', () => {});
      socket.on('close', () => parentPort.postMessage(heard));
    }`,
    { eval: true, workerData: { port, connected, count } },
  );
  t.after(() => clients.terminate());
  const heard: unknown[] = [];
  const allHeard = new Promise<void>(resolve => {
    clients.on('message', text => {
      if (heard.push(text) === count) resolve();
    });
  });
  await once(clients, 'online');
  // This thread stands still while the clients connect, so none of them is accepted before the listener closes.
  for (let seen = 0; seen < count; seen = Atomics.load(connected, 0)) Atomics.wait(connected, 0, seen, 5_000);
  await listener.close();
  await allHeard;
  assert.deepEqual(heard, Array(count).fill('x'));
});
