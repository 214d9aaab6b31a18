// Clients that make the gateway work or hold memory for nothing: each is ended with its code after a bounded number of frames and within
// bounded memory, while another client is served.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Http2Reason } from '../../../src/telemetry/http2-reasons.ts';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { block, Flag, FrameType, frame, get, H2Client, request, settings, uint32 } from '../../support/h2-client.ts';
import { type RawBackend, startRawBackend } from '../../support/raw-backend.ts';

const calm = 11;
const MIB = 1024 * 1024;
const LARGE = 2 * MIB;

let backend: RawBackend;
let engine: Engine;
let largeSent = 0;

before(async () => {
  const piece = Buffer.alloc(64 * 1024, 'x');
  backend = await startRawBackend({
    onRequest({ socket }, { path }) {
      if (path === '/hang') return;
      if (path !== '/large') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        return;
      }
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
      let left = LARGE;
      const more = (): void => {
        while (left > 0) {
          left -= piece.length;
          largeSent += piece.length;
          if (!socket.write(piece)) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    },
  });
  engine = await startEngine([backend.port], {
    protocols: ['h2c'],
    limits: { writeTimeoutMs: 250, headerTimeoutMs: 1_000, headerBytesMax: 32_768 },
    http2: { resetBurst: 50, resetsPerSecond: 1 },
    pool: { maxConnections: 0 },
  });
});

after(async () => {
  await engine.stop();
  await backend.stop();
});

beforeEach(() => {
  globalThis.gc?.();
});

/** Sends frames in batches until the connection ends; returns how many frames it took, and the error code. */
async function flood(make: (at: number) => Buffer, max: number, first: readonly Buffer[] = []) {
  const client = await H2Client.open(engine.port);
  client.send(...first);
  let sent = 0;
  while (sent < max && !client.closed) {
    const batch: Buffer[] = [];
    for (let i = 0; i < 100; i++) batch.push(make(sent++));
    client.send(...batch);
    await new Promise(resolve => setImmediate(resolve));
  }
  const code = await client.end();
  client.close();
  return { sent, code };
}

async function stillServes(): Promise<void> {
  const client = await H2Client.open(engine.port);
  client.headers(1, get('/ok'));
  assert.equal((await client.answer(1)).body, 'ok');
  client.close();
  await eventually(() => engine.gateway.inFlight === 0, 'the end of all exchanges');
}

const openPost = frame(FrameType.headers, Flag.endHeaders, 1, block(request('POST', '/hang')));
const hang = block(get('/hang'));

describe('frames for nothing', () => {
  const floods: readonly (readonly [
    name: string,
    reason: Http2Reason,
    make: (at: number) => Buffer,
    ...first: Buffer[],
  ])[] = [
    ['PING', 'ping_flood', () => frame(FrameType.ping, 0, 0, '12345678')],
    ['acknowledgements of PING', 'ping_flood', () => frame(FrameType.ping, Flag.ack, 0, '12345678')],
    ['SETTINGS', 'settings_flood', at => frame(FrameType.settings, 0, 0, settings([4, at]))],
    ['empty SETTINGS', 'settings_flood', () => frame(FrameType.settings, 0, 0)],
    ['acknowledgements of SETTINGS', 'settings_flood', () => frame(FrameType.settings, Flag.ack, 0)],
    ['empty DATA', 'frame_flood', () => frame(FrameType.data, 0, 1), openPost],
    ['DATA of padding only', 'frame_flood', () => frame(FrameType.data, Flag.padded, 1, '\0'), openPost],
    ['PRIORITY', 'frame_flood', at => frame(FrameType.priority, 0, at * 2 + 1, '\0\0\0\0\x10')],
    ['unknown frames', 'frame_flood', () => frame(0x77, 0, 0)],
    ['WINDOW_UPDATE', 'frame_flood', () => frame(FrameType.windowUpdate, 0, 0, uint32(1))],
    [
      'resets of a stream that is over',
      'frame_flood',
      () => frame(FrameType.reset, 0, 1, uint32(8)),
      frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, block(get('/fixed'))),
    ],
  ];
  for (const [name, reason, make, ...first] of floods)
    test(name, async () => {
      const before = engine.http2Errors(reason);
      const { sent, code } = await flood(make, 20_000, first);
      assert.equal(code, calm);
      assert.ok(sent < 5_000, `${sent} frames`);
      assert.equal(engine.http2Errors(reason), before + 1);
      await stillServes();
    });
});

describe('streams for nothing', () => {
  test('rapid reset (CVE-2023-44487)', async () => {
    const requestsBefore = backend.requests.length;
    const { sent, code } = await flood(
      at =>
        Buffer.concat([
          frame(FrameType.headers, Flag.endHeaders | Flag.endStream, at * 2 + 1, hang),
          frame(FrameType.reset, 0, at * 2 + 1, uint32(8)),
        ]),
      20_000,
    );
    assert.equal(code, calm);
    assert.ok(sent <= 1_000, `${sent}`);
    assert.equal(engine.http2Errors('rapid_reset'), 1);
    await stillServes();
    // A reset in the same read as its request cancels the request before a connection to the backend exists.
    assert.ok(backend.requests.length - requestsBefore <= 60);
  });

  for (const [name, breakRule] of [
    ['WINDOW_UPDATE of 0', (id: number) => frame(FrameType.windowUpdate, 0, id, uint32(0))],
    ['WINDOW_UPDATE that overflows', (id: number) => frame(FrameType.windowUpdate, 0, id, uint32(0x7fffffff))],
    ['DATA behind the end', (id: number) => frame(FrameType.data, 0, id, 'x')],
    ['HEADERS behind the end', (id: number) => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, hang)],
  ] as const)
    test(`resets that we are made to send (CVE-2025-8671): ${name}`, async () => {
      const before = engine.http2Errors('rapid_reset');
      const { sent, code } = await flood(
        at =>
          Buffer.concat([
            frame(FrameType.headers, Flag.endHeaders | Flag.endStream, at * 2 + 1, hang),
            breakRule(at * 2 + 1),
          ]),
        20_000,
      );
      assert.equal(code, calm);
      assert.ok(sent <= 1_000, `${sent}`);
      assert.equal(engine.http2Errors('rapid_reset'), before + 1);
      await stillServes();
    });

  test('malformed requests', async () => {
    const bad = block(get('/', ['Bad Name', 'x']));
    const { sent, code } = await flood(
      at => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, at * 2 + 1, bad),
      20_000,
    );
    assert.equal(code, calm);
    assert.ok(sent <= 1_000, `${sent}`);
  });

  test('HPACK bombs, one behind the other', async () => {
    // 2,000 references to one field of 4 KiB.
    const field = Buffer.concat([Buffer.of(0x40, 1, 0x6b, 0x7f, 0xbd, 0x1d), Buffer.alloc(3_900, 'b')]);
    const bomb = Buffer.concat([block(get('/')), field, Buffer.alloc(2_000, 0xbe)]);
    const { code } = await flood(
      at => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, at * 2 + 1, bomb),
      20_000,
    );
    assert.equal(code, calm);
    await stillServes();
  });

  test('streams beyond the limit', async () => {
    const { sent, code } = await flood(
      at => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, at * 2 + 1, hang),
      20_000,
    );
    assert.equal(code, calm);
    assert.ok(sent <= 1_000, `${sent}`);
    await stillServes();
  });

  test('the largest stream id is served, and the last', async () => {
    const client = await H2Client.open(engine.port);
    client.headers(0x7fffffff, get('/ok'));
    assert.equal((await client.answer(0x7fffffff)).status, 200);
    assert.equal(await client.end(), 0);
    client.close();
  });
});

describe('heads', () => {
  for (const [name, make] of [
    ['CONTINUATION flood (CVE-2024-27316)', () => frame(FrameType.continuation, 0, 1, Buffer.alloc(1_000, 0x82))],
    ['empty CONTINUATIONs', () => frame(FrameType.continuation, 0, 1)],
    ['large CONTINUATIONs', () => frame(FrameType.continuation, 0, 1, Buffer.alloc(16_384, 0x82))],
  ] as const)
    test(name, async () => {
      const before = engine.http2Errors('continuation_flood');
      const { code } = await flood(make, 20_000, [frame(FrameType.headers, 0, 1, block(get('/')))]);
      assert.equal(code, calm);
      assert.equal(engine.http2Errors('continuation_flood'), before + 1);
      await stillServes();
    });

  test('an HPACK bomb is 431, and costs no memory', async () => {
    const client = await H2Client.open(engine.port);
    const value = 'b'.repeat(3_900);
    const size = value.length - 127;
    const literal = Buffer.concat([
      Buffer.from([0x40, 1, 0x6b, 0x7f, (size & 127) | 128, size >> 7]),
      Buffer.from(value),
    ]);
    const memory = process.memoryUsage().rss;
    for (let round = 0; round < 100; round++) {
      // 10,000 references to one field of 4 KiB: 40 MB if it were expanded.
      const bomb = Buffer.concat([block(get('/bomb')), literal, Buffer.alloc(10_000, 0xbe)]);
      client.send(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, round * 2 + 1, bomb));
      assert.equal((await client.answer(round * 2 + 1)).status, 431);
    }
    assert.ok(process.memoryUsage().rss - memory < 100 * MIB);
    client.close();
  });
});

describe('answers that nobody takes', () => {
  test('streams with a window of zero are reset, and hold one read each at most', async () => {
    const client = await H2Client.open(engine.port, settings([4, 0]));
    const memory = process.memoryUsage().arrayBuffers;
    const sentBefore = largeSent;
    const streams = Array.from({ length: 20 }, (_, at) => at * 2 + 1);
    for (const stream of streams) client.headers(stream, get('/large'));
    await client.until(() => streams.every(stream => client.seen(stream).status === 200));
    await delay(100);
    assert.ok(process.memoryUsage().arrayBuffers - memory < 20 * 128 * 1024 + 30 * MIB);
    // What the backend could send lies in the kernel's buffers, and one read of it in the gateway.
    assert.ok(largeSent - sentBefore <= 20 * LARGE);
    for (const stream of streams) assert.equal((await client.answer(stream)).reset, 8);
    assert.equal(engine.http2Errors('stalled'), 20);
    await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchanges');
    client.headers(101, get('/ok'));
    client.send(frame(FrameType.windowUpdate, 0, 101, uint32(10)));
    assert.equal((await client.answer(101)).body, 'ok');
    client.close();
  });

  test('a connection whose window stays shut ends with ENHANCE_YOUR_CALM', async () => {
    const client = await H2Client.open(engine.port, settings([4, 1_000_000]));
    client.headers(1, get('/large'));
    assert.equal(await client.end(), calm);
    assert.equal(client.seen(1).body.length, 65_535);
    client.close();
    await stillServes();
  });

  test('a client that does not read is cut, and holds little', async () => {
    const client = await H2Client.open(engine.port, settings([4, 0x7fffffff]));
    client.send(frame(FrameType.windowUpdate, 0, 0, uint32(0x7fff0000 - 65_535)));
    client.socket.pause();
    const memory = process.memoryUsage().arrayBuffers;
    for (let stream = 1; stream < 41; stream += 2) client.headers(stream, get('/large'));
    await eventually(() => engine.gateway.inFlight === 20, 'the requests');
    await delay(100);
    assert.ok(process.memoryUsage().arrayBuffers - memory < 30 * MIB);
    await eventually(() => engine.gateway.inFlight === 0, 'the cut');
    client.close();
    await stillServes();
  });

  test('a client that asks and does not read is not read, either', async () => {
    const client = await H2Client.open(engine.port);
    client.socket.pause();
    const received = engine.workerCell('receivedBytes');
    let sent = 0;
    let full = false;
    // Each request is answered at once, with a head and a few bytes.
    for (let stream = 1; stream < 400_000 && !client.socket.destroyed && !full; stream += 2) {
      const bytes = frame(FrameType.headers, Flag.endHeaders | Flag.endStream, stream, block(get('/fixed')));
      sent += bytes.length;
      full = !client.socket.write(bytes) && client.socket.writableLength > 4 * MIB;
      if (stream % 1000 === 1) await new Promise(resolve => setImmediate(resolve));
    }
    assert.ok(engine.workerCell('receivedBytes') - received < sent, 'everything was read');
    await eventually(() => client.closed || client.socket.destroyed || engine.gateway.connections === 0, 'the cut');
    client.close();
    await stillServes();
  });
});
