// HTTP/2 towards upstreams, compared: random and mutated responses read by the gateway, by node:http2 (node-client.ts) and by the RFC alone
// (h2-answer-reading.ts), while the gateway keeps serving; and random responses of a node:http2 server. CARDEA_FUZZ_SECONDS: default 3.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import {
  constants,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBodiless } from '../../src/http/status.ts';
import { startEngine } from '../support/engine-gateway.ts';
import { eventually } from '../support/eventually.ts';
import { block, type FieldList, Flag, FrameType, frame, settings, uint32 } from '../support/h2-client.ts';
import { startH2Server } from '../support/h2-server.ts';
import { listeningPort } from '../support/listening-port.ts';
import { frameMutations, mutated } from './frame-mutation.ts';
import { readAnswer } from './h2-answer-reading.ts';
import { assertInRounds } from './in-rounds.ts';
import { type AnswerRead, NodeClient } from './node-client.ts';

const seconds = Number(process.env['CARDEA_FUZZ_SECONDS'] ?? 3);
const seed = Number(process.env['CARDEA_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const AT_ONCE = 16;
/** How long a response may be in progress before its connection is cut. */
const CUT_MS = 40;

/** What a client of the gateway read of a response. */
interface Reading extends AnswerRead {
  readonly chunked: boolean;
}

const nothing: Reading = { whole: false, status: 0, fields: {}, body: '', trailer: '', chunked: false };

function askGateway(port: number, path: string): Promise<Reading> {
  return new Promise(resolve => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent: false }, response => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', () => {});
      response.on('close', () => {
        // The gateway's own responses say what was wrong; they are not the endpoint's.
        const own = response.headers['proxy-status'] !== undefined;
        const trailer = response.trailers['x-t'] ?? '';
        const chunked = response.headers['transfer-encoding'] === 'chunked';
        const fields = Object.fromEntries(
          Object.entries(response.headers).map(([name, given]) => [name, String(given)]),
        );
        resolve({ whole: response.complete && !own, status: response.statusCode!, fields, body, trailer, chunked });
      });
    });
    request.on('error', () => resolve(nothing));
    request.end();
  });
}

/** Fields by the bytes of their block, for all blocks that responses were made of. */
const blocks = new Map<string, FieldList>();

function knownBlock(fields: FieldList): Buffer {
  const bytes = block(fields);
  blocks.set(bytes.toString('latin1'), fields);
  return bytes;
}

const text = fc.stringMatching(/^[a-z ]{0,40}$/);

/** A response in valid frames of stream 1: with or without padding, in one or more pieces, with or without a length. */
const answer = fc
  .record({
    status: fc.constantFrom(200, 204, 304, 404, 500),
    length: fc.boolean(),
    pieces: fc.array(fc.record({ text, padding: fc.nat(30) }), { maxLength: 4 }),
    cuts: fc.nat(2),
    interim: fc.boolean(),
    trailers: fc.boolean(),
    others: fc.array(fc.nat(4), { maxLength: 3 }),
  })
  .map(({ status, length, pieces, cuts, interim, trailers, others }) => {
    const bodiless = status === 204 || status === 304;
    const body = bodiless ? [] : pieces;
    const size = body.reduce((sum, piece) => sum + piece.text.length, 0);
    const fields: FieldList = [
      [':status', String(status)],
      ['x-a', 'b'],
      ...(length && !bodiless ? [['content-length', String(size)] as const] : []),
    ];
    const bytes = knownBlock(fields);
    const step = Math.ceil(bytes.length / (cuts + 1));
    const end = body.length === 0 && !trailers ? Flag.endStream : 0;
    const frames: Buffer[] = [];
    if (interim) frames.push(frame(FrameType.headers, Flag.endHeaders, 1, knownBlock([[':status', '103']])));
    for (let at = 0; at < bytes.length; at += step) {
      const last = at + step >= bytes.length ? Flag.endHeaders : 0;
      frames.push(
        frame(
          at === 0 ? FrameType.headers : FrameType.continuation,
          (at === 0 ? end : 0) | last,
          1,
          bytes.subarray(at, at + step),
        ),
      );
    }
    for (const [at, piece] of body.entries()) {
      const last = at === body.length - 1 && !trailers ? Flag.endStream : 0;
      const padded = Buffer.concat([Buffer.of(piece.padding), Buffer.from(piece.text), Buffer.alloc(piece.padding)]);
      frames.push(frame(FrameType.data, Flag.padded | last, 1, padded));
    }
    if (trailers)
      frames.push(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, knownBlock([['x-t', '1']])));
    const between = [
      frame(FrameType.ping, 0, 0, '12345678'),
      frame(FrameType.settings, 0, 0, settings([4, 70_000])),
      frame(FrameType.windowUpdate, 0, 0, uint32(100)),
      frame(FrameType.windowUpdate, 0, 1, uint32(100)),
      frame(0x30, 0, 0, 'unknown'),
    ];
    return [...others.map(which => between[which]!), ...frames];
  });

/** Two clients that both got a complete response got the same one. */
function sameReading(ours: Reading, theirs: AnswerRead, shown: string): void {
  assert.deepEqual([ours.status, ours.body], [theirs.status, theirs.body], shown);
  // HTTP/1.1 can carry trailers only after chunks.
  if (ours.chunked) assert.equal(ours.trailer, theirs.trailer, shown);
  for (const [name, given] of Object.entries(theirs.fields)) assert.equal(ours.fields[name], given, shown);
}

/** Whether one of the frames is ALTSVC or ORIGIN: Node parses them, while we ignore them as unknown types (RFC 9113 section 5.5). */
function hasExtension(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === 0x0a || bytes[at + 3] === 0x0c) return true;
  return false;
}

test(`right answers are read as node:http2 reads them, wrong ones end, and the gateway serves on (seed ${seed})`, async t => {
  const sent: (readonly Buffer[])[] = [];
  const server = await startH2Server({
    onRequest({ connection, field }) {
      connection.send(...sent[Number(field(':path')!.slice(1))]!);
      setTimeout(() => connection.socket.destroy(), CUT_MS);
    },
  });
  t.after(() => server.stop());
  const node = new NodeClient();
  t.after(() => node.stop());
  const engine = await startEngine([server.port], {
    upstream: { protocol: 'h2c' },
    // Each response is on the first stream of its own connection.
    pool: { maxRequestsPerConnection: 1, maxConnections: 0, maxPending: 1_000 },
  });
  t.after(() => engine.stop());
  let judged = 0;
  let whole = 0;
  const decided = { whole: 0, broken: 0, byNode: 0 };
  const isEnough = () =>
    judged >= 50 && whole >= 20 && decided.whole >= 5 && decided.broken >= 5 && decided.byNode >= 1;
  const check = async (frames: readonly Buffer[], right: boolean): Promise<void> => {
    judged++;
    const path = `/${sent.push(frames) - 1}`;
    const [ours, theirs] = await Promise.all([askGateway(engine.port, path), node.ask(server.port, path)]);
    const expected = readAnswer(Buffer.concat(frames), blocks);
    const shown = `${frames.map(each => each.toString('hex')).join('\n')}\nours: ${JSON.stringify(ours)}\nnode: ${JSON.stringify(theirs)}\nby the RFC: ${JSON.stringify(expected)}`;
    if (ours.whole) whole++;
    if (right) assert.ok(ours.whole && theirs?.whole !== false, `a right answer is refused\n${shown}`);
    if (expected.verdict !== 'unknown') {
      decided[expected.verdict]++;
      assert.equal(ours.whole, expected.verdict === 'whole', shown);
      if (ours.whole) assert.deepEqual([ours.status, ours.body], [expected.status, expected.body], shown);
    }
    if (theirs === null || hasExtension(Buffer.concat(frames))) return;
    if (expected.verdict === 'unknown') {
      decided.byNode++;
      // Node waits for the end of the stream where an HTTP/1.1 client needs only the head.
      if (ours.whole) assert.ok(theirs.whole || isBodiless(ours.status), `laxer than node:http2\n${shown}`);
    }
    if (ours.whole && theirs.whole) sameReading(ours, theirs, shown);
  };
  const conversation = fc.tuple(answer, frameMutations).map(([frames, mutations]) => ({
    frames: mutated(frames, mutations, 4),
    right: mutations.length === 0,
  }));
  const together = fc.array(conversation, { minLength: AT_ONCE, maxLength: AT_ONCE });
  await assertInRounds(together, { seconds, seed, isEnough }, conversations =>
    Promise.all(conversations.map(({ frames, right }) => check(frames, right))),
  );
  assert.ok(isEnough(), `${judged} answers, ${whole} whole: ${JSON.stringify(decided)}`);
  t.diagnostic(
    `${judged} answers, ${whole} whole; ${JSON.stringify(decided)}; node:http2 aborted ${node.crashes} times`,
  );
  // The time limit may have left the last responses in progress.
  await eventually(() => engine.gateway.inFlight === 0, 'all exchanges have ended');
});

test('a node:http2 that aborts gave no verdict, and another takes its place', async t => {
  const node = new NodeClient();
  t.after(() => node.stop());
  const server = await startH2Server({
    onRequest({ connection, stream, field }) {
      if (field(':path') === '/abort') process.kill(node.pid!, 'SIGABRT');
      else connection.answer(stream, 'well');
    },
  });
  t.after(() => server.stop());
  assert.equal(await node.ask(server.port, '/abort'), null);
  assert.deepEqual([node.crashes, (await node.ask(server.port, '/'))?.body], [1, 'well']);
});

/** A proxy that passes bytes on, those of the server in pieces of random sizes, each in its own write. */
async function startCutter(port: number, random: () => number): Promise<{ port: number; stop(): void }> {
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, client => {
    const inner = netConnect({ port, host: '127.0.0.1', noDelay: true });
    sockets.push(client, inner);
    for (const socket of [client, inner]) socket.on('error', () => {});
    client.pipe(inner);
    inner.on('close', () => client.destroy());
    client.on('close', () => inner.destroy());
    const pieces: Buffer[] = [];
    let busy = false;
    const pass = (): void => {
      const piece = pieces.shift();
      busy = piece !== undefined;
      if (piece === undefined) inner.resume();
      else client.write(piece, () => setImmediate(pass));
    };
    inner.on('data', (bytes: Buffer) => {
      inner.pause();
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(random() ** 4 * (random() < 0.5 ? 30 : 20_000));
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      if (!busy) pass();
    });
  });
  const cutterPort = await listeningPort(server);
  return {
    port: cutterPort,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const name = fc.stringMatching(/^x-r[a-z0-9-]{0,12}$/);
const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,30}[!-~])?)?$/);

for (const [padding, paddingStrategy] of [
  ['without padding', constants.PADDING_STRATEGY_NONE],
  ['with padding', constants.PADDING_STRATEGY_MAX],
] as const) {
  test(`messages of a node:http2 server, ${padding}, cut anywhere, arrive as they were (seed ${seed})`, async t => {
    const planned: { headers: Record<string, string>; pieces: Uint8Array[] }[] = [];
    const node = createHttp2Server({
      paddingStrategy,
      settings: { initialWindowSize: 20_000, maxConcurrentStreams: 5, headerTableSize: 100 },
    });
    node.on('stream', (given, fields: IncomingHttpHeaders) => {
      // Because: the streams of a server are of this type.
      const stream = given as ServerHttp2Stream;
      const { headers, pieces } = planned[Number(fields[':path']!.slice(1))]!;
      stream.on('error', () => {});
      let received = 0;
      stream.on('data', (piece: Buffer) => {
        received += piece.length;
      });
      stream.on('end', () => {
        stream.respond({ ':status': 200, ...headers }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-received': String(received) }));
        for (const piece of pieces) stream.write(piece);
        stream.end();
      });
    });
    let state = seed % 2 ** 31 || 1;
    const random = (): number => {
      state = (state * 48_271) % 0x7fffffff;
      return state / 0x7fffffff;
    };
    const cutter = await startCutter(await listeningPort(node), random);
    t.after(() => {
      cutter.stop();
      node.close();
    });
    const engine = await startEngine([cutter.port], { upstream: { protocol: 'h2c' }, pool: { maxConnections: 2 } });
    t.after(() => engine.stop());
    const until = performance.now() + seconds * 500;
    let asked = 0;
    const one = fc.record({
      headers: fc.dictionary(name, value, { maxKeys: 6 }),
      pieces: fc.array(fc.uint8Array({ maxLength: 30_000, size: 'max' }), { maxLength: 4 }),
      body: fc.uint8Array({ maxLength: 60_000, size: 'max' }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 8 }), async messages => {
        if (performance.now() > until) return;
        await Promise.all(
          messages.map(async ({ headers, pieces, body }) => {
            asked++;
            const path = `/${planned.push({ headers, pieces }) - 1}`;
            const request = httpRequest({ host: '127.0.0.1', port: engine.port, path, method: 'POST', agent: false });
            request.end(body);
            const [response] = (await once(request, 'response')) as [IncomingMessage];
            const parts: Buffer[] = [];
            for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
            assert.equal(response.statusCode, 200, Buffer.concat(parts).toString());
            assert.equal(Buffer.compare(Buffer.concat(parts), Buffer.concat(pieces)), 0);
            assert.equal(response.trailers['x-received'], String(body.length));
            for (const [field, given] of Object.entries(headers)) assert.equal(response.headers[field], given);
          }),
        );
      }),
      { seed, numRuns: 10_000, endOnFailure: true, interruptAfterTimeLimit: seconds * 500 + 500 },
    );
    assert.ok(asked >= 5, `${asked} messages`);
  });
}
