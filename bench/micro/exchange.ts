// What an exchange costs besides the kernel and Node's input and output, spread over some routes (thousands of them lie cold in memory).
// Sockets are bypassed: received bytes are handed in, written bytes are dropped. With --cpu-prof, shows where the time goes.
// Run: node --no-parallel-scavenge --no-async-context-frame bench/micro/exchange.ts [seconds [kind, see exchange-kinds.ts]]

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { DownstreamConnection } from '../../src/net/downstream-connection.ts';
import { UpstreamConnection } from '../../src/net/upstream-connection.ts';
import { startEngine } from '../../test/support/engine-gateway.ts';
import { exchangeKind } from './exchange-kinds.ts';
import { fixedRandom } from './fixed-random.ts';

const CONNECTIONS = 32;
const seconds = Number(process.argv[2] ?? 5);
const { routes, fields, options } = exchangeKind(process.argv[3] ?? '1');

const requests = fields.map(lines =>
  Buffer.from(`GET ${pathOfRoute(0)}/small?a=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n${lines.join('\r\n')}\r\n\r\n`),
);
const digitsEnd = requests[0]!.indexOf('/small');
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 18:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n${'a'.repeat(1024)}`,
);

function pathOfRoute(at: number): string {
  return `/api/service-${String(at).padStart(4, '0')}`;
}

/** All received bytes are read into one buffer, as in a worker. */
const readBuffer = Buffer.alloc(64 * 1024);

/** A request for a random route. The path is written into a shared request, because a request for each route would be cold too. */
function anyRequest(): Buffer {
  const request = requests[Math.floor(fixedRandom() * requests.length)]!;
  let rest = Math.floor(fixedRandom() * routes);
  for (let at = digitsEnd - 1; at >= digitsEnd - 4; at--) {
    request[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return request;
}

interface Reader {
  readonly socket: Socket;
  onRead(bytes: Buffer, length: number): boolean;
}

/** The objects of a class whose `onRead` was called while `run` was in progress. */
async function readersOf<R extends Reader>(kind: { readonly prototype: R }, run: () => Promise<void>): Promise<R[]> {
  const readers = new Set<R>();
  const { onRead } = kind.prototype;
  kind.prototype.onRead = function (this: R, bytes, length) {
    readers.add(this);
    return onRead.call(this, bytes, length);
  };
  await run();
  kind.prototype.onRead = onRead;
  return [...readers];
}

/** Makes every write to a socket succeed at once without sending anything, and calls `onWrite`. */
function cutWrites(socket: Socket, onWrite: () => void): void {
  // Because: this is the function that src/net/direct-write.ts calls.
  const handle = (socket as unknown as { _handle: { writeBuffer(): number } })._handle;
  handle.writeBuffer = () => {
    onWrite();
    return 0;
  };
}

// Responds once all clients have sent a request, so that each request gets its own upstream connection.
const waiting: ServerResponse[] = [];
const backend = createServer((_request, response) => {
  waiting.push(response);
  if (waiting.length === CONNECTIONS) for (const each of waiting) each.end('a');
});
// Otherwise the backend closes connections on which it receives nothing.
backend.keepAliveTimeout = 0;
backend.listen(0, '127.0.0.1');
await once(backend, 'listening');
// Because: a server that listens on an IPv4 address has an address of this form.
const engine = await startEngine([(backend.address() as AddressInfo).port], {
  ...options,
  morePaths: Array.from({ length: routes }, (_, at) => `${pathOfRoute(at)}/*`),
});

let upstreams: UpstreamConnection[] = [];
const clients = Array.from({ length: CONNECTIONS }, () => connect(engine.port, '127.0.0.1'));
const downstreams = await readersOf(DownstreamConnection, async () => {
  upstreams = await readersOf(UpstreamConnection, async () => {
    await Promise.all(
      clients.map(async client => {
        client.write(anyRequest());
        await once(client, 'data');
      }),
    );
  });
});

const asked: UpstreamConnection[] = [];
for (const upstream of upstreams) cutWrites(upstream.socket, () => asked.push(upstream));
for (const downstream of downstreams) cutWrites(downstream.socket, () => {});

/** One turn: every client sends a request, and every endpoint that received one responds. */
function turn(): number {
  for (const downstream of downstreams) {
    const request = anyRequest();
    request.copy(readBuffer);
    downstream.onRead(readBuffer, request.length);
  }
  const count = asked.length;
  for (const upstream of asked) {
    answer.copy(readBuffer);
    upstream.onRead(readBuffer, answer.length);
  }
  asked.length = 0;
  return count;
}

const costs: number[] = [];
for (let round = 0; round < seconds * 10; round++) {
  const started = process.cpuUsage();
  const until = performance.now() + 100;
  let exchanges = 0;
  while (performance.now() < until) {
    for (let i = 0; i < 4; i++) exchanges += turn();
    await new Promise(resolve => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(started);
  costs.push((user + system) / exchanges);
}
// Rounds from before the code was compiled are left out.
const settled = costs.slice(costs.length >> 1).sort((a, b) => a - b);
const part = (share: number): string => settled[Math.floor(settled.length * share)]!.toFixed(2);
console.log(`µs of CPU an exchange: a tenth of the time at most ${part(0.1)}, half of the time ${part(0.5)}`);
process.exit();
