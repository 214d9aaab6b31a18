// On the pinned Node, TLS goes over the handle itself: if that stopped working, every connection would cost two sockets.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { askTls } from '../../../test/support/tls-client.ts';
import { listenTo, readInto, startReading } from '../accepted-socket.ts';
import { SecureOutcome, secureWriterOf, writeSecurely } from './secure-writer.ts';
import { canWrap, socketOf, tlsHandleOf, wrapServer } from './tls-handle.ts';

const authority = new TestAuthority();
after(() => authority.remove());

/** Returns what a client reads from a server that wraps its sockets; `onRead` gets what the client sent, in `buffer`. */
async function answered(
  name: string,
  buffer: Buffer,
  onRead: (socket: Socket, bytes: Uint8Array, length: number) => void,
): Promise<string> {
  const { cert, key } = authority.issue(name, { names: ['DNS:api.test'] });
  const context = createSecureContext({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), ca: [] });
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, raw => {
    const handle = wrapServer(raw, context);
    handle.onhandshakestart = () => {};
    handle.onhandshakedone = () => writeSecurely(socket, handle);
    handle.onerror = () => socket.destroy();
    const socket = socketOf(handle, readInto(buffer));
    assert.equal(tlsHandleOf(socket), handle);
    listenTo(socket, {
      onRead(bytes, length) {
        onRead(socket, bytes, length);
        return true;
      },
      onEnd: () => socket.destroy(),
      onDrain() {},
      onSocketClosed() {},
    });
    startReading(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const address = server.address();
  const { text } = await askTls(typeof address === 'object' && address !== null ? address.port : 0);
  return text;
}

test('an accepted socket is wrapped, reads into a buffer, takes several writes in one turn, and closes', async () => {
  assert.equal(canWrap, true);
  const buffer = Buffer.alloc(4096);
  const written: (Buffer | null)[] = [];
  const large = Buffer.alloc(96 * 1024, 'x');
  const text = await answered('api', buffer, (socket, bytes, length) => {
    assert.equal(bytes, buffer);
    const owner = {
      onWritten(_tag: null, given: Buffer | null) {
        written.push(given);
        if (secureWriterOf(socket)?.unsentBytes === 0) socket.end();
      },
    };
    const answer = Buffer.from(`got ${length};`);
    const writer = secureWriterOf(socket)!;
    writer.write(answer, answer.length, owner, null);
    writer.write(large, large.length, owner, null);
    writer.write(answer, answer.length, owner, null);
    assert.ok(writer.unsentBytes > 0);
  });
  assert.match(text, /^got \d+;x+got \d+;$/);
  assert.equal(text.length, large.length + 2 * text.indexOf('x'));
  assert.equal(written.filter(given => given === large).length, 1);
});

test('no write ends within the call: waiting bytes are passed on only at the end of the write before them', async () => {
  for (const length of [1, 64 * 1024]) {
    const text = await answered(`deferred-${length}`, Buffer.alloc(4096), socket => {
      const write = tlsHandleOf(socket)!.writeBuffer(null, Buffer.alloc(length, 'x'));
      assert.ok(typeof write === 'object');
      assert.equal(write.writeStatus, null);
      assert.notEqual(write.getAsyncId(), -1);
      write.oncomplete = () => socket.end();
    });
    assert.equal(text.length, length);
  }
});

test('the end of a lone small write is told to who asks for it while it is under way, and to nobody else', async () => {
  const told: string[] = [];
  const answer = Buffer.from('lone');
  const text = await answered('lone', Buffer.alloc(4096), socket => {
    const writer = secureWriterOf(socket)!;
    const write = (name: string): void => {
      const owner = {
        onWritten() {
          told.push(name);
          assert.equal(writer.unsentBytes, 0);
          socket.end();
        },
      };
      assert.equal(writer.write(answer, answer.length, owner, null), SecureOutcome.sent);
    };
    write('unasked');
    // Two turns later the write is done, although nobody asked for its end.
    setImmediate(() =>
      setImmediate(() => {
        assert.equal(writer.unsentBytes, 0);
        write('asked');
        assert.ok(writer.unsentBytes > 0);
      }),
    );
  });
  assert.equal(text, 'lonelone');
  assert.deepEqual(told, ['asked']);
});
