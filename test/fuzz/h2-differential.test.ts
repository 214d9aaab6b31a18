// HTTP/2 framing compared with Node's: random frames, valid and mutated, to the gateway and to node:http2; random messages of a node:http2
// client through the gateway; and responses of a node:http2 server read by our reader. Seconds: CARDEA_FUZZ_SECONDS (default 3).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Engine, startEngine } from '../support/engine-gateway.ts';
import {
  block,
  type FieldList,
  Flag,
  FrameType,
  frame,
  H2Client,
  request,
  settings,
  uint32,
} from '../support/h2-client.ts';
import { listeningPort } from '../support/listening-port.ts';
import { type RawBackend, startRawBackend } from '../support/raw-backend.ts';
import { frameMutations, mutated } from './frame-mutation.ts';
import { assertInRounds } from './in-rounds.ts';

const seconds = Number(process.env['CARDEA_FUZZ_SECONDS'] ?? 3);
const seed = Number(process.env['CARDEA_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

let engine: Engine;
let backend: RawBackend;
let node: Http2Server;
let nodePort: number;
/** Streams that node:http2 accepted as requests, by the client's port. */
const taken = new Map<number, number[]>();

before(async () => {
  backend = await startRawBackend({
    onRequest({ socket }, { body, lines }) {
      const echoed = lines.filter(line => /^x-r/i.test(line)).join('\r\n');
      socket.write(
        `HTTP/1.1 200 OK\r\n${echoed === '' ? '' : `${echoed}\r\n`}Transfer-Encoding: chunked\r\n\r\n` +
          `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\nX-Length: ${body.length}\r\n\r\n`,
        'latin1',
      );
    },
  });
  engine = await startEngine([backend.port], {
    protocols: ['h2c'],
    // Node detects errors in the first bytes of a frame. The gateway waits for the whole frame, and this limit ends an incomplete one.
    limits: { headerTimeoutMs: 1_000 },
    http2: { resetBurst: 1_000 },
  });
  node = createServer({ maxSessionInvalidFrames: 100_000, settings: { enableConnectProtocol: true } });
  node.on('stream', (stream: ServerHttp2Stream) => {
    const port = stream.session?.socket.remotePort ?? 0;
    taken.set(port, [...(taken.get(port) ?? []), stream.id ?? 0]);
    stream.on('error', () => {});
    stream.resume();
    stream.on('end', () => {
      if (!stream.destroyed && !stream.closed) stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  node.on('sessionError', () => {});
  nodePort = await listeningPort(node);
});

after(async () => {
  await engine.stop();
  await backend.stop();
  node.close();
});

// ---- Frames --------------------------------------------------------------------------------------------------------

const STREAM_CLOSED = 5;
/** Conversations that are judged in parallel, because most of their time is waiting. */
const AT_ONCE = 16;

interface Verdict {
  /** Whether the connection ended with an error; `code` is its error code, otherwise 0. */
  readonly ended: boolean;
  readonly code: number;
  /** Whether a stream was reset. */
  readonly reset: boolean;
  /** Streams answered with 200. */
  readonly served: readonly number[];
  readonly port: number;
  readonly frames: string;
}

/** Sends the frames, then a PING: what arrives until its acknowledgement is the verdict. */
async function judge(port: number, frames: readonly Buffer[]): Promise<Verdict> {
  const client = await H2Client.open(port);
  client.send(...frames, frame(FrameType.ping, 0, 0, 'the last'));
  await client
    .until(
      ({ closed, frames: seen }) =>
        closed || seen.some(({ type, payload }) => type === FrameType.ping && payload.toString() === 'the last'),
      1_500,
    )
    .catch(() => {});
  // Responses may arrive a moment after the acknowledgement of the PING.
  await client.until(({ closed }) => closed, 40).catch(() => {});
  const verdict = {
    port: client.socket.localPort ?? 0,
    ended: (client.goaway ?? 0) !== 0,
    code: client.goaway ?? 0,
    reset: client.frames.some(({ type }) => type === FrameType.reset),
    served: [1, 3, 5].filter(stream => client.seen(stream).status === 200),
    frames: client.frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`).join(' '),
  };
  client.close();
  return verdict;
}

const path = fc.constantFrom('/', '/a?b=c', '/fixed');
const stream = fc.constantFrom(1, 3, 5);
const fields = fc
  .tuple(fc.constantFrom('GET', 'POST', 'HEAD'), path)
  .map(([method, target]) => request(method, target));

/** A request in valid frames: with or without padding, in one or more pieces, with or without a body. */
const exchange = fc
  .tuple(
    stream,
    fields,
    fc.boolean(),
    fc.nat(3),
    fc.array(fc.string({ maxLength: 20, size: 'max' }), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([id, list, priority, pieces, data, trailers]) => {
    const bytes = block(list);
    const cut = Math.floor(bytes.length / (pieces + 1));
    const parts = Array.from({ length: pieces + 1 }, (_, at) =>
      bytes.subarray(at * cut, at === pieces ? undefined : (at + 1) * cut),
    );
    const end = data.length === 0 && !trailers ? Flag.endStream : 0;
    const head = priority ? Buffer.concat([uint32(0), Buffer.from([7]), parts[0]!]) : parts[0]!;
    const frames = [
      frame(FrameType.headers, end | (priority ? Flag.priority : 0) | (pieces === 0 ? Flag.endHeaders : 0), id, head),
      ...parts
        .slice(1)
        .map((part, at) => frame(FrameType.continuation, at === pieces - 1 ? Flag.endHeaders : 0, id, part)),
      ...data.map((piece, at) =>
        frame(FrameType.data, at === data.length - 1 && !trailers ? Flag.endStream : 0, id, Buffer.from(piece)),
      ),
    ];
    if (trailers) frames.push(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, block([['x-t', '1']])));
    return frames;
  });

const other = fc.oneof(
  fc.constantFrom(
    frame(FrameType.ping, 0, 0, '12345678'),
    frame(FrameType.settings, 0, 0, settings([4, 70_000])),
    frame(FrameType.settings, 0, 0, settings([3, 1], [5, 20_000])),
    frame(FrameType.windowUpdate, 0, 0, uint32(100)),
    frame(0x30, 0, 0, 'unknown'),
    frame(FrameType.priority, 0, 9, '\0\0\0\0\x10'),
  ),
  stream.map(id => frame(FrameType.windowUpdate, 0, id, uint32(5))),
  stream.map(id => frame(FrameType.reset, 0, id, uint32(8))),
);

const conversation = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: exchange },
        other.map(each => [each]),
      ),
      { maxLength: 5 },
    ),
    frameMutations,
  )
  .map(([parts, mutations]) => mutated(parts.flat(), mutations, 9));

test(`the gateway serves no stream that node:http2 does not, and ends no less (seed ${seed})`, async () => {
  let judged = 0;
  let served = 0;
  const isEnough = () => judged >= 10 && served >= 10;
  const check = async (frames: readonly Buffer[]): Promise<void> => {
    judged++;
    const [ours, theirs] = await Promise.all([judge(engine.port, frames), judge(nodePort, frames)]);
    const sent = frames.map(each => each.toString('hex')).join('\n');
    const shown = `${sent}\nours: ${ours.frames}\nnode: ${theirs.frames}`;
    served += ours.served.length;
    const requests = taken.get(theirs.port) ?? [];
    for (const id of ours.served)
      assert.ok(requests.includes(id) || theirs.ended, `stream ${id} is served by us only\n${shown}`);
    // HEADERS after the end of a stream: a stream error (RFC 9113 section 5.1), which Node treats as a connection error.
    const resetIsEnough = theirs.code === STREAM_CLOSED && ours.reset;
    // An acknowledgement of a PING that was never sent: RFC 9113 section 6.7 says nothing about it, and Node ends the connection. We count
    // it as idle frame.
    const nodeIsStricter = frames.some(({ 3: type, 4: flags }) => type === FrameType.ping && (flags! & Flag.ack) !== 0);
    if (theirs.ended)
      assert.ok(ours.ended || resetIsEnough || nodeIsStricter, `node ends this connection: ${theirs.code}\n${shown}`);
  };
  const together = fc.array(conversation, { minLength: AT_ONCE, maxLength: AT_ONCE });
  await assertInRounds(together, { seconds, seed, isEnough }, conversations => Promise.all(conversations.map(check)));
  assert.ok(isEnough(), `${judged} conversations, ${served} streams`);
});

// ---- Messages of a node:http2 client ---------------------------------------------------------------------------------

const name = fc.stringMatching(/^x-r[a-z0-9-]{0,12}$/);
const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,30}[!-~])?)?$/);

test('what a node:http2 client sends arrives, and comes back, as it was', async () => {
  const session = connect(`http://127.0.0.1:${engine.port}`);
  const until = performance.now() + seconds * 500;
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(name, value, { maxKeys: 6 }),
      fc.array(fc.uint8Array({ maxLength: 40_000, size: 'max' }), { maxLength: 4 }),
      async (headers, pieces) => {
        if (performance.now() > until) return;
        const before = backend.requests.length;
        const outgoing = session.request({ ':method': 'POST', ':path': '/echo', ...headers });
        for (const piece of pieces) outgoing.write(piece);
        outgoing.end();
        let trailers: IncomingHttpHeaders = {};
        outgoing.on('trailers', each => {
          trailers = each;
        });
        const [answer] = (await once(outgoing, 'response')) as [IncomingHttpHeaders];
        const parts: Buffer[] = [];
        for await (const part of outgoing) parts.push(part as Buffer);
        const body = Buffer.concat(pieces);
        assert.equal(Buffer.compare(Buffer.concat(parts), body), 0);
        assert.equal(trailers['x-length'], String(body.length));
        const seen = backend.requests[before]!;
        for (const [field, text] of Object.entries(headers)) {
          assert.equal(seen.header(field), text);
          assert.equal(answer[field], text);
        }
      },
    ),
    { seed, numRuns: 400, interruptAfterTimeLimit: seconds * 500 + 500 },
  );
  session.close();
});

// ---- Answers of a node:http2 server ----------------------------------------------------------------------------------

describe('a node:http2 server, read by our reader and decoder', () => {
  test('heads, bodies and trailers are what it sent', async () => {
    const sent: { headers: Record<string, string>; body: string }[] = [];
    const server = createServer();
    server.on('stream', (outgoing: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const { headers: fieldsToSend, body } = sent[Number(headers[':path']!.slice(1))]!;
      outgoing.respond({ ':status': 200, ...fieldsToSend }, { waitForTrailers: true });
      outgoing.on('wantTrailers', () => outgoing.sendTrailers({ 'x-end': '1' }));
      outgoing.end(body);
    });
    const client = await H2Client.open(await listeningPort(server));
    let id = -1;
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, value, { maxKeys: 8 }),
        fc.string({ maxLength: 300, size: 'max' }),
        async (headers, text) => {
          id += 2;
          const body = text.replaceAll(/[^\x20-\x7e]/g, '.');
          sent.push({ headers, body });
          client.headers(id, request('GET', `/${sent.length - 1}`));
          client.send(frame(FrameType.windowUpdate, 0, 0, uint32(1_000)));
          const answer = await client.answer(id);
          assert.equal(answer.body, body);
          assert.deepEqual(answer.trailers, [['x-end', '1']]);
          const own: FieldList = answer.headers.filter(([field]) => field.startsWith('x-r'));
          assert.deepEqual([...own].sort(), Object.entries(headers).sort());
        },
      ),
      { seed, numRuns: 150 },
    );
    client.close();
    server.close();
  });
});
