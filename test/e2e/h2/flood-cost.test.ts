// What an attacker's connection costs in processor time and memory until it is ended, measured in the gateway's own process: floods as fast
// as the socket takes them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { cpuTime } from '../../../bench/measure/process-tree.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { block, Flag, FrameType, frame, get, preface, settings, uint32 } from '../../support/h2-client.ts';
import { listeningPort } from '../../support/listening-port.ts';

/** It takes a few milliseconds; the bound allows for slow and busy machines. */
const COST_MAX_MS = 250;
/** What is held for the connection must not grow with what is sent. Includes garbage that is not collected yet. */
const GROWTH_MAX_BYTES = 24 * 1_024 * 1_024;
const PIECE_BYTES = 64 * 1_024;
const SECONDS_MAX = 10;

let gateway: RunningGateway;

/** Takes every request and answers none, so that requests are in progress when they are reset. */
const sockets: Socket[] = [];
const silent = createServer(socket => {
  sockets.push(socket);
  socket.on('error', () => {});
  socket.resume();
});

before(async () => {
  const port = await listeningPort(silent);
  gateway = await startGateway(
    `listeners:
  - { address: "127.0.0.1:{{port}}", protocols: [h2c, http/1.1] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
upstreams: { silent: { endpoints: ["http://127.0.0.1:${port}"] } }
routes:
  - { name: silent, public: true, match: { path: /silent }, to: silent }
  - { name: all, public: true, match: { path: /* }, to: { reply: { status: 200, body: "well" } } }
`,
    { workers: 1 },
  );
  // Warm-up, because compiling code is not the attack's cost.
  for (let i = 0; i < 200; i++) await (await fetch(`http://127.0.0.1:${gateway.port}/`)).text();
});

after(async () => {
  await gateway.stop();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

/** Sends `first`, then `next` again and again, until the other side ends the connection. */
async function flood(
  first: Buffer,
  next: (at: number) => Buffer,
): Promise<{ costMs: number; sent: number; grown: number }> {
  const begun = cpuTime(gateway.pid);
  const before = residentBytes();
  let most = before;
  const socket = connect({ port: gateway.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let open = true;
  let sent = 0;
  let at = 0;
  const closed = new Promise<void>(resolve => {
    for (const event of ['end', 'error', 'close'])
      socket.on(event, () => {
        open = false;
        resolve();
      });
  });
  socket.resume();
  socket.write(Buffer.concat([Buffer.from(preface), frame(FrameType.settings, 0, 0, settings()), first]));
  const until = performance.now() + SECONDS_MAX * 1_000;
  while (open) {
    assert.ok(performance.now() < until, `the connection is still open after ${sent} bytes`);
    const pieces: Buffer[] = [];
    for (let size = 0; size < PIECE_BYTES; ) {
      const piece = next(at++);
      pieces.push(piece);
      size += piece.length;
    }
    const bytes = Buffer.concat(pieces);
    sent += bytes.length;
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
    else await new Promise(setImmediate);
    most = Math.max(most, residentBytes());
  }
  socket.destroy();
  const ended = cpuTime(gateway.pid);
  const costMs = (ended.userUs + ended.systemUs - begun.userUs - begun.systemUs) / 1_000;
  return { costMs, sent, grown: Math.max(most, residentBytes()) - before };
}

function residentBytes(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))![1]) * 1_024;
}

/** 2,000 references to one field of 4 KiB: 8 MB if it were expanded. */
function bomb(): Buffer {
  const value = Buffer.alloc(3_900, 'b');
  const size = value.length - 127;
  const field = Buffer.concat([Buffer.of(0x40, 1, 0x6b, 0x7f, (size & 127) | 128, size >> 7), value]);
  return Buffer.concat([block(get('/')), field, Buffer.alloc(2_000, 0xbe)]);
}

const head = block(get('/'));
const bombed = bomb();
const none = Buffer.alloc(0);
const floods: Readonly<Record<string, readonly [first: Buffer, next: (at: number) => Buffer]>> = {
  'rapid reset': [
    none,
    at =>
      Buffer.concat([
        frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1 + 2 * at, block(get('/silent'))),
        frame(FrameType.reset, 0, 1 + 2 * at, uint32(8)),
      ]),
  ],
  'CONTINUATION of one byte': [
    frame(FrameType.headers, 0, 1, head),
    () => frame(FrameType.continuation, 0, 1, Buffer.of(0)),
  ],
  'empty CONTINUATION': [frame(FrameType.headers, 0, 1, head), () => frame(FrameType.continuation, 0, 1)],
  'CONTINUATION of 16 KiB': [
    frame(FrameType.headers, 0, 1, head),
    () => frame(FrameType.continuation, 0, 1, block([['x-a', 'v'.repeat(16_000)]])),
  ],
  PING: [none, () => frame(FrameType.ping, 0, 0, '12345678')],
  SETTINGS: [none, at => frame(FrameType.settings, 0, 0, settings([4, 65_535 + (at % 2)], [1, at % 4_096]))],
  'empty DATA': [frame(FrameType.headers, Flag.endHeaders, 1, head), () => frame(FrameType.data, 0, 1)],
  WINDOW_UPDATE: [none, () => frame(FrameType.windowUpdate, 0, 0, uint32(1))],
  PRIORITY: [none, () => frame(FrameType.priority, 0, 1, Buffer.of(0, 0, 0, 0, 1))],
  'unknown frames': [none, () => frame(0x77, 0, 0)],
  'HPACK bombs': [none, at => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1 + 2 * at, bombed)],
  'requests with a window of zero': [
    frame(FrameType.settings, 0, 0, settings([4, 0])),
    at => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1 + 2 * at, head),
  ],
  'heads that are malformed': [
    none,
    at => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1 + 2 * at, block([...get('/'), ['X', '1']])),
  ],
};

for (const [name, [first, next]] of Object.entries(floods)) {
  test(`a flood of ${name} costs little before it is ended`, async t => {
    const { costMs, sent, grown } = await flood(first, next);
    const [sentKib, grownKib] = [sent, grown].map(bytes => (bytes / 1_024).toFixed(0));
    t.diagnostic(`${costMs.toFixed(0)} ms of processor time, ${grownKib} KiB of memory, ${sentKib} KiB sent`);
    assert.ok(costMs <= COST_MAX_MS, `${costMs} ms`);
    assert.ok(grown <= GROWTH_MAX_BYTES, `${grown} bytes`);
  });
}
