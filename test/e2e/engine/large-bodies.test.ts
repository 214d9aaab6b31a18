// Bodies far larger than memory through the real process, with a slow end: its memory must not grow with them.
// CARDEA_TEST_BODY_GIB sets the size; 0.5 by default.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const gib = Number(process.env['CARDEA_TEST_BODY_GIB'] ?? 0.5);
const bytes = Math.floor(gib * 1024 ** 3);
/** How much memory a process may gain over its start, whatever the size of the body. */
const growthMax = 64 * 1024 * 1024;
const rssMax = 150 * 1024 * 1024;
const piece = Buffer.alloc(256 * 1024, 'x');
/** The slow end pauses for `restMs` after every `restEvery` bytes. */
const restMs = 10;
const restEvery = 2 * 1024 * 1024;

let gateway: RunningGateway;
let backend: Server;

/** Writes `total` bytes as fast as the other side takes them. */
async function pour(socket: Socket, total: number): Promise<void> {
  for (let left = total; left > 0 && !socket.destroyed; left -= piece.length) {
    const part = left < piece.length ? piece.subarray(0, left) : piece;
    if (!socket.write(part)) await room(socket);
  }
}

/** Resolves when the socket takes bytes again, or is closed. */
function room(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const go = (): void => {
      socket.off('drain', go);
      socket.off('close', go);
      resolve();
    };
    socket.on('drain', go);
    socket.on('close', go);
  });
}

/** Counts the bytes that arrive, with pauses; resolves with the count once `total` have arrived or the socket has ended. */
function sip(socket: Socket, total: number, onBytes: () => void): Promise<number> {
  return new Promise(resolve => {
    let received = 0;
    let untilRest = restEvery;
    socket.on('data', chunk => {
      received += chunk.length;
      untilRest -= chunk.length;
      onBytes();
      if (received >= total) resolve(received);
      else if (untilRest <= 0) {
        untilRest = restEvery;
        socket.pause();
        setTimeout(() => socket.resume(), restMs);
      }
    });
    socket.on('close', () => resolve(received));
    socket.on('error', () => {});
  });
}

/** Resident bytes of a process: now, and the maximum so far. */
function memory(pid: number): { now: number; most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { now: kib('VmRSS'), most: kib('VmHWM') };
}

before(async () => {
  backend = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {});
    socket.once('data', (head: Buffer) => {
      const text = head.toString('latin1');
      const headEnd = text.indexOf('\r\n\r\n') + 4;
      if (text.startsWith('GET /length')) {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
        void pour(socket, bytes);
      } else if (text.startsWith('GET /close')) {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        void pour(socket, bytes).then(() => socket.end());
      } else {
        const count = head.length - headEnd;
        void sip(socket, bytes - count, () => {}).then(received => {
          const body = String(received + count);
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
        });
      }
    });
  });
  const port = await listeningPort(backend);
  gateway = await startGateway(`
accessLog: { path: "off" }
limits: { body: 0 }
upstreams: { big: { endpoints: ["http://127.0.0.1:${port}"] } }
routes: [{ name: all, match: { path: /* }, to: big, public: true }]
`);
});
after(async () => {
  await gateway.stop();
  backend.close();
});

describe(`${gib} GiB`, { skip: process.platform !== 'linux' ? 'reads /proc' : false, timeout: 600_000 }, () => {
  for (const path of ['/length', '/close']) {
    test(`to a slow reader (${path})`, async t => {
      const before = memory(gateway.pid).now;
      const socket = connect(gateway.port, '127.0.0.1');
      const began = performance.now();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
      let highest = 0;
      const received = await sip(socket, Infinity, () => {
        highest = Math.max(highest, memory(gateway.pid).now);
      });
      socket.destroy();
      const seconds = (performance.now() - began) / 1000;
      assert.ok(received >= bytes, `${received} bytes`);
      report(t, before, highest, seconds);
    });
  }

  test('to a slow upstream', async t => {
    const before = memory(gateway.pid).now;
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => {});
    const began = performance.now();
    let answer = '';
    let highest = 0;
    const timer = setInterval(() => {
      highest = Math.max(highest, memory(gateway.pid).now);
    }, 20);
    const answered = new Promise<void>(resolve => {
      socket.on('data', chunk => {
        answer += chunk.toString('latin1');
        if (answer.includes(String(bytes))) resolve();
      });
      socket.on('close', () => resolve());
    });
    socket.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${bytes}\r\n\r\n`);
    await pour(socket, bytes);
    await answered;
    clearInterval(timer);
    socket.destroy();
    assert.match(answer, new RegExp(`\\r\\n\\r\\n${bytes}$`));
    report(t, before, highest, (performance.now() - began) / 1000);
  });
});

function report(t: { diagnostic(message: string): void }, before: number, highest: number, seconds: number): void {
  const mib = (value: number): string => `${Math.round(value / 1024 / 1024)} MiB`;
  t.diagnostic(`${mib(before)} before, at most ${mib(highest)}, ${seconds.toFixed(1)} s, ${mib(bytes / seconds)}/s`);
  assert.ok(highest - before < growthMax, `grew from ${mib(before)} to ${mib(highest)}`);
  assert.ok(highest < rssMax, `${mib(highest)} resident`);
}
