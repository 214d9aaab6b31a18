// What upstreams learn about the client: forwarding headers, Via, X-Request-Id, traceparent; which proxies are trusted; PROXY protocol.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { type RawBackend, type RawRequest, startRawBackend } from '../../support/raw-backend.ts';
import { sendRaw } from '../../support/raw-client.ts';

let backend: RawBackend;
const engines: Engine[] = [];
before(async () => {
  backend = await startRawBackend({
    onRequest: ({ socket }) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
  });
});
after(async () => {
  for (const engine of engines) await engine.stop();
  await backend.stop();
});

async function engineWith(options: EngineOptions): Promise<Engine> {
  const engine = await startEngine([backend.port], options);
  engines.push(engine);
  return engine;
}

/** What the backend received of a request with these header lines; `opening` is sent first, piece by piece. */
async function seen(engine: Engine, lines: string, opening: readonly (Buffer | string)[] = []): Promise<RawRequest> {
  const before = backend.requests.length;
  const { received } = await sendRaw(
    engine.port,
    [...opening, `GET /a HTTP/1.1\r\nHost: api.example.com:8080\r\nConnection: close\r\n${lines}\r\n`],
    { pauseMs: opening.length > 0 ? 20 : 0 },
  );
  assert.equal(readAnswers(received)[0]?.status, 204, received.toString());
  assert.equal(backend.requests.length, before + 1);
  return backend.requests.at(-1)!;
}

function all(request: RawRequest, name: string): string[] {
  return request.lines
    .filter(line => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map(line => line.slice(line.indexOf(':') + 1).trim());
}

const spoofed =
  'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 1\r\n' +
  'X-Forwarded-Prefix: /evil\r\nX-Forwarded-Server: evil\r\nX-Forwarded-Ssl: on\r\nX-Forwarded-Scheme: https\r\nFront-End-Https: on\r\n' +
  'X-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6;proto=https\r\nX-Request-Id: evil\r\n';

describe('a stranger', () => {
  test('is named as the socket says; what he claims is gone', async () => {
    const engine = await engineWith({});
    for (const lines of ['', spoofed, spoofed + spoofed]) {
      const request = await seen(engine, lines);
      assert.deepEqual(all(request, 'x-forwarded-for'), ['127.0.0.1']);
      assert.deepEqual(all(request, 'x-forwarded-proto'), ['http']);
      assert.deepEqual(all(request, 'x-forwarded-host'), ['api.example.com:8080']);
      assert.deepEqual(all(request, 'forwarded'), ['for=127.0.0.1;host="api.example.com:8080";proto=http']);
      assert.deepEqual(all(request, 'x-forwarded-port'), []);
      assert.deepEqual(all(request, 'x-real-ip'), []);
      for (const name of ['prefix', 'server', 'ssl', 'scheme'])
        assert.deepEqual(all(request, `x-forwarded-${name}`), []);
      assert.deepEqual(all(request, 'front-end-https'), []);
      assert.deepEqual(all(request, 'via'), ['1.1 cardea']);
      assert.deepEqual(all(request, 'host'), ['api.example.com:8080']);
      assert.match(all(request, 'x-request-id').join(), /^[0-9a-f]{32}$/);
    }
  });

  test('cannot have the gateway’s fields stripped by naming them in Connection', async () => {
    const engine = await engineWith({});
    const request = await seen(engine, 'Connection: x-forwarded-for, via, x-request-id, traceparent, forwarded\r\n');
    assert.deepEqual(all(request, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(all(request, 'via'), ['1.1 cardea']);
    assert.equal(all(request, 'x-request-id').length, 1);
    assert.equal(all(request, 'traceparent').length, 1);
    assert.equal(all(request, 'forwarded').length, 1);
  });

  test('two requests have two ids; Via is continued', async () => {
    const engine = await engineWith({});
    const [a, b] = [await seen(engine, 'Via: 1.0 fred\r\n'), await seen(engine, '')];
    assert.notEqual(a.header('x-request-id'), b.header('x-request-id'));
    assert.deepEqual(all(a, 'via'), ['1.0 fred', '1.1 cardea']);
  });

  test('over HTTP/1.0 the Via says so', async () => {
    const engine = await engineWith({});
    await sendRaw(engine.port, ['GET / HTTP/1.0\r\nHost: a.example\r\n\r\n']);
    assert.deepEqual(all(backend.requests.at(-1)!, 'via'), ['1.0 cardea']);
  });
});

describe('traceparent', () => {
  const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  test('is made where there is none', async () => {
    const request = await seen(await engineWith({}), '');
    assert.match(request.header('traceparent')!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
  });

  test('is continued: the trace stays, the span is ours, tracestate passes', async () => {
    const request = await seen(await engineWith({}), `traceparent: ${given}\r\ntracestate: a=1\r\n`);
    const [, trace, span, flags] = request.header('traceparent')!.split('-');
    assert.equal(trace, '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.notEqual(span, '00f067aa0ba902b7');
    assert.equal(flags, '01');
    assert.deepEqual(all(request, 'tracestate'), ['a=1']);
  });

  test('a malformed or doubled one starts a new trace, without the state', async () => {
    for (const lines of [
      'traceparent: 00-zz-1-01\r\ntracestate: a=1\r\n',
      `traceparent: ${given}\r\ntraceparent: ${given}\r\ntracestate: a=1\r\n`,
      'traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\r\n',
    ]) {
      const request = await seen(await engineWith({}), lines);
      assert.equal(all(request, 'traceparent').length, 1);
      assert.doesNotMatch(request.header('traceparent')!, /4bf92f|zz|0{32}/);
      assert.deepEqual(all(request, 'tracestate'), []);
    }
  });
});

describe('trusted proxies', () => {
  const trust = { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] };

  test('are believed from the right, up to the first address that is not theirs', async () => {
    const engine = await engineWith(trust);
    for (const [chain, client] of [
      ['203.0.113.7', '203.0.113.7'],
      ['6.6.6.6, 203.0.113.7', '203.0.113.7'],
      ['6.6.6.6, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
      ['6.6.6.6, nonsense, 10.1.2.3', '10.1.2.3'],
      ['10.9.9.9, 10.1.2.3', '10.9.9.9'],
      ['2001:db8::7, 10.1.2.3', '2001:db8::7'],
    ] as const) {
      const request = await seen(engine, `X-Forwarded-For: ${chain}\r\nX-Forwarded-Proto: https\r\n`);
      assert.deepEqual(all(request, 'x-forwarded-for'), [`${chain}, 127.0.0.1`]);
      assert.deepEqual(all(request, 'x-forwarded-proto'), ['https']);
      assert.equal((await engine.accessLines()).at(-1)!.clientIp, client, chain);
    }
  });

  test('are believed also where they pass on a Connection by which their client wants to be taken for them', async () => {
    const engine = await engineWith(trust);
    const request = await seen(
      engine,
      'Connection: X-Forwarded-For, x-forwarded-proto, X-A\r\nX-A: 1\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n',
    );
    assert.deepEqual(all(request, 'x-forwarded-for'), ['203.0.113.7, 127.0.0.1']);
    assert.deepEqual(all(request, 'x-forwarded-proto'), ['https']);
    assert.deepEqual(all(request, 'x-a'), []);
    assert.equal((await engine.accessLines()).at(-1)!.clientIp, '203.0.113.7');
  });

  test('several lines are one chain', async () => {
    const engine = await engineWith(trust);
    const request = await seen(engine, 'X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.1.2.3\r\n');
    assert.deepEqual(all(request, 'x-forwarded-for'), ['203.0.113.7, 10.1.2.3, 127.0.0.1']);
    assert.equal((await engine.accessLines()).at(-1)!.clientIp, '203.0.113.7');
  });

  test('their host, Forwarded and request id are continued', async () => {
    const engine = await engineWith(trust);
    const request = await seen(
      engine,
      'X-Forwarded-Host: shop.example\r\nForwarded: for=203.0.113.7;proto=https\r\nX-Request-Id: from-the-edge-1\r\n',
    );
    assert.deepEqual(all(request, 'x-forwarded-host'), ['shop.example']);
    assert.deepEqual(all(request, 'forwarded'), ['for=203.0.113.7;proto=https, for=127.0.0.1']);
    assert.deepEqual(all(request, 'x-request-id'), ['from-the-edge-1']);
  });

  test('a scheme that is none is not believed', async () => {
    const request = await seen(await engineWith(trust), 'X-Forwarded-Proto: gopher\r\n');
    assert.deepEqual(all(request, 'x-forwarded-proto'), ['http']);
  });
});

describe('PROXY protocol', () => {
  const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
  const v2 = (command: number, family: number, addresses: Buffer): Buffer =>
    Buffer.concat([
      signature,
      Buffer.from([0x20 | command, family, addresses.length >> 8, addresses.length & 255]),
      addresses,
    ]);
  const ipv4 = v2(1, 0x11, Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb]));
  const ipv6 = v2(
    1,
    0x21,
    Buffer.concat([
      Buffer.from('20010db8000000000000000000000007', 'hex'),
      Buffer.from('20010db8000000000000000000000001', 'hex'),
      Buffer.from([0x30, 0x39, 0x01, 0xbb]),
    ]),
  );
  const extended = v2(
    1,
    0x11,
    Buffer.concat([
      Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb]),
      Buffer.from('\x01\x00\x02h2', 'latin1'),
    ]),
  );
  const trust = { proxyProtocol: true, trustedProxies: ['127.0.0.1/32'] };

  for (const [name, header, address] of [
    ['version 1, TCP4', 'PROXY TCP4 203.0.113.7 10.0.0.1 12345 443\r\n', '203.0.113.7'],
    ['version 1, TCP6', 'PROXY TCP6 2001:db8::7 2001:db8::1 12345 443\r\n', '2001:db8::7'],
    ['version 1, TCP6 in another spelling', 'PROXY TCP6 2001:DB8:0:0:0:0:0:7 2001:db8::1 12345 443\r\n', '2001:db8::7'],
    ['version 1, TCP6 with a mapped IPv4 address', 'PROXY TCP6 ::ffff:203.0.113.7 ::1 12345 443\r\n', '203.0.113.7'],
    ['version 1, UNKNOWN', 'PROXY UNKNOWN whatever it says\r\n', '127.0.0.1'],
    ['version 2, IPv4', ipv4, '203.0.113.7'],
    ['version 2, IPv6', ipv6, '2001:db8::7'],
    ['version 2, with extensions', extended, '203.0.113.7'],
    ['version 2, LOCAL', v2(0, 0, Buffer.alloc(0)), '127.0.0.1'],
  ] as const) {
    test(name, async () => {
      const engine = await engineWith(trust);
      const whole = Buffer.from(header as string, 'latin1');
      const request = 'GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
      // With the request, in a piece of its own, and byte by byte: the result is the same.
      const openings = [[], [whole], Array.from(whole, byte => Buffer.from([byte]))];
      for (const opening of openings) {
        const before = backend.requests.length;
        const client = await ClientConnection.open(engine.port);
        for (const piece of opening) {
          client.send(piece);
          await new Promise(resolve => setTimeout(resolve, opening.length > 1 ? 1 : 10));
        }
        client.send(opening.length > 0 ? request : Buffer.concat([whole, Buffer.from(request)]));
        assert.equal((await client.answers(1))[0]!.status, 204);
        const received = backend.requests[before]!;
        if (address !== '127.0.0.1') assert.deepEqual(all(received, 'x-forwarded-for'), [address]);
        assert.equal((await engine.accessLines()).at(-1)!.clientIp, address === '127.0.0.1' ? '6.6.6.6' : address);
        client.destroy();
      }
      const client = await ClientConnection.open(engine.port);
      client.send(Buffer.concat([whole, Buffer.from('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(2))]));
      assert.equal((await client.answers(2))[1]!.status, 204);
      client.destroy();
    });
  }

  test('malformed: the connection is cut, nothing goes on', async () => {
    const engine = await engineWith(trust);
    const before = backend.requests.length;
    for (const header of [
      'GET / HTTP/1.1\r\nHost: test\r\n\r\n',
      'PROXY TCP4 203.0.113.7\r\n',
      'PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n',
      'PROXY TCP4 203.0.113.7 10.0.0.1 123456 443\r\n',
      'PROXY TCP4 203.0.113.7 10.0.0.1 12345 443 extra\r\n',
      `PROXY TCP4 ${'1'.repeat(120)}`,
      Buffer.concat([signature, Buffer.from([0x31, 0x11, 0, 12]), Buffer.alloc(12)]),
      Buffer.concat([signature, Buffer.from([0x21, 0x11, 0, 4]), Buffer.alloc(4)]),
      Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff]), Buffer.alloc(64)]),
    ]) {
      const { received, closed } = await sendRaw(engine.port, [header, 'GET / HTTP/1.1\r\nHost: test\r\n\r\n']);
      assert.ok(closed, String(header));
      assert.equal(received.length, 0);
    }
    assert.equal(backend.requests.length, before);
  });

  test('half a header and then nothing: closed after headerTimeout', async () => {
    const engine = await engineWith({ ...trust, limits: { headerTimeoutMs: 200 } });
    const client = await ClientConnection.open(engine.port);
    client.send('PROXY TCP4 203.');
    await client.end(2_000);
  });

  test('from a stranger it is read over and not believed', async () => {
    const engine = await engineWith({ proxyProtocol: true });
    const request = await seen(engine, '', ['PROXY TCP4 203.0.113.7 10.0.0.1 12345 443\r\n']);
    assert.deepEqual(all(request, 'x-forwarded-for'), ['127.0.0.1']);
  });

  test('connections that have not said whose they are count against limits.connections', async () => {
    const engine = await engineWith({ ...trust, limits: { connectionsMax: 2 } });
    const waiting = [await ClientConnection.open(engine.port), await ClientConnection.open(engine.port)];
    for (const client of waiting) client.send('PROXY ');
    await new Promise(resolve => setTimeout(resolve, 50));
    const third = await ClientConnection.open(engine.port);
    await third.end();
    third.destroy();
    for (const client of waiting) client.send('UNKNOWN\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n');
    for (const client of waiting) assert.equal((await client.answers(1))[0]!.status, 204);
    for (const client of waiting) client.destroy();
  });

  test('a drain does not wait for them', async () => {
    const engine = await engineWith(trust);
    const client = await ClientConnection.open(engine.port);
    client.send('PROXY ');
    await new Promise(resolve => setTimeout(resolve, 50));
    const began = performance.now();
    await engine.gateway.drain(5_000);
    assert.ok(performance.now() - began < 2_000);
    await client.end();
    client.destroy();
  });
});
