// Clients that request much over many streams and read nothing: how much of the responses upstreams may send ahead, and what is
// held for one connection.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { Flag, FrameType, frame, get, H2Client, settings, uint32 } from '../../support/h2-client.ts';
import { type H2Server, type H2ServerConnection, startH2Server } from '../../support/h2-server.ts';

const KIB = 1_024;
const MIB = KIB * KIB;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;
/** What an endpoint may send ahead on a stream at first. */
const FIRST_WINDOW = 128 * KIB;

interface TestContext {
  after(fn: () => unknown): void;
}

/** An endpoint that sends `body` bytes on every stream, as far as the windows allow. */
class Generous {
  readonly sent = new Map<number, number>();
  server!: H2Server;
  private readonly body: number;
  private readonly room = new Map<number, number>();

  constructor(body: number) {
    this.body = body;
  }

  async listen(): Promise<void> {
    this.server = await startH2Server({
      onRequest: ({ connection, stream }) => {
        this.room.set(stream, (this.room.get(stream) ?? 0) + FIRST_WINDOW);
        this.sent.set(stream, 0);
        connection.headers(stream, [
          [':status', '200'],
          ['content-length', String(this.body)],
        ]);
        this.sendOn(connection, stream);
      },
      onFrame: (connection, { type, flags, stream, payload }) => {
        if (type === FrameType.settings && (flags & Flag.ack) === 0) {
          for (let at = 0; at < payload.length; at += 6)
            if (payload.readUInt16BE(at) === 4) assert.equal(payload.readUInt32BE(at + 2), FIRST_WINDOW);
        }
        if (type === FrameType.reset) this.room.delete(stream);
        if (type !== FrameType.windowUpdate || stream === 0 || !this.room.has(stream)) return;
        this.room.set(stream, this.room.get(stream)! + payload.readUInt32BE(0));
        this.sendOn(connection, stream);
      },
    });
  }

  private sendOn(connection: H2ServerConnection, stream: number): void {
    for (;;) {
      const sent = this.sent.get(stream)!;
      const size = Math.min(16 * KIB, this.body - sent, this.room.get(stream) ?? 0);
      if (size === 0) return;
      this.sent.set(stream, sent + size);
      this.room.set(stream, this.room.get(stream)! - size);
      connection.data(stream, Buffer.alloc(size, 'x'), sent + size === this.body);
    }
  }

  get total(): number {
    return [...this.sent.values()].reduce((sum, each) => sum + each, 0);
  }

  /** Resolves once the endpoint's windows are used up. */
  async untilFull(streams: number): Promise<void> {
    await this.server.until(() => {
      const full = [...this.sent.keys()].filter(
        stream => !this.room.has(stream) || this.room.get(stream) === 0 || this.sent.get(stream) === this.body,
      );
      return full.length === streams;
    });
  }
}

async function start(
  t: TestContext,
  body: number,
  options: EngineOptions = {},
): Promise<{ engine: Engine; endpoint: Generous }> {
  const endpoint = new Generous(body);
  await endpoint.listen();
  t.after(() => endpoint.server.stop());
  const engine = await startEngine([endpoint.server.port], {
    protocols: ['h2c'],
    upstream: { protocol: 'h2c' },
    ...options,
  });
  t.after(() => engine.stop());
  return { engine, endpoint };
}

/** Opens this many streams and reads nothing of them. */
async function askAndWait(engine: Engine, streams: number): Promise<H2Client> {
  const client = await H2Client.open(engine.port, settings([4, 0]));
  for (let i = 0; i < streams; i++) client.headers(1 + 2 * i, get('/'));
  return client;
}

test('a client that reads nothing of a hundred streams makes endpoints send 128 KiB for each and no more', async t => {
  const { engine, endpoint } = await start(t, 4 * MIB);
  const client = await askAndWait(engine, 100);
  t.after(() => client.close());
  await endpoint.untilFull(100);
  assert.ok(endpoint.total <= 100 * FIRST_WINDOW, `${endpoint.total} bytes`);
  // This is below the limit: a slow client loses nothing.
  assert.equal(engine.http2Errors('stalled'), 0);
  assert.equal(client.frames.filter(({ type }) => type === FrameType.reset).length, 0);
});

test('beyond the limit for a connection streams are reset; those that have room end well', async t => {
  const { engine, endpoint } = await start(t, 200 * KIB, { http2: { maxHeldBytes: MIB, resetBurst: 1_000 } });
  const client = await askAndWait(engine, 40);
  t.after(() => client.close());
  await endpoint.untilFull(40);
  const resets = () => client.frames.filter(({ type }) => type === FrameType.reset);
  await client.until(() => resets().length >= 32);
  const held = 40 - resets().length;
  // 1 MiB is eight windows of 128 KiB, less what is held besides them.
  assert.ok(held >= 6 && held <= 8, `${held} streams are held`);
  assert.ok(resets().every(({ payload }) => payload.readUInt32BE(0) === ENHANCE_YOUR_CALM));
  assert.equal(engine.http2Errors('stalled'), resets().length);
  await endpoint.server.until(
    () =>
      endpoint.server.connections[0]!.frames.filter(({ type }) => type === FrameType.reset).length === resets().length,
  );
  // The client begins to read after all.
  client.send(
    frame(FrameType.settings, 0, 0, settings([4, MIB])),
    frame(FrameType.windowUpdate, 0, 0, uint32(64 * MIB)),
  );
  const lost = new Set(resets().map(({ stream }) => stream));
  for (let i = 0; i < 40; i++) {
    const stream = 1 + 2 * i;
    if (lost.has(stream)) continue;
    const { ended, body } = await client.answer(stream);
    assert.ok(ended);
    assert.equal(body.length, 200 * KIB);
  }
  // The held bytes were released: there is room again.
  client.headers(101, get('/'));
  assert.equal((await client.answer(101)).body.length, 200 * KIB);
});

test('for a client that keeps up an endpoint may send further ahead, up to 1 MiB', async t => {
  const { engine, endpoint } = await start(t, 8 * MIB);
  const client = await H2Client.open(engine.port, settings([4, 16 * MIB]));
  t.after(() => client.close());
  client.send(frame(FrameType.windowUpdate, 0, 0, uint32(64 * MIB)));
  client.headers(1, get('/'));
  const { body } = await client.answer(1, 10_000);
  assert.equal(body.length, 8 * MIB);
  const given = endpoint.server.connections[0]!.frames.filter(
    ({ type, stream }) => type === FrameType.windowUpdate && stream === 1,
  ).map(({ payload }) => payload.readUInt32BE(0));
  // Each update gives more than was used, until the window has its full size.
  assert.ok(Math.max(...given) > FIRST_WINDOW, String(given));
});

test('one answer alone has room', async t => {
  const { engine, endpoint } = await start(t, 100 * KIB, { http2: { maxHeldBytes: 10 * KIB } });
  const client = await askAndWait(engine, 1);
  t.after(() => client.close());
  await endpoint.untilFull(1);
  client.send(frame(FrameType.settings, 0, 0, settings([4, MIB])), frame(FrameType.windowUpdate, 0, 0, uint32(MIB)));
  const { ended, reset } = await client.answer(1);
  assert.deepEqual([ended, reset], [true, null]);
});

test('a stream that its client does not read ends alone, although the others use the whole window of the connection', async t => {
  const { engine } = await start(t, 4 * MIB, { limits: { writeTimeoutMs: 300 } });
  const client = await H2Client.open(engine.port, settings([4, 0]));
  t.after(() => client.close());
  client.headers(1, get('/unread'));
  client.headers(3, get('/read'));
  client.send(frame(FrameType.windowUpdate, 0, 3, uint32(16 * MIB)));
  // The connection has no room left but for the moment after each of these.
  const timer = setInterval(() => client.send(frame(FrameType.windowUpdate, 0, 0, uint32(64 * KIB))), 20);
  t.after(() => clearInterval(timer));
  const { ended, body } = await client.answer(3);
  assert.deepEqual([ended, body.length], [true, 4 * MIB]);
  assert.equal(client.seen(1).reset, CANCEL);
  assert.equal(client.goaway, null);
});

test('streams that wait for their turn are not taken for unread', async t => {
  const { engine } = await start(t, 64 * KIB, { limits: { writeTimeoutMs: 200 } });
  const client = await H2Client.open(engine.port, settings([4, MIB]));
  t.after(() => client.close());
  for (let i = 0; i < 20; i++) client.headers(1 + 2 * i, get('/'));
  // One round of all streams takes 400 ms.
  const timer = setInterval(() => client.send(frame(FrameType.windowUpdate, 0, 0, uint32(16 * KIB))), 20);
  t.after(() => clearInterval(timer));
  for (let i = 0; i < 20; i++) {
    const { ended, reset, body } = await client.answer(1 + 2 * i);
    assert.deepEqual([ended, reset, body.length], [true, null, 64 * KIB]);
  }
});

test('streams that are given up while they wait for room are not kept', async t => {
  setFlagsFromString('--expose-gc');
  // Because: this is how V8 gives the function to a process that was started without the flag.
  const collect = runInNewContext('gc') as () => void;
  const engine = await startEngine([1], { protocols: ['h2c'], http2: { resetBurst: 100_000 } });
  const client = await H2Client.open(engine.port, settings([4, 0]));
  t.after(async () => {
    client.close();
    await engine.stop();
  });
  let next = 1;
  const heldAfter = async (streams: number): Promise<number> => {
    for (let i = 0; i < streams; i += 50) {
      for (let n = 0; n < 50; n++, next += 2) {
        client.headers(next, get('/fixed'));
        client.send(frame(FrameType.reset, 0, next, uint32(8)));
      }
      const last = next - 2;
      await client.until(({ frames }) => frames.some(({ stream }) => stream === last));
      client.frames.length = 0;
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await heldAfter(5_000);
  // A stream that was kept would take 330 bytes.
  assert.ok((await heldAfter(15_000)) - before < 2 * MIB);
  assert.equal(engine.gateway.inFlight, 0);
});
