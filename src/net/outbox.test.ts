// The outbox over real sockets: one write per message, the order kept, and nothing lost when the reader is slow.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Outbox, type Sender } from './outbox.ts';

/** Both ends of a connection over loopback. */
async function pair(): Promise<{ near: Socket; far: Socket; end: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Because: a TCP server that listens has a port.
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, once(near, 'connect')]);
  return {
    near,
    far,
    end() {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

class TestSender implements Sender {
  readonly socket: Socket;
  readonly sent: boolean[] = [];
  drained: () => void = () => {};
  failed = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }
  onSent(full: boolean): void {
    this.sent.push(full);
  }
  onDrain(): void {
    this.drained();
  }
  onWriteFailed(): void {
    this.failed = true;
  }
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of socket as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(pieces);
}

test('text and bytes of one sender leave in one write, in order', async () => {
  const { near, far, end } = await pair();
  const outbox = new Outbox();
  const sender = new TestSender(near);
  outbox.begin(sender);
  outbox.text('head ');
  outbox.bytes(Buffer.from('xbodyx'), 1, 5);
  outbox.text(' \u00e9');
  assert.deepEqual(sender.sent, []);
  outbox.flush();
  outbox.flush();
  assert.deepEqual(sender.sent, [false]);
  assert.equal((await read(far, 11)).toString('latin1'), 'head body \u00e9');
  end();
});

test('fields are lines, wherever in the buffer they fall', async () => {
  const { near, far, end } = await pair();
  const outbox = new Outbox();
  const sender = new TestSender(near);
  let expected = '';
  outbox.begin(sender);
  // The end of the buffer falls within a name, within a value and between the separators; one value is larger than the buffer.
  for (const length of [90_000, 8_290, 98_290, 98_291, 98_292, 98_293, 200_000, 1]) {
    const value = '\u00e9'.repeat(length);
    outbox.field('x-a', value);
    outbox.field('b', '');
    expected += `x-a: ${value}\r\nb: \r\n`;
  }
  outbox.flush();
  assert.equal((await read(far, expected.length)).toString('latin1'), expected);
  end();
});

test("another sender's bytes make what was there leave first", async () => {
  const a = await pair();
  const b = await pair();
  const outbox = new Outbox();
  const first = new TestSender(a.near);
  const second = new TestSender(b.near);
  outbox.begin(first);
  outbox.text('one');
  outbox.begin(second);
  outbox.text('two');
  outbox.flush();
  assert.deepEqual([first.sent.length, second.sent.length], [1, 1]);
  assert.equal((await read(a.far, 3)).toString(), 'one');
  assert.equal((await read(b.far, 3)).toString(), 'two');
  a.end();
  b.end();
});

test('a slow reader is told of as full, and gets every byte once it reads', async () => {
  const { near, far, end } = await pair();
  const outbox = new Outbox();
  const sender = new TestSender(near);
  const piece = Buffer.alloc(80_000);
  let sent = 0;
  while (sender.sent.at(-1) !== true) {
    piece.fill(sent & 255);
    outbox.begin(sender);
    outbox.bytes(piece, 0, piece.length);
    outbox.flush();
    sent++;
  }
  const drained = new Promise<void>(resolve => {
    sender.drained = resolve;
  });
  near.on('drain', () => sender.onDrain());
  const whole = await read(far, sent * piece.length);
  await drained;
  assert.equal(whole.length, sent * piece.length);
  for (let i = 0; i < sent; i++) assert.equal(whole[i * piece.length + 79_999], i & 255);
  end();
});

test('a text larger than the buffer keeps its place', async () => {
  const { near, far, end } = await pair();
  const outbox = new Outbox();
  const sender = new TestSender(near);
  outbox.begin(sender);
  outbox.text('a');
  outbox.text('b'.repeat(200_000));
  outbox.text('c');
  outbox.flush();
  const whole = (await read(far, 200_002)).toString();
  assert.equal(whole, `a${'b'.repeat(200_000)}c`);
  end();
});

test('bytes for a destroyed socket go nowhere', async () => {
  const { near, end } = await pair();
  const outbox = new Outbox();
  const sender = new TestSender(near);
  near.destroy();
  outbox.begin(sender);
  outbox.text('late');
  outbox.flush();
  assert.deepEqual(sender.sent, []);
  end();
});
