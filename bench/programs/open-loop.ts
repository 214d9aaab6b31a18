// Program: sends GETs at a fixed rate whether or not responses come, each timed from the instant it was due (giltene/wrk2's remedy for
// coordinated omission). `node open-loop.ts PORT PATH RATE SECONDS CONNECTIONS WARMUP_SECONDS`; prints JSON at the end.

import { connect } from 'node:net';
import { summarize } from '../measure/open-loop-summary.ts';

const [port, path, rate, seconds, connections, warmupSeconds] = [2, 3, 4, 5, 6, 7].map(i => process.argv[i]!);
const request = Buffer.from(
  `GET ${path} HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: application/json, text/plain, */*\r\n\r\n`,
);
const perMs = Number(rate) / 1000;
const ignored = Math.round(Number(rate) * Number(warmupSeconds));
const total = ignored + Math.round(Number(rate) * Number(seconds));
/** Infinity until the request has a good response: one that never gets it counts as the slowest. */
const latenciesUs = new Float64Array(total - ignored).fill(Number.POSITIVE_INFINITY);

interface Connection {
  send(index: number): void;
}

const free: Connection[] = [];
let next = 0;
let answered = 0;
let failed = 0;
let beginMs = 0;

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    let current = -1;
    let missing = 0;
    let head = '';
    const finish = (ok: boolean) => {
      const index = current;
      current = -1;
      answered++;
      if (!ok) failed++;
      if (ok && index >= ignored) latenciesUs[index - ignored] = (performance.now() - beginMs - index / perMs) * 1000;
    };
    const onread = {
      buffer: Buffer.allocUnsafe(64 * 1024),
      callback(length: number, buffer: Uint8Array): boolean {
        if (missing === 0) {
          // Because: the buffer is the one given above.
          head += (buffer as Buffer).toString('latin1', 0, length);
          const end = head.indexOf('\r\n\r\n');
          if (end === -1) return true;
          missing = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN) - (head.length - end - 4);
        } else missing -= length;
        if (missing > 0) return true;
        const ok = missing === 0 && head.startsWith('HTTP/1.1 200');
        head = '';
        missing = 0;
        finish(ok);
        free.push(connection);
        return true;
      },
    };
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true, onread }, () => {
      free.push(connection);
      resolve();
    });
    const connection: Connection = {
      send(index) {
        current = index;
        socket.write(request);
      },
    };
    socket.on('error', reject);
    socket.on('close', () => {
      const at = free.indexOf(connection);
      if (at !== -1) free.splice(at, 1);
      if (current !== -1) finish(false);
      // The run goes on when a proxy closes a connection: another connection replaces this one.
      if (answered < total) open().catch(() => undefined);
    });
  });
}

function turn(): void {
  const nowMs = performance.now() - beginMs;
  while (next < total && free.length > 0 && next / perMs <= nowMs) free.pop()!.send(next++);
  if (answered < total && nowMs / 1000 < Number(seconds) + Number(warmupSeconds) + 5) setImmediate(turn);
  else report();
}

function report(): void {
  const lastedMs = performance.now() - beginMs;
  console.log(JSON.stringify(summarize(latenciesUs, failed + total - answered, lastedMs)));
  process.exit(0);
}

await Promise.all(Array.from({ length: Number(connections) }, open));
beginMs = performance.now();
// Never sleeps, because a timer's millisecond is longer than most of what is measured.
turn();
