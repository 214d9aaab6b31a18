// Upstreams that break the rules of HTTP/2, frame by frame over bare sockets: what the client sees, with which code the stream or the
// connection ends, and that the gateway keeps serving.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { Engine } from '../../support/engine-gateway.ts';
import { block, type FieldList, Flag, FrameType, frame, settings, uint32 } from '../../support/h2-client.ts';
import type { H2ServerConnection, SeenRequest } from '../../support/h2-server.ts';
import { type Outcome, outcomeOf, start } from './h2-endpoint.ts';

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: Buffer | string;
  readonly headers?: Record<string, string>;
}

async function ask({ port }: Engine, { method = 'GET', path = '/', body, headers = {} }: Sent = {}): Promise<Outcome> {
  const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
  // Because: an upload may be cut off after its response; before the response, `once` rejects.
  request.on('error', () => {});
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return outcomeOf(response);
}

const ok: FieldList = [[':status', '200']];

const PROTOCOL_ERROR = 1;
const FLOW_CONTROL_ERROR = 3;
const FRAME_SIZE_ERROR = 6;
const CANCEL = 8;
const COMPRESSION_ERROR = 9;
const ENHANCE_YOUR_CALM = 11;

/** How a case may end. */
interface Expected {
  /** Code of the gateway's own response; left out where the endpoint's response had begun and must be cut off. */
  readonly fault?: string;
  /** Error code with which the stream ends, while the connection is kept. */
  readonly stream?: number;
  /** Error code with which the connection ends. */
  readonly connection?: number;
  readonly method?: string;
}

const malformed = 'upstream_malformed_response';

interface Case extends Expected {
  readonly name: string;
  readonly send: (connection: H2ServerConnection, stream: number) => void;
}

const flawedHeads: readonly (readonly [string, FieldList])[] = [
  ['no status', [['x-a', '1']]],
  ['an empty block', []],
  ['a status twice', [...ok, [':status', '200']]],
  ['a status of two digits', [[':status', '20']]],
  ['a status beyond 599', [[':status', '600']]],
  ['a status with a sign', [[':status', '+20']]],
  ['a status with a space', [[':status', '200 ']]],
  ['101', [[':status', '101']]],
  ['a pseudo-header behind a field', [['x-a', '1'], ...ok]],
  ['a pseudo-header of requests', [...ok, [':path', '/']]],
  ['an unknown pseudo-header', [...ok, [':x', '/']]],
  ['upper case in a name', [...ok, ['X-a', '1']]],
  ['an empty name', [...ok, ['', '1']]],
  ['a space in a name', [...ok, ['x a', '1']]],
  ['a colon in a name', [...ok, ['x:a', '1']]],
  ['CR LF in a name', [...ok, ['x\r\nx-b', '1']]],
  ['NUL in a name', [...ok, ['x\0', '1']]],
  ['CR in a value', [...ok, ['x-a', 'a\rb']]],
  ['LF in a value', [...ok, ['x-a', 'a\nb']]],
  ['CR LF in a value', [...ok, ['x-a', 'a\r\nSet-Cookie: a=b']]],
  ['NUL in a value', [...ok, ['x-a', 'a\0b']]],
  ['a space in front of a value', [...ok, ['x-a', ' a']]],
  ['connection', [...ok, ['connection', 'close']]],
  ['keep-alive', [...ok, ['keep-alive', '1']]],
  ['proxy-connection', [...ok, ['proxy-connection', 'close']]],
  ['transfer-encoding', [...ok, ['transfer-encoding', 'chunked']]],
  ['upgrade', [...ok, ['upgrade', 'x']]],
  ['te', [...ok, ['te', 'trailers']]],
  ['two lengths', [...ok, ['content-length', '1'], ['content-length', '1']]],
  ['a list of lengths', [...ok, ['content-length', '1, 1']]],
  ['a length with a sign', [...ok, ['content-length', '+1']]],
  ['an empty length', [...ok, ['content-length', '']]],
  ['a length in another spelling', [...ok, ['content_length', '1']]],
  ['a coding in another spelling', [...ok, ['transfer_encoding', 'chunked']]],
  [
    'an interim answer with a length',
    [
      [':status', '103'],
      ['content-length', '1'],
    ],
  ],
  [
    '204 with a length',
    [
      [':status', '204'],
      ['content-length', '1'],
    ],
  ],
];

const cases: readonly Case[] = [
  ...flawedHeads.map(([name, fields]) => ({
    name: `a head with ${name}`,
    send: (connection: H2ServerConnection, stream: number) => connection.headers(stream, fields),
    fault: malformed,
    stream: PROTOCOL_ERROR,
  })),
  {
    name: 'a head over the limit',
    send: (connection, stream) =>
      connection.send(
        frame(
          FrameType.headers,
          0,
          stream,
          block([...ok, ...Array.from({ length: 4 }, (_, i) => [`x-${i}`, 'v'.repeat(3_900)] as const)]),
        ),
        ...Array.from({ length: 4 }, (_, i) =>
          frame(FrameType.continuation, i === 3 ? Flag.endHeaders : 0, stream, block([[`y-${i}`, 'v'.repeat(16_000)]])),
        ),
      ),
    fault: 'upstream_response_too_large',
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'more fields than are allowed',
    send: (connection, stream) =>
      connection.headers(stream, [...ok, ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, ''] as const)]),
    fault: 'upstream_response_too_large',
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'an HPACK bomb: one long field of the table, named ten thousand times',
    send: (connection, stream) => {
      const long = Buffer.concat([
        Buffer.of(0x40, 1),
        Buffer.from('x'),
        Buffer.of(127, 0x80 | ((3_800 - 127) % 128), (3_800 - 127) >> 7),
        Buffer.alloc(3_800, 'v'),
      ]);
      connection.send(
        frame(
          FrameType.headers,
          Flag.endHeaders,
          stream,
          Buffer.concat([Buffer.of(0x88), long, Buffer.alloc(10_000, 0x80 | 62)]),
        ),
      );
    },
    fault: 'upstream_response_too_large',
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a block that cannot be decoded',
    send: (connection, stream) =>
      connection.send(frame(FrameType.headers, Flag.endHeaders, stream, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))),
    fault: malformed,
    connection: COMPRESSION_ERROR,
  },
  {
    name: 'CONTINUATION without end',
    send: (connection, stream) =>
      connection.send(
        frame(FrameType.headers, 0, stream, block(ok)),
        ...Array.from({ length: 100 }, () => frame(FrameType.continuation, 0, stream, '')),
      ),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'CONTINUATION of 16 KiB each, without end',
    send: (connection, stream) =>
      connection.send(
        frame(FrameType.headers, 0, stream, block(ok)),
        ...Array.from({ length: 20 }, () => frame(FrameType.continuation, 0, stream, Buffer.alloc(16_384))),
      ),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'another frame between HEADERS and CONTINUATION',
    send: (connection, stream) =>
      connection.send(frame(FrameType.headers, 0, stream, block(ok)), frame(FrameType.ping, 0, 0, '12345678')),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'CONTINUATION without HEADERS',
    send: (connection, stream) => connection.send(frame(FrameType.continuation, Flag.endHeaders, stream, block(ok))),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'a flood of SETTINGS',
    send: connection =>
      connection.send(...Array.from({ length: 300 }, () => frame(FrameType.settings, 0, 0, settings([4, 70_000])))),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of PING',
    send: connection =>
      connection.send(...Array.from({ length: 2_000 }, () => frame(FrameType.ping, 0, 0, '12345678'))),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of answers to PING that nobody asked for',
    send: connection =>
      connection.send(...Array.from({ length: 2_000 }, () => frame(FrameType.ping, Flag.ack, 0, '12345678'))),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of empty DATA',
    send: (connection, stream) => {
      connection.headers(stream, ok);
      connection.send(...Array.from({ length: 2_000 }, () => frame(FrameType.data, 0, stream)));
    },
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of DATA that is padding only',
    send: (connection, stream) => {
      connection.headers(stream, ok);
      connection.send(...Array.from({ length: 2_000 }, () => frame(FrameType.data, Flag.padded, stream, Buffer.of(0))));
    },
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of RST_STREAM',
    send: (connection, stream) =>
      connection.send(...Array.from({ length: 2_000 }, () => frame(FrameType.reset, 0, stream, uint32(CANCEL)))),
    fault: 'upstream_reset',
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of WINDOW_UPDATE',
    send: (connection, stream) =>
      connection.send(...Array.from({ length: 2_000 }, () => frame(FrameType.windowUpdate, 0, stream, uint32(1)))),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of unknown frames',
    send: connection => connection.send(...Array.from({ length: 2_000 }, () => frame(0x77, 0, 0, ''))),
    fault: malformed,
    connection: ENHANCE_YOUR_CALM,
  },
  {
    name: 'a flood of interim answers',
    send: (connection, stream) => {
      for (let i = 0; i < 40; i++) connection.headers(stream, [[':status', '102']]);
    },
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'PUSH_PROMISE',
    send: (connection, stream) =>
      connection.send(
        frame(FrameType.pushPromise, Flag.endHeaders, stream, Buffer.concat([uint32(2), block([[':method', 'GET']])])),
      ),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'HEADERS on a stream of the server’s own',
    send: connection => connection.headers(2, ok),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'HEADERS on a stream that was never opened',
    send: connection => connection.headers(101, ok),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'DATA before HEADERS',
    send: (connection, stream) => connection.data(stream, 'x'),
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'DATA on stream 0',
    send: connection => connection.data(0, 'x'),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'DATA behind an interim answer',
    send: (connection, stream) => {
      connection.headers(stream, [[':status', '103']]);
      connection.data(stream, 'x', true);
    },
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'an interim answer that ends the stream',
    send: (connection, stream) => connection.headers(stream, [[':status', '103']], true),
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a second HEADERS without END_STREAM',
    send: (connection, stream) => {
      connection.headers(stream, ok);
      connection.headers(stream, ok);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'trailers with a pseudo-header',
    send: (connection, stream) => {
      connection.headers(stream, ok);
      connection.headers(stream, [[':status', '200']], true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'trailers with CR LF in a value',
    send: (connection, stream) => {
      connection.headers(stream, ok);
      connection.headers(stream, [['x-a', 'a\r\nb: c']], true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a body shorter than its length',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '5']]);
      connection.data(stream, '1234', true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a body longer than its length',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '5']]);
      connection.data(stream, '123');
      connection.data(stream, '456', true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a body that goes on behind its length',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '5']]);
      connection.data(stream, '12345');
      connection.data(stream, '6', true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a last frame longer than the length, that comes in two pieces',
    send: (connection, stream) => {
      const bytes = frame(FrameType.data, Flag.endStream, stream, '123456');
      connection.headers(stream, [...ok, ['content-length', '5']]);
      // Because: the gateway must have read the first piece, and nothing shows when it has.
      connection.socket.write(bytes.subarray(0, -1), () => setTimeout(() => connection.send(bytes.subarray(-1)), 20));
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a trailer behind too long a body',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '5']]);
      connection.data(stream, '12345');
      connection.data(stream, '6');
      connection.headers(stream, [['x-a', '1']], true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a body behind a length of 0',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '0']]);
      connection.data(stream, '1', true);
    },
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'trailers in front of the end of a length',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '5']]);
      connection.data(stream, '123');
      connection.headers(stream, [['x-a', '1']], true);
    },
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'an end in the head, with a length',
    send: (connection, stream) => connection.headers(stream, [...ok, ['content-length', '5']], true),
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'padding beyond the frame, in DATA',
    send: (connection, stream) => {
      connection.headers(stream, ok);
      connection.send(frame(FrameType.data, Flag.padded, stream, Buffer.of(9, 1, 2)));
    },
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'padding beyond the frame, in HEADERS',
    send: (connection, stream) =>
      connection.send(frame(FrameType.headers, Flag.padded | Flag.endHeaders, stream, Buffer.of(9, 0x88))),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'a frame larger than was allowed',
    send: connection => connection.send(frame(0x77, 0, 0, Buffer.alloc(16_385))),
    fault: malformed,
    connection: FRAME_SIZE_ERROR,
  },
  {
    name: 'PING of seven bytes',
    send: connection => connection.send(frame(FrameType.ping, 0, 0, '1234567')),
    fault: malformed,
    connection: FRAME_SIZE_ERROR,
  },
  {
    name: 'a WINDOW_UPDATE of zero for the stream',
    send: (connection, stream) => connection.send(frame(FrameType.windowUpdate, 0, stream, uint32(0))),
    fault: malformed,
    stream: PROTOCOL_ERROR,
  },
  {
    name: 'a WINDOW_UPDATE of zero for the connection',
    send: connection => connection.send(frame(FrameType.windowUpdate, 0, 0, uint32(0))),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'a window of the stream beyond what is allowed',
    send: (connection, stream) => connection.send(frame(FrameType.windowUpdate, 0, stream, uint32(0x7fffffff))),
    fault: malformed,
    stream: FLOW_CONTROL_ERROR,
  },
  {
    name: 'a window of the connection beyond what is allowed',
    send: connection => connection.send(frame(FrameType.windowUpdate, 0, 0, uint32(0x7fffffff))),
    fault: malformed,
    connection: FLOW_CONTROL_ERROR,
  },
  {
    name: 'an initial window that makes a stream’s too large',
    send: (connection, stream) =>
      connection.send(
        frame(FrameType.windowUpdate, 0, stream, uint32(0x70000000)),
        frame(FrameType.settings, 0, 0, settings([4, 0x7fffffff])),
      ),
    fault: malformed,
    connection: FLOW_CONTROL_ERROR,
  },
  {
    name: 'SETTINGS with an initial window that cannot be',
    send: connection => connection.send(frame(FrameType.settings, 0, 0, settings([4, 0x80000000]))),
    fault: malformed,
    connection: FLOW_CONTROL_ERROR,
  },
  {
    name: 'SETTINGS with a frame size that cannot be',
    send: connection => connection.send(frame(FrameType.settings, 0, 0, settings([5, 100]))),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'SETTINGS that allow pushing',
    send: connection => connection.send(frame(FrameType.settings, 0, 0, settings([2, 1]))),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'SETTINGS of a stream',
    send: (connection, stream) => connection.send(frame(FrameType.settings, 0, stream, settings())),
    fault: malformed,
    connection: PROTOCOL_ERROR,
  },
  {
    name: 'DATA behind a HEAD’s answer',
    send: (connection, stream) => {
      connection.headers(stream, [...ok, ['content-length', '5']]);
      connection.data(stream, '12345', true);
    },
    method: 'HEAD',
    stream: PROTOCOL_ERROR,
  },
];

for (const { name, send, fault, stream, connection, method = 'GET' } of cases) {
  test(`an upstream's answer is ${name}`, async t => {
    let misled = false;
    const { engine, server } = await start(t, {
      onRequest(request: SeenRequest) {
        if (request.field(':path') === '/bad') send(request.connection, request.stream);
        else request.connection.answer(request.stream, 'good');
        misled = true;
      },
    });
    const got = await ask(engine, { path: '/bad', method }).catch(() => null);
    assert.ok(misled);
    if (fault !== undefined) assert.deepEqual([got?.status, got?.code], [502, fault]);
    else if (method !== 'HEAD') assert.ok(got === null || !got.whole, `shown as whole: ${JSON.stringify(got)}`);
    const [first] = server.connections;
    if (stream !== undefined) {
      await server.until(() => first!.reset(1) !== null);
      assert.equal(first!.reset(1), stream);
      assert.equal(first!.goaway, null);
    }
    if (connection !== undefined) {
      await server.until(() => first!.closed);
      assert.equal(first!.goaway, connection);
    }
    if (fault !== 'upstream_reset') assert.deepEqual(engine.log, ['an answer of an endpoint is not passed on']);
    const next = await ask(engine);
    assert.deepEqual([next.status, next.body, next.whole], [200, 'good', true]);
    assert.equal(server.connections.length, connection === undefined ? 1 : 2);
    assert.equal(engine.gateway.inFlight, 0);
  });
}

test('a body as long as it says is whole, however its end comes', async t => {
  const ends: Readonly<Record<string, (connection: H2ServerConnection, stream: number) => void>> = {
    '/empty': (connection, stream) => connection.data(stream, '', true),
    '/padding': (connection, stream) =>
      connection.send(frame(FrameType.data, Flag.padded | Flag.endStream, stream, Buffer.of(2, 0, 0))),
    '/trailers': (connection, stream) => connection.headers(stream, [['x-a', '1']], true),
  };
  const { engine, server } = await start(t, {
    onRequest({ connection, stream, field }) {
      const [, path = '', length = ''] = /^(\/\w+)\/(\d)$/.exec(field(':path')!)!;
      connection.headers(stream, [...ok, ['content-length', length]]);
      if (length !== '0') connection.data(stream, '12345'.slice(0, Number(length)));
      ends[path]!(connection, stream);
    },
  });
  for (const path of Object.keys(ends)) {
    for (const length of [0, 1, 5]) {
      const { status, body, whole } = await ask(engine, { path: `${path}/${length}` });
      assert.deepEqual([status, body, whole], [200, '12345'.slice(0, length), true], `${path}/${length}`);
    }
  }
  assert.equal(server.connections.length, 1);
});

test('a well-known name in another spelling, as services have it among their metadata, passes where it frames nothing', async t => {
  const { engine } = await start(t, {
    onRequest: ({ connection, stream }) => connection.headers(stream, [...ok, ['x_request_id', '7']], true),
  });
  const { status, headers } = await ask(engine);
  assert.deepEqual([status, headers['x_request_id']], [200, '7']);
});
