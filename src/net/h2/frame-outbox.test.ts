// The outbox over real sockets: frames of one turn in one write, DATA joined and ended in place, a peer that does not read.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { ThreadIo } from '../io.ts';
import { FrameOutbox } from './frame-outbox.ts';

let server: Server;
const sockets: Socket[] = [];

before(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function pair() {
  const address = server.address();
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const peer = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  const [socket] = await accepted;
  sockets.push(peer, socket);
  const calls: string[] = [];
  const outbox = new FrameOutbox(socket, new ThreadIo(), {
    onOutboxBlocked: () => calls.push('blocked'),
    onOutboxDrained: () => calls.push('drained'),
    onWriteFailed: () => calls.push('failed'),
  });
  return { peer, socket, outbox, calls };
}

/** Type, flags, stream and payload length of each frame. */
function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    frames.push(`${bytes[at + 3]}/${bytes[at + 4]}/${bytes.readUInt32BE(at + 5)}/${length}`);
    at += 9 + length;
  }
  return frames;
}

describe('frames', () => {
  test('of one turn leave in one write at its end', async () => {
    const { peer, outbox } = await pair();
    const reads: Buffer[] = [];
    peer.on('data', (bytes: Buffer) => reads.push(bytes));
    outbox.headers(1, Buffer.from('abc'), 3, false);
    outbox.data(1, Buffer.from('xhellox'), 1, 6);
    outbox.headers(3, Buffer.from('de'), 2, true);
    outbox.data(1, Buffer.from('x'), 0, 1);
    outbox.data(1, Buffer.from('yz'), 0, 2);
    outbox.endStream(1);
    outbox.endStream(5);
    outbox.reset(7, 8);
    assert.equal(reads.length, 0);
    await once(peer, 'data');
    assert.equal(reads.length, 1);
    assert.deepEqual(framesOf(reads[0]!), ['1/4/1/3', '0/0/1/5', '1/5/3/2', '0/1/1/3', '0/1/5/0', '3/0/7/4']);
    assert.equal(outbox.held, 0);
  });

  test('a block that is too large for a frame goes on in CONTINUATION', async () => {
    const { peer, outbox } = await pair();
    const chunks: Buffer[] = [];
    peer.on('data', (bytes: Buffer) => chunks.push(bytes));
    outbox.headers(1, Buffer.alloc(40_000), 40_000, true);
    while (Buffer.concat(chunks).length < 40_000 + 27) await once(peer, 'data');
    assert.deepEqual(framesOf(Buffer.concat(chunks)), ['1/1/1/16384', '9/0/1/16384', '9/4/1/7232']);
  });

  test('DATA is joined up to a frame, and no further', async () => {
    const { peer, outbox } = await pair();
    const chunks: Buffer[] = [];
    peer.on('data', (bytes: Buffer) => chunks.push(bytes));
    for (let i = 0; i < 20; i++) outbox.data(1, Buffer.alloc(1_000), 0, 1_000);
    outbox.endStream(1);
    while (Buffer.concat(chunks).length < 20_018) await once(peer, 'data');
    assert.deepEqual(framesOf(Buffer.concat(chunks)), ['0/0/1/16000', '0/1/1/4000']);
  });
});

describe('a peer that does not read', () => {
  test('blocks; what comes is gathered, and leaves once it reads again', async () => {
    const { peer, outbox, calls } = await pair();
    peer.pause();
    const piece = Buffer.alloc(16_000);
    let frames = 0;
    while (!outbox.blocked && frames < 5_000) {
      outbox.data(++frames * 2 - 1, piece, 0, piece.length);
      if (frames % 8 === 0) await turn();
    }
    assert.ok(outbox.blocked);
    assert.deepEqual(calls, ['blocked']);
    const held = outbox.held;
    assert.ok(held > 0 && held < 1024 * 1024);
    outbox.reset(1, 8);
    await delay(5);
    assert.equal(outbox.held, held + 13);
    let received = 0;
    peer.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    peer.resume();
    const expected = frames * 16_009 + 13;
    while (received < expected) await once(peer, 'data');
    await turn();
    assert.equal(received, expected);
    assert.equal(outbox.blocked, false);
    assert.equal(outbox.held, 0);
    assert.ok(calls.includes('drained') && !calls.includes('failed'));
  });

  test('that is gone makes nothing but silence', async () => {
    const { socket, outbox } = await pair();
    socket.destroy();
    outbox.reset(1, 8);
    outbox.flush();
    assert.equal(outbox.held, 0);
  });
});
