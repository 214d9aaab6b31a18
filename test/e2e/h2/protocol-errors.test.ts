// Violations of RFC 9113, and the code with which the stream or the connection ends. The other streams of a connection continue when
// only one stream was at fault.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Http2Reason, http2Reasons } from '../../../src/telemetry/http2-reasons.ts';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import {
  block,
  Flag,
  FrameType,
  frame,
  get,
  H2Client,
  preface,
  request,
  settings,
  uint32,
} from '../../support/h2-client.ts';
import { type RawBackend, startRawBackend } from '../../support/raw-backend.ts';

const code = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;

/** The reason under which the end of a connection is counted, by its error code. */
const reasonOf: Readonly<Record<number, Http2Reason>> = {
  [code.protocol]: 'protocol',
  [code.flowControl]: 'flow_control',
  [code.streamClosed]: 'stream_closed',
  [code.frameSize]: 'frame_size',
  [code.compression]: 'compression',
};

/** All non-zero counters: one error has to appear under one reason, once. */
function counted(from: Engine): Partial<Record<Http2Reason, number>> {
  return Object.fromEntries(
    http2Reasons.map(each => [each, from.http2Errors(each)]).filter(([, count]) => count !== 0),
  );
}

let backend: RawBackend;
let engine: Engine;

before(async () => {
  backend = await startRawBackend({
    onRequest(connection, { path }) {
      if (path !== '/hang') connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
  });
  engine = await startEngine([backend.port], { protocols: ['h2c'] });
});

after(async () => {
  await engine.stop();
  await backend.stop();
});

const hang = block(get('/hang'));
const openPost = frame(FrameType.headers, Flag.endHeaders, 1, block(request('POST', '/hang')));

/** Frames, sent on a new connection after the preface and SETTINGS, and the code of the resulting GOAWAY. */
const fatal: readonly (readonly [name: string, code: number, ...frames: Buffer[]])[] = [
  ['DATA on stream 0', code.protocol, frame(FrameType.data, 0, 0, 'x')],
  ['DATA on a stream that was never opened', code.protocol, frame(FrameType.data, 0, 5, 'x')],
  ['DATA on an even stream', code.protocol, frame(FrameType.data, 0, 2, 'x')],
  ['DATA with more padding than it holds', code.protocol, openPost, frame(FrameType.data, Flag.padded, 1, '\x05abc')],
  ['padded DATA without a pad length', code.frameSize, openPost, frame(FrameType.data, Flag.padded, 1)],
  ['HEADERS on stream 0', code.protocol, frame(FrameType.headers, Flag.endHeaders, 0, hang)],
  ['HEADERS on an even stream', code.protocol, frame(FrameType.headers, Flag.endHeaders, 2, hang)],
  [
    'HEADERS on a stream before the last',
    code.streamClosed,
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 5, hang),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 3, hang),
  ],
  [
    'HEADERS with more padding than it holds',
    code.protocol,
    frame(FrameType.headers, Flag.padded | Flag.endHeaders, 1, '\x09abc'),
  ],
  ['padded HEADERS that is empty', code.frameSize, frame(FrameType.headers, Flag.padded | Flag.endHeaders, 1)],
  [
    'HEADERS too short for its priority',
    code.protocol,
    frame(FrameType.headers, Flag.priority | Flag.endHeaders, 1, 'abc'),
  ],
  ['a header block that cannot be decoded', code.compression, frame(FrameType.headers, Flag.endHeaders, 1, '\x80')],
  ['a size update behind a field', code.compression, frame(FrameType.headers, Flag.endHeaders, 1, '\x82\x20')],
  ['a table larger than was allowed', code.compression, frame(FrameType.headers, Flag.endHeaders, 1, '\x3f\xe2\x1f')],
  ['Huffman padding that is none', code.compression, frame(FrameType.headers, Flag.endHeaders, 1, '\x00\x81\x18\x01a')],
  ['CONTINUATION without HEADERS', code.protocol, frame(FrameType.continuation, Flag.endHeaders, 1, hang)],
  [
    'CONTINUATION of another stream',
    code.protocol,
    frame(FrameType.headers, 0, 1, hang),
    frame(FrameType.continuation, Flag.endHeaders, 3),
  ],
  [
    'another frame inside a header block',
    code.protocol,
    frame(FrameType.headers, 0, 1, hang),
    frame(FrameType.ping, 0, 0, '12345678'),
  ],
  ['DATA inside a header block', code.protocol, frame(FrameType.headers, 0, 1, hang), frame(FrameType.data, 0, 1, 'x')],
  ['an unknown frame inside a header block', code.protocol, frame(FrameType.headers, 0, 1, hang), frame(0x20, 0, 1)],
  ['PRIORITY on stream 0', code.protocol, frame(FrameType.priority, 0, 0, '12345')],
  ['PRIORITY of a wrong size', code.frameSize, frame(FrameType.priority, 0, 1, '1234')],
  ['RST_STREAM on stream 0', code.protocol, frame(FrameType.reset, 0, 0, uint32(8))],
  ['RST_STREAM of a stream that was never opened', code.protocol, frame(FrameType.reset, 0, 7, uint32(8))],
  ['RST_STREAM of a wrong size', code.frameSize, openPost, frame(FrameType.reset, 0, 1, 'abc')],
  ['SETTINGS on a stream', code.protocol, frame(FrameType.settings, 0, 1)],
  ['SETTINGS of a wrong size', code.frameSize, frame(FrameType.settings, 0, 0, 'abcd')],
  ['an acknowledgement with a payload', code.frameSize, frame(FrameType.settings, Flag.ack, 0, settings([3, 1]))],
  ['ENABLE_PUSH of 2', code.protocol, frame(FrameType.settings, 0, 0, settings([2, 2]))],
  ['INITIAL_WINDOW_SIZE beyond 2^31-1', code.flowControl, frame(FrameType.settings, 0, 0, settings([4, 0x80000000]))],
  ['MAX_FRAME_SIZE below 16384', code.protocol, frame(FrameType.settings, 0, 0, settings([5, 16_383]))],
  ['MAX_FRAME_SIZE beyond 2^24-1', code.protocol, frame(FrameType.settings, 0, 0, settings([5, 0x1000000]))],
  ['ENABLE_CONNECT_PROTOCOL of 2', code.protocol, frame(FrameType.settings, 0, 0, settings([8, 2]))],
  ['PUSH_PROMISE', code.protocol, openPost, frame(FrameType.pushPromise, Flag.endHeaders, 1, uint32(2))],
  ['PING on a stream', code.protocol, frame(FrameType.ping, 0, 1, '12345678')],
  ['PING of a wrong size', code.frameSize, frame(FrameType.ping, 0, 0, '1234567')],
  ['GOAWAY on a stream', code.protocol, frame(FrameType.goaway, 0, 1, uint32(0, 0))],
  ['GOAWAY of a wrong size', code.frameSize, frame(FrameType.goaway, 0, 0, uint32(0))],
  ['WINDOW_UPDATE of a wrong size', code.frameSize, frame(FrameType.windowUpdate, 0, 0, 'abc')],
  ['WINDOW_UPDATE of 0 for the connection', code.protocol, frame(FrameType.windowUpdate, 0, 0, uint32(0))],
  [
    'WINDOW_UPDATE beyond 2^31-1 for the connection',
    code.flowControl,
    frame(FrameType.windowUpdate, 0, 0, uint32(0x7fffffff)),
  ],
  ['WINDOW_UPDATE of a stream that was never opened', code.protocol, frame(FrameType.windowUpdate, 0, 9, uint32(1))],
  [
    'a window that a setting makes too large',
    code.flowControl,
    openPost,
    frame(FrameType.windowUpdate, 0, 1, uint32(0x7fff0000)),
    frame(FrameType.settings, 0, 0, settings([4, 0x7fffffff])),
  ],
  ['a frame larger than was allowed', code.frameSize, openPost, frame(FrameType.data, 0, 1, Buffer.alloc(16_385))],
];

describe('errors of the connection', () => {
  for (const [name, expected, ...frames] of fatal) {
    test(name, async () => {
      const before = counted(engine);
      const client = await H2Client.open(engine.port);
      client.send(...frames);
      assert.equal(await client.end(), expected);
      client.close();
      const reason = reasonOf[expected]!;
      assert.deepEqual(counted(engine), { ...before, [reason]: (before[reason] ?? 0) + 1 });
    });

    test(`${name}, byte by byte`, async () => {
      const client = await H2Client.open(engine.port);
      const bytes = Buffer.concat(frames);
      // Large frames go in pieces of 997 bytes: cuts inside frame headers and short payloads are what matters.
      const step = bytes.length > 1000 ? 997 : 1;
      for (let at = 0; at < bytes.length; at += step) {
        client.send(bytes.subarray(at, at + step));
        await new Promise(resolve => setImmediate(resolve));
      }
      assert.equal(await client.end(), expected);
      client.close();
    });
  }
});

describe('the beginning of a connection', () => {
  for (const [name, text, expected] of [
    ['no preface', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', code.protocol],
    ['a preface that is cut', 'PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n', code.protocol],
    [
      'another frame than SETTINGS first',
      preface + frame(FrameType.ping, 0, 0, '12345678').toString('latin1'),
      code.protocol,
    ],
    ['an acknowledgement first', preface + frame(FrameType.settings, Flag.ack, 0).toString('latin1'), code.protocol],
  ] as const)
    test(name, async () => {
      const client = new H2Client(engine.port);
      client.send(text);
      assert.equal(await client.end(), expected);
      client.close();
    });
});

/** Frames that end stream 1 with this code; stream 3 is served after them. */
const streamErrors: readonly (readonly [name: string, code: number, ...frames: Buffer[]])[] = [
  ['WINDOW_UPDATE of 0', code.protocol, openPost, frame(FrameType.windowUpdate, 0, 1, uint32(0))],
  ['WINDOW_UPDATE beyond 2^31-1', code.flowControl, openPost, frame(FrameType.windowUpdate, 0, 1, uint32(0x7fffffff))],
  [
    'DATA behind the end',
    code.streamClosed,
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, hang),
    frame(FrameType.data, 0, 1, 'x'),
  ],
  [
    'HEADERS behind the end',
    code.streamClosed,
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, hang),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, hang),
  ],
  [
    'trailers that do not end the stream',
    code.protocol,
    openPost,
    frame(FrameType.headers, Flag.endHeaders, 1, block([['a', 'b']])),
  ],
  [
    'trailers with a pseudo-header',
    code.protocol,
    openPost,
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, block([[':path', '/']])),
  ],
  [
    'more DATA than the stream may have',
    code.flowControl,
    openPost,
    ...Array.from({ length: 5 }, () => frame(FrameType.data, 0, 1, Buffer.alloc(16_000))),
  ],
];

describe('errors of a stream', () => {
  for (const [name, expected, ...frames] of streamErrors)
    test(name, async t => {
      const own = await startEngine([backend.port], {
        protocols: ['h2c'],
        // No body is taken from the client, because there is no connection to the backend.
        pool: { maxConnections: 1 },
      });
      t.after(() => own.stop());
      const client = await H2Client.open(own.port);
      client.send(...frames, frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 3, block(get('/fixed'))));
      const other = await client.answer(3);
      assert.deepEqual([other.status, other.body], [200, 'fixed\n']);
      assert.equal((await client.answer(1)).reset, expected);
      assert.equal(client.closed, false);
      assert.deepEqual(counted(own), name.startsWith('trailers') ? { malformed: 1 } : { stream: 1 });
      client.close();
      await own.stop();
    });
});

test('a message that is none ends its stream, and is counted and logged by what is wrong with it', async t => {
  const own = await startEngine([backend.port], { protocols: ['h2c'] });
  t.after(() => own.stop());
  const client = await H2Client.open(own.port);
  client.headers(1, get('/hang', ['X-Upper', 'a']), true);
  client.headers(3, get('/hang', ['connection', 'close']), true);
  client.headers(5, [[':method', 'GET']], true);
  for (const stream of [1, 3, 5]) assert.equal((await client.answer(stream)).reset, code.protocol);
  client.headers(7, get('/fixed'), true);
  assert.equal((await client.answer(7)).status, 200);
  client.close();
  assert.deepEqual(counted(own), { malformed: 3 });
  for (const each of ['malformed_header', 'connection_header', 'malformed_pseudo_header'] as const)
    assert.equal(own.refusals(each), 1, each);
  assert.equal((await own.accessLines()).length, 4);
  assert.deepEqual(own.log, []);
});

describe('what is tolerated', () => {
  test('priorities, unknown frames and settings, padding, reserved bits, resets of what is over', async () => {
    const client = await H2Client.open(engine.port);
    const padded = Buffer.concat([Buffer.from([3]), block(get('/a')), Buffer.alloc(3)]);
    client.send(
      frame(FrameType.priority, 0, 7, '\0\0\0\0\x10'),
      frame(0x42, 0xff, 0, 'whatever'),
      frame(0x10, 0, 0, uint32(1)),
      frame(FrameType.settings, 0, 0, settings([0x99, 5], [2, 0])),
      frame(FrameType.headers, Flag.endHeaders | Flag.endStream | Flag.padded, 1, padded),
      frame(
        FrameType.headers,
        Flag.endHeaders | Flag.endStream | Flag.priority,
        3,
        Buffer.concat([uint32(0), Buffer.from([1]), block(get('/b'))]),
      ),
      frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 0x80000005, block(get('/c'))),
    );
    for (const stream of [1, 3, 5]) assert.equal((await client.answer(stream)).body, 'ok');
    client.send(
      frame(FrameType.reset, 0, 1, uint32(8)),
      frame(FrameType.windowUpdate, 0, 3, uint32(10)),
      frame(FrameType.priority, 0, 1, '\0\0\0\0\x10'),
      frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 7, block(get('/d'))),
    );
    assert.equal((await client.answer(7)).body, 'ok');
    client.close();
  });

  test('PING is answered with its own bytes', async () => {
    const client = await H2Client.open(engine.port);
    client.send(frame(FrameType.ping, 0, 0, 'abcdefgh'));
    await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.ping));
    const ping = client.frames.find(({ type }) => type === FrameType.ping)!;
    assert.deepEqual([ping.flags, ping.payload.toString()], [Flag.ack, 'abcdefgh']);
    client.close();
  });

  test('a header block in many pieces, the first of them empty', async () => {
    const client = await H2Client.open(engine.port);
    const bytes = block(get('/pieces', ['x-long', 'v'.repeat(300)]));
    client.send(frame(FrameType.headers, Flag.endStream, 1));
    for (let at = 0; at < bytes.length; at += 50)
      client.send(
        frame(FrameType.continuation, at + 50 >= bytes.length ? Flag.endHeaders : 0, 1, bytes.subarray(at, at + 50)),
      );
    assert.equal((await client.answer(1)).status, 200);
    client.close();
  });
});
