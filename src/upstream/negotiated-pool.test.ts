// An endpoint that chooses its protocol by ALPN, and changes its choice: which pool serves, and that no limit is exceeded meanwhile.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttp1 } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { TestAuthority } from '../../test/support/certificates.ts';
import { PoolCaller } from '../../test/support/pool-caller.ts';
import { ThreadIo } from '../net/io.ts';
import { ClientTls, makeClientContext } from '../net/tls/client-tls.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { NegotiatedPool } from './negotiated-pool.ts';
import type { PoolSettings } from './pool.ts';

const io = new ThreadIo();
io.start();
const authority = new TestAuthority();
const files = authority.issue('api', { names: ['IP:127.0.0.1'] });
const pair = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
const tls = new ClientTls('test', () => {});
const material = { ca: authority.caText, cert: null, key: null, serverName: null, verify: true, protocols: [] };
tls.become(makeClientContext(material));
after(() => {
  io.stop();
  authority.remove();
});

const settings: PoolSettings = {
  maxConnections: 2,
  maxPending: 10,
  maxRequestsPerConnection: 0,
  maxStreams: 1,
  idleTimeoutMs: 0,
  connectTimeoutMs: 2_000,
};

class Endpoint {
  speaks: readonly string[] = ['h2'];
  port = 0;
  openMax = 0;
  /** The protocol of each request that arrived. */
  readonly seen: string[] = [];
  readonly sockets = new Set<Socket>();
  /** Functions that send the responses that are held back. */
  readonly held: (() => void)[] = [];
  private wake: () => void = () => {};

  async listen(): Promise<void> {
    const answer = (protocol: string, end: () => void): void => {
      this.seen.push(protocol);
      this.held.push(end);
      this.wake();
    };
    const h1 = createHttp1((_request, response) => answer('http/1.1', () => response.end('x')));
    const h2 = createHttp2((_request, response) => answer('h2', () => response.end('x')));
    const choose = ({ protocols }: { protocols: string[] }) => this.speaks.find(each => protocols.includes(each));
    const server = createServer({ ...pair, ALPNCallback: choose }, socket => {
      (socket.alpnProtocol === 'h2' ? h2 : h1).emit('connection', socket);
    });
    server.on('tlsClientError', () => {});
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      this.openMax = Math.max(this.openMax, this.sockets.size);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    // Because: the server listens on TCP.
    this.port = (server.address() as AddressInfo).port;
    this.stop = () => {
      for (const socket of this.sockets) socket.destroy();
      server.close();
    };
  }

  stop: () => void = () => {};

  /** Resolves once `count` requests have arrived in all. */
  async until(count: number): Promise<void> {
    while (this.seen.length < count)
      await new Promise<void>(resolve => {
        this.wake = resolve;
      });
  }
}

class Caller extends PoolCaller {
  ended = false;
  readonly over: Promise<void>;
  private end: () => void = () => {};

  constructor() {
    super(io, 'https');
    this.over = new Promise(resolve => {
      this.end = resolve;
    });
  }

  onNoConnection(): void {
    this.waiting = false;
    this.end();
  }

  onResponseEnd(): void {
    this.ended = true;
    this.end();
  }

  onUpstreamFault(): void {
    this.end();
  }
}

async function start(t: TestContext, changes: Partial<PoolSettings> = {}) {
  const endpoint = new Endpoint();
  await endpoint.listen();
  t.after(() => endpoint.stop());
  const target = { host: '127.0.0.1', port: endpoint.port, tls: tls.target('127.0.0.1', '127.0.0.1', endpoint.port) };
  const limits = { headerBytesMax: 8_192, headerCountMax: 100, requestLineBytesMax: 8_192 };
  const context = { io, headLimits: limits, cells: new Float64Array(500) };
  const pool = new NegotiatedPool(target, { ...settings, ...changes }, 0, context);
  t.after(() => pool.retire());
  const askOf = (asked: EndpointPool): Caller => {
    const caller = new Caller();
    const connection = asked.acquire(caller, false);
    if (connection !== null) caller.onConnection(connection);
    return caller;
  };
  const ask = (): Caller => askOf(pool);
  /** Requests over HTTP/1.1 from an endpoint that otherwise speaks HTTP/2. */
  const askBesides = (): Caller => askOf(pool.forUpgrades);
  return { endpoint, pool, ask, askBesides };
}

const bounded = { timeout: 10_000 };

test('connections of before count while the endpoint changes from HTTP/2 to HTTP/1.1', bounded, async t => {
  const { endpoint, ask } = await start(t);
  const first = ask();
  await endpoint.until(1);
  endpoint.speaks = ['http/1.1'];
  const others = [ask(), ask(), ask()];
  await endpoint.until(2);
  assert.deepEqual(endpoint.seen, ['h2', 'http/1.1']);
  assert.equal(others.filter(({ waiting }) => waiting).length, 2);
  // The stream ends, and its connection with it: a waiter gets the seat.
  endpoint.held.shift()!();
  await first.over;
  await endpoint.until(3);
  assert.deepEqual(endpoint.seen, ['h2', 'http/1.1', 'http/1.1']);
  for (let count = 3; count <= 4; count++) {
    await endpoint.until(count);
    for (const answer of endpoint.held.splice(0)) answer();
  }
  await Promise.all(others.map(({ over }) => over));
  assert.ok(first.ended && others.every(({ ended }) => ended));
  // The connection that found out the other protocol was closed on this side, which the endpoint may see a moment later.
  assert.ok(endpoint.openMax <= settings.maxConnections + 1, `${endpoint.openMax} connections`);
});

test('connections of before count while the endpoint changes from HTTP/1.1 to HTTP/2', bounded, async t => {
  const { endpoint, ask } = await start(t);
  endpoint.speaks = ['http/1.1'];
  const first = ask();
  await endpoint.until(1);
  // From now on only HTTP/1.1 is offered to the endpoint, which no longer accepts it.
  endpoint.speaks = ['h2'];
  const others = [ask(), ask(), ask()];
  await endpoint.until(2);
  assert.equal(endpoint.seen[1], 'h2');
  assert.equal(endpoint.sockets.size, settings.maxConnections);
  endpoint.held.shift()!();
  await first.over;
  for (let count = 2; count <= 4; count++) {
    await endpoint.until(count);
    for (const answer of endpoint.held.splice(0)) answer();
  }
  await Promise.all(others.map(({ over }) => over));
  // The caller whose connection was refused was told so; the others got a response.
  assert.ok(first.ended && others.filter(({ ended }) => ended).length >= 2);
  assert.ok(endpoint.openMax <= settings.maxConnections + 1, `${endpoint.openMax} connections`);
});

/** Sends all responses that are held back, and checks that the callers got theirs. */
async function answered(endpoint: Endpoint, ...callers: Caller[]): Promise<void> {
  for (const answer of endpoint.held.splice(0)) answer();
  await Promise.all(callers.map(({ over }) => over));
  assert.ok(callers.every(({ ended }) => ended));
}

test('a connection at rest makes room for one of the other protocol, to and fro', bounded, async t => {
  const { endpoint, ask, askBesides } = await start(t, { maxConnections: 1 });
  endpoint.speaks = ['h2', 'http/1.1'];
  for (let round = 0; round < 2; round++) {
    for (const once of [ask, askBesides]) {
      const before = endpoint.seen.length;
      const caller = once();
      await endpoint.until(before + 1);
      await answered(endpoint, caller);
    }
  }
  assert.deepEqual(endpoint.seen, ['h2', 'http/1.1', 'h2', 'http/1.1']);
  assert.ok(
    endpoint.openMax <= 2,
    'one, and one that was closed on this side, which the endpoint may see a moment later',
  );
});

test('who waits for a connection of the other protocol gets room once the one that is open rests', bounded, async t => {
  const { endpoint, ask, askBesides } = await start(t, { maxConnections: 1 });
  endpoint.speaks = ['h2', 'http/1.1'];
  const first = ask();
  await endpoint.until(1);
  const besides = askBesides();
  const last = ask();
  await answered(endpoint, first);
  await endpoint.until(2);
  assert.equal(endpoint.seen[1], 'h2', 'those who can use what is open are first');
  await answered(endpoint, last);
  await endpoint.until(3);
  const behind = ask();
  await answered(endpoint, besides);
  await endpoint.until(4);
  await answered(endpoint, behind);
  assert.deepEqual(endpoint.seen, ['h2', 'h2', 'http/1.1', 'h2']);
});

test('with nobody there all who wait are told so, each once', bounded, async t => {
  const { endpoint, ask } = await start(t);
  endpoint.stop();
  const callers = [ask(), ask(), ask(), ask()];
  await Promise.all(callers.map(({ over }) => over));
  assert.deepEqual(
    callers.map(({ ended, waiting }) => [ended, waiting]),
    callers.map(() => [false, false]),
  );
});
