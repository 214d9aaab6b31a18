// Endpoints that answer a health check over HTTP/2 with anything but HTTP/2: each check reports in time why it failed, and the process
// survives.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { block, type FieldList, Flag, FrameType, frame, settings, uint32 } from '../../../test/support/h2-client.ts';
import { type H2ServerHandlers, type SeenRequest, startH2Server } from '../../../test/support/h2-server.ts';
import { probeGrpc } from './grpc-prober.ts';
import { probeH2 } from './h2-prober.ts';
import { ProbeReason, type ProbeSpec } from './prober.ts';

const seconds = Number(process.env['CARDEA_FUZZ_SECONDS'] ?? 3);
const seed = Number(process.env['CARDEA_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

const spec: ProbeSpec = {
  kind: 'http',
  path: '/healthz',
  host: null,
  port: null,
  expect: [{ from: 200, to: 299 }],
  body: 'well',
  service: '',
  timeoutMs: 2_000,
};
const inShort: ProbeSpec = { ...spec, timeoutMs: 100 };

const ok: FieldList = [[':status', '200']];
const grpc: FieldList = [...ok, ['content-type', 'application/grpc']];
const serving = Buffer.of(0, 0, 0, 0, 2, 8, 1);

async function start(t: TestContext, handlers: H2ServerHandlers): Promise<{ host: string; port: number; tls: false }> {
  const server = await startH2Server(handlers);
  t.after(() => server.stop());
  return { host: '127.0.0.1', port: server.port, tls: false };
}

interface Case {
  readonly name: string;
  readonly answer: (request: SeenRequest) => void;
  readonly reason: number;
  readonly timeoutMs?: number;
}

const cases: readonly Case[] = [
  {
    name: 'GOAWAY that names no stream',
    answer: ({ connection }) => connection.send(frame(FrameType.goaway, 0, 0, uint32(0, 0))),
    reason: ProbeReason.broken,
  },
  {
    name: 'RST_STREAM',
    answer: ({ connection, stream }) => connection.send(frame(FrameType.reset, 0, stream, uint32(8))),
    reason: ProbeReason.broken,
  },
  {
    name: 'RST_STREAM behind the head',
    answer({ connection, stream }) {
      connection.headers(stream, ok);
      connection.send(frame(FrameType.reset, 0, stream, uint32(0)));
    },
    reason: ProbeReason.broken,
  },
  {
    name: 'a head of a megabyte',
    answer({ connection, stream }) {
      connection.send(frame(FrameType.headers, 0, stream, block(ok)));
      for (let i = 0; i < 70; i++)
        connection.send(frame(FrameType.continuation, 0, stream, block([['x', 'y'.repeat(16_000)]])));
    },
    reason: ProbeReason.broken,
  },
  {
    name: 'a head without an end',
    answer: ({ connection, stream }) => connection.headers(stream, ok),
    reason: ProbeReason.timedOut,
    timeoutMs: 100,
  },
  {
    name: 'a body without an end, that never says what is wanted',
    answer({ connection, stream }) {
      connection.headers(stream, ok);
      connection.data(stream, 'ill');
    },
    reason: ProbeReason.timedOut,
    timeoutMs: 100,
  },
  {
    name: 'a body over all that is read of one',
    answer({ connection, stream }) {
      connection.headers(stream, ok);
      for (let i = 0; i < 4; i++) connection.data(stream, 'x'.repeat(16_384));
    },
    reason: ProbeReason.body,
  },
  {
    name: 'padding beside all that is read of a body',
    answer({ connection, stream }) {
      connection.headers(stream, ok);
      connection.send(
        ...Array.from({ length: 9 }, () =>
          frame(FrameType.data, Flag.padded, stream, Buffer.concat([Buffer.of(255), Buffer.alloc(15_000)])),
        ),
      );
    },
    reason: ProbeReason.body,
  },
  {
    name: 'a body longer than it says',
    answer({ connection, stream }) {
      connection.headers(stream, [...ok, ['content-length', '2']]);
      connection.data(stream, 'well', true);
    },
    reason: ProbeReason.broken,
  },
  {
    name: 'a head that cannot be decoded',
    answer: ({ connection, stream }) =>
      connection.send(frame(FrameType.headers, Flag.endHeaders, stream, '\xff\xff\xff')),
    reason: ProbeReason.broken,
  },
  {
    name: 'an end of the connection',
    answer: ({ connection }) => connection.socket.end(),
    reason: ProbeReason.broken,
  },
  {
    name: 'bytes that are no frames',
    answer: ({ connection }) => connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'),
    reason: ProbeReason.broken,
  },
];

for (const { name, answer, reason, timeoutMs = 2_000 } of cases) {
  test(`a check is answered with ${name}`, async t => {
    const target = await start(t, { onRequest: answer });
    assert.equal((await probeH2(target, { ...spec, timeoutMs }, null)).reason, reason);
    // A gRPC check does not accept a response head alone either.
    const asked = await probeGrpc(target, { ...spec, kind: 'grpc', timeoutMs }, null);
    assert.notEqual(asked.reason, ProbeReason.passed);
  });
}

test('an endpoint that greets wrongly, or not at all', async t => {
  const greetings: readonly (readonly [Buffer | null, number])[] = [
    [null, ProbeReason.timedOut],
    [Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), ProbeReason.broken],
    [frame(FrameType.settings, 0, 0, settings([5, 1])), ProbeReason.broken],
    [frame(FrameType.settings, 0, 0, settings([3, 0])), ProbeReason.timedOut],
    [frame(FrameType.goaway, 0, 0, uint32(0, 0)), ProbeReason.broken],
  ];
  for (const [greeting, reason] of greetings) {
    const target = await start(t, { greeting });
    assert.equal((await probeH2(target, inShort, null)).reason, reason, String(greeting));
  }
});

test('an endpoint that accepts and does not read holds a check no longer than its time', async t => {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.pause();
    socket.write(frame(FrameType.settings, 0, 0, settings()));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const target = { host: '127.0.0.1', port: address.port, tls: false };
  assert.equal((await probeH2(target, inShort, null)).reason, ProbeReason.timedOut);
});

test('a status of gRPC that is none is UNKNOWN, wherever it stands', async t => {
  for (const told of ['', 'x', '-1', '1e3', '100', '0x0', ' 0']) {
    const target = await start(t, {
      onRequest: ({ connection, stream }) => connection.headers(stream, [...grpc, ['grpc-status', told]], true),
    });
    const { reason, status } = await probeGrpc(target, { ...spec, kind: 'grpc' }, null);
    if (told === ' 0') assert.equal(reason, ProbeReason.broken);
    else assert.deepEqual([reason, status], [ProbeReason.grpcStatus, 2], told);
  }
});

/** The frames of a good response to a check of either kind. */
function goodAnswer(stream: number): Buffer[] {
  return [
    frame(FrameType.settings, Flag.ack, 0),
    frame(FrameType.headers, Flag.endHeaders, stream, block(grpc)),
    frame(FrameType.data, 0, stream, serving),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, stream, block([['grpc-status', '0']])),
  ];
}

const change = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('byte', 'bytes', 'cut', 'insert', 'type', 'flags'),
  value: fc.nat(255),
});

test(`answers with changed bytes are told in time, one way or the other (seed ${seed})`, async t => {
  let next: readonly { at: number; kind: string; value: number }[] = [];
  const target = await start(t, {
    onRequest({ connection, stream }) {
      const frames = goodAnswer(stream);
      for (const { at, kind, value } of next) {
        const index = at % frames.length;
        const bytes = frames[index]!;
        const where = value % Math.max(1, bytes.length);
        if (bytes.length < 9) continue;
        if (kind === 'byte') bytes[where]! ^= 1 + (at % 255);
        if (kind === 'bytes') bytes.fill(value, where);
        if (kind === 'cut') frames[index] = bytes.subarray(0, where);
        if (kind === 'insert') frames.splice(index, 0, Buffer.alloc(1 + (value % 40), value));
        if (kind === 'type') bytes[3] = value % 12;
        if (kind === 'flags') bytes[4] = value;
      }
      connection.send(...frames);
      connection.socket.end();
    },
  });
  const until = performance.now() + seconds * 300;
  const reasons = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 3 }), async changes => {
      if (performance.now() > until) return;
      next = changes;
      const { reason } = await probeGrpc(target, { ...spec, kind: 'grpc' }, null);
      reasons.add(reason);
      if (changes.length === 0) assert.equal(reason, ProbeReason.passed);
    }),
    { seed, numRuns: 100_000, interruptAfterTimeLimit: seconds * 300 + 500, endOnFailure: true },
  );
  assert.ok(reasons.has(ProbeReason.passed) && reasons.has(ProbeReason.broken), [...reasons].join());
  assert.ok(!reasons.has(ProbeReason.noConnection));
});
