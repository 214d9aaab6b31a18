// Interim responses: 100-continue from end to end, 103, and clients that must not get any.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { eventually } from '../../support/eventually.ts';
import { sendRaw } from '../../support/raw-client.ts';

const done = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone';
const head = (lines: string, version = '1.1'): string => `POST / HTTP/${version}\r\nHost: test\r\n${lines}\r\n`;
const expecting = head('Expect: 100-continue\r\nContent-Length: 4\r\n');

function statuses(received: Buffer): number[] {
  return readAnswers(received).map(answer => answer.status);
}

describe('Expect: 100-continue', () => {
  test('the upstream’s 100 reaches the client, then the body the upstream, then the answer the client', async t => {
    const { backend, engine } = await engineBefore(t, {
      onHead: (connection, { text }) => {
        if (/\r\nexpect: 100-continue/i.test(text)) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      },
      onRequest: connection => connection.socket.write(done),
    });
    const client = await ClientConnection.open(engine.port);
    for (const [count, framing] of ['Content-Length: 4\r\n', 'Transfer-Encoding: chunked\r\n'].entries()) {
      const before = client.received.length;
      client.send(head(`Expect: 100-continue\r\n${framing}`));
      await client.until(all => all.length > before && all.subarray(before).includes('\r\n\r\n'));
      assert.deepEqual(statuses(client.received.subarray(before)), [100]);
      assert.equal(backend.requests.length, count);
      client.send(framing.startsWith('T') ? '4\r\nbody\r\n0\r\n\r\n' : 'body');
      await client.answers(count + 1);
      assert.deepEqual(statuses(client.received.subarray(before)), [100, 200]);
      assert.equal(backend.requests[count]!.body, 'body');
    }
    assert.equal(client.ended, null);
    client.destroy();
  });

  test('the 100 of the JDK’s server, with a length of 0, reaches the client without it', async t => {
    const { engine } = await engineBefore(t, {
      onHead: connection => connection.socket.write('HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n'),
      onRequest: connection => connection.socket.write(done),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(expecting);
    await client.until(all => all.includes('\r\n\r\n'));
    assert.equal(client.received.toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('body');
    await client.answers(1);
    assert.deepEqual(statuses(client.received), [100, 200]);
    client.destroy();
  });

  test('a final answer instead: it reaches the client without a 100, and the connection ends', async t => {
    const { engine } = await engineBefore(t, {
      onHead: connection => connection.socket.write('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno'),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(expecting);
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 417);
    assert.equal(answer!.body, 'no');
    assert.deepEqual(answer!.headers.get('connection'), ['close']);
    assert.equal(await client.end(), 'fin');
  });

  test('a body that comes at once needs no 100, and gets none', async t => {
    const { backend, engine } = await engineBefore(t, {
      onHead: connection => connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      onRequest: connection => connection.socket.write(done),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(`${expecting}body`);
    const [first] = await client.answers(1);
    assert.equal(first!.status, 200);
    assert.equal(backend.requests[0]!.body, 'body');
    client.send(`${expecting}body`);
    await client.answers(2);
    assert.deepEqual(statuses(client.received), [200, 200]);
    client.destroy();
  });

  test('a body that follows without waiting, to an upstream that never says 100', async t => {
    const { backend, engine } = await engineBefore(t, { onRequest: connection => connection.socket.write(done) });
    const client = await ClientConnection.open(engine.port);
    client.send(expecting);
    await eventually(() => backend.connections.length === 1, 'the head is at the backend');
    client.send('body');
    await client.answers(1);
    assert.deepEqual(statuses(client.received), [200]);
    client.destroy();
  });

  test('a reply of our own: no 100, no body asked for', async t => {
    const { engine } = await engineBefore(t, {});
    const client = await ClientConnection.open(engine.port);
    client.send(expecting.replace('POST /', 'POST /fixed'));
    await client.answers(1);
    assert.deepEqual(statuses(client.received), [200]);
    assert.equal(await client.end(), 'fin');
  });

  test('any other expectation: 417', async t => {
    const { backend, engine } = await engineBefore(t, {});
    const { received } = await sendRaw(engine.port, [head('Expect: miracles\r\nContent-Length: 0\r\n')]);
    assert.deepEqual(statuses(received), [417]);
    assert.equal(backend.requests.length, 0);
  });

  test('from HTTP/1.0 it means nothing', async t => {
    const { engine } = await engineBefore(t, {
      onHead: connection => connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      onRequest: connection => connection.socket.write(done),
    });
    const { received } = await sendRaw(engine.port, [
      head('Expect: 100-continue\r\nContent-Length: 4\r\n', '1.0'),
      'body',
    ]);
    assert.deepEqual(statuses(received), [200]);
  });
});

describe('other interim answers', () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x-a\r\nX-A: 1\r\n\r\n';

  test('103 reaches the client before the answer is there, without what concerns the hop', async t => {
    let finish = (): void => {};
    const { engine } = await engineBefore(t, {
      onRequest(connection) {
        connection.socket.write(early + early);
        finish = () => connection.socket.write(done);
      },
    });
    const client = await ClientConnection.open(engine.port);
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.until(all => all.toString().split('103 Early').length === 3);
    finish();
    await client.answers(1);
    const [first, second, last] = readAnswers(client.received);
    for (const hint of [first, second]) {
      assert.equal(hint!.status, 103);
      assert.deepEqual(hint!.headers.get('link'), ['</a.css>; rel=preload']);
      assert.equal(hint!.headers.has('x-a'), false);
      assert.equal(hint!.headers.has('connection'), false);
    }
    assert.equal(last!.body, 'done');
    client.destroy();
  });

  test('HTTP/1.0 clients get none', async t => {
    const { engine } = await engineBefore(t, { onRequest: connection => connection.socket.write(early + done) });
    const { received } = await sendRaw(engine.port, ['GET / HTTP/1.0\r\nHost: test\r\n\r\n']);
    assert.deepEqual(statuses(received), [200]);
  });

  test('an upstream that sends them without end: 502', async t => {
    const { engine } = await engineBefore(t, { onRequest: connection => connection.socket.write(early.repeat(1_000)) });
    const client = await ClientConnection.open(engine.port);
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    const answers = await client.answers(1);
    assert.equal(answers.at(-1)!.status, 502);
    assert.match(answers.at(-1)!.body, /upstream_malformed_response/);
    client.destroy();
  });

  test('100 that nobody waits for is not passed on', async t => {
    const { engine } = await engineBefore(t, {
      onRequest: connection => connection.socket.write(`HTTP/1.1 100 Continue\r\n\r\n${done}`),
    });
    const client = await ClientConnection.open(engine.port);
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.answers(1);
    assert.deepEqual(statuses(client.received), [200]);
    client.destroy();
  });
});
