// Pools step by step: when a connection is opened, which waiter gets one that becomes free, and which request is refused. Properties that
// hold in any sequence are in pools.property.test.ts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp1, type ServerResponse } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { PoolCaller } from '../../test/support/pool-caller.ts';
import type { Fault } from '../base/fault.ts';
import type { RequestWriter } from '../net/exchange-ends.ts';
import { ThreadIo } from '../net/io.ts';
import { UpstreamConnection } from '../net/upstream-connection.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import { Pool, type PoolSettings } from './pool.ts';

const io = new ThreadIo();
io.start();
after(() => io.stop());

const settings: PoolSettings = {
  maxConnections: 2,
  maxPending: 1,
  maxRequestsPerConnection: 0,
  maxStreams: 2,
  idleTimeoutMs: 0,
  connectTimeoutMs: 2_000,
};

/** A caller that wants one response. */
class Caller extends PoolCaller {
  refused: string | null = null;
  connection: RequestWriter | null = null;
  /** Resolves once the caller has its response, was refused, or lost its connection. */
  readonly over: Promise<void>;
  private end: () => void = () => {};

  constructor() {
    super(io);
    this.over = new Promise(resolve => {
      this.end = resolve;
    });
  }

  override onConnection(connection: RequestWriter): void {
    this.connection = connection;
    super.onConnection(connection);
  }

  onNoConnection(fault: Fault): void {
    this.waiting = false;
    this.refused = fault.code;
    this.end();
  }

  onResponseEnd(): void {
    this.end();
  }

  onUpstreamFault(fault: Fault): void {
    this.refused = fault.code;
    this.end();
  }
}

interface Endpoint {
  /** Functions that send the responses that are held back, in the order of the requests. */
  readonly held: (() => void)[];
  readonly connections: () => number;
  /** Resolves once `count` responses are held back. */
  until(count: number): Promise<void>;
  readonly pool: EndpointPool;
  readonly cell: (name: keyof typeof UpstreamCell) => number;
  ask(fresh?: boolean): Caller;
}

async function start(t: TestContext, kind: 'h1' | 'h2', changes: Partial<PoolSettings> = {}): Promise<Endpoint> {
  const held: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let wake = (): void => {};
  const hold = (answer: () => void): void => {
    held.push(answer);
    wake();
  };
  const server =
    kind === 'h1'
      ? createHttp1((_request, response: ServerResponse) => hold(() => response.end('x')))
      : createHttp2((_request, response) => hold(() => response.end('x')));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // Because: the server listens on TCP.
  const { port } = server.address() as AddressInfo;
  const cells = new Float64Array(500);
  const limits = { headerBytesMax: 8_192, headerCountMax: 100, requestLineBytesMax: 8_192 };
  const make = kind === 'h1' ? Pool : MultiplexPool;
  const target = { host: '127.0.0.1', port, tls: null };
  const pool: EndpointPool = new make(target, { ...settings, ...changes }, 0, { io, headLimits: limits, cells });
  t.after(() => pool.retire());
  return {
    held,
    connections: () => sockets.size,
    pool,
    cell: name => cells[UpstreamCell[name]]!,
    async until(count) {
      while (held.length < count)
        await new Promise<void>(resolve => {
          wake = resolve;
        });
    },
    ask(fresh = false) {
      const caller = new Caller();
      const connection = pool.acquire(caller, fresh);
      if (connection !== null) caller.onConnection(connection);
      return caller;
    },
  };
}

const bounded = { timeout: 10_000 };

test(
  'HTTP/1.1: a connection that broke at rest, and is asked for before it tells, is counted nowhere',
  bounded,
  async t => {
    const endpoint = await start(t, 'h1', { maxConnections: 1, maxPending: 0 });
    const first = endpoint.ask();
    await endpoint.until(1);
    endpoint.held[0]!();
    await first.over;
    const { connection } = first;
    assert.ok(connection instanceof UpstreamConnection);
    // What Node does after a reset; `close` follows at the end of the event loop's turn.
    connection.socket.destroy();
    const second = endpoint.ask();
    assert.equal(second.refused, null, 'its place is free');
    await endpoint.until(2);
    assert.deepEqual([endpoint.cell('connectionsActive'), endpoint.cell('connectionsIdle')], [1, 0]);
    endpoint.held[1]!();
    await second.over;
    assert.deepEqual([endpoint.cell('connectionsActive'), endpoint.cell('connectionsIdle')], [0, 1]);
    assert.equal(endpoint.cell('reuses'), 0);
  },
);

test(
  'HTTP/1.1: a connection each up to the limit, then a queue, then a refusal; what comes free goes to who waits',
  bounded,
  async t => {
    const { held, ask, until, connections, pool, cell } = await start(t, 'h1');
    const [first, second] = [ask(), ask()];
    await until(2);
    const third = ask();
    const fourth = ask();
    assert.equal(fourth.refused, 'upstream_queue_full');
    assert.deepEqual(pool.counts, { active: 2, idle: 0, pending: 1 });
    held.shift()!();
    await Promise.race([first.over, second.over]);
    await until(2);
    assert.ok(!third.waiting);
    assert.equal(connections(), 2);
    for (const answer of held.splice(0)) answer();
    await Promise.all([first.over, second.over, third.over]);
    assert.deepEqual(pool.counts, { active: 0, idle: 2, pending: 0 });
    assert.deepEqual(
      [cell('connects'), cell('connectionsActive'), cell('connectionsIdle'), cell('pending')],
      [2, 0, 2, 0],
    );
  },
);

test(
  'HTTP/1.1: a kept connection is used before another is made, and not for whoever wants a fresh one',
  bounded,
  async t => {
    const { held, ask, until, cell } = await start(t, 'h1');
    const answered = async (caller: Caller): Promise<void> => {
      await until(1);
      held.shift()!();
      await caller.over;
    };
    await answered(ask());
    await answered(ask());
    assert.deepEqual([cell('connects'), cell('reuses')], [1, 1]);
    await answered(ask(true));
    assert.deepEqual([cell('connects'), cell('reuses')], [2, 1]);
  },
);

test(
  'HTTP/1.1: a connection that becomes free is not for a waiter that wants a fresh one, but makes room for it',
  bounded,
  async t => {
    const { held, ask, until, pool, cell } = await start(t, 'h1', { maxConnections: 1, maxPending: 2 });
    const first = ask();
    await until(1);
    const fresh = ask(true);
    const third = ask();
    assert.equal(pool.counts.pending, 2);
    held.shift()!();
    await first.over;
    await until(1);
    assert.deepEqual([fresh.waiting, third.waiting], [false, true], 'the retry goes first');
    assert.deepEqual([cell('connects'), cell('reuses')], [2, 0]);
    held.shift()!();
    await fresh.over;
    await until(1);
    held.shift()!();
    await third.over;
    assert.deepEqual([cell('connects'), cell('reuses')], [2, 1], 'the last one waited for a connection that was used');
    assert.deepEqual(pool.counts, { active: 0, idle: 1, pending: 0 });
  },
);

test('HTTP/1.1: a connection that was opened ahead of its first request has not been used before', bounded, async t => {
  const { held, ask, until, pool, cell } = await start(t, 'h1');
  pool.warm();
  await eventually(() => pool.counts.idle === 1, 'it is open');
  const first = ask();
  await until(1);
  held[0]!();
  await first.over;
  assert.deepEqual([cell('connects'), cell('reuses')], [1, 0]);
});

test('HTTP/2: streams of one connection before another one, each as full as is allowed', bounded, async t => {
  const { held, ask, until, connections, pool } = await start(t, 'h2');
  const first = ask();
  await until(1);
  const second = ask();
  await until(2);
  assert.equal(connections(), 1);
  const others = [ask(), ask()];
  await until(4);
  assert.equal(connections(), 2);
  const [waiting, refused] = [ask(), ask()];
  assert.ok(waiting.waiting);
  assert.equal(refused.refused, 'upstream_queue_full');
  assert.deepEqual(pool.counts, { active: 2, idle: 0, pending: 1 });
  held.shift()!();
  await until(4);
  for (const answer of held.splice(0)) answer();
  await Promise.all([first, second, waiting, ...others].map(({ over }) => over));
  assert.deepEqual(pool.counts, { active: 0, idle: 2, pending: 0 });
});

for (const kind of ['h1', 'h2'] as const) {
  test(`${kind}: after so many requests a connection is replaced, and no request is lost over it`, bounded, async t => {
    const { held, ask, until, cell } = await start(t, kind, { maxRequestsPerConnection: 2, maxConnections: 1 });
    for (let n = 0; n < 5; n++) {
      const caller = ask();
      await until(1);
      held.shift()!();
      await caller.over;
      assert.equal(caller.refused, null);
    }
    assert.equal(cell('connects'), 3);
  });

  test(
    `${kind}: idleTimeout closes a connection that nobody wants any more, and none that is waited on`,
    bounded,
    async t => {
      const { held, ask, until, connections, pool, cell } = await start(t, kind, { idleTimeoutMs: 150 });
      const slow = ask();
      await until(1);
      // Because: there is no event for nothing happening.
      await delay(500);
      assert.equal(connections(), 1);
      held.shift()!();
      await slow.over;
      assert.equal(slow.refused, null);
      // The endpoint learns of the close, and the pool has its seat back.
      await eventually(() => connections() === 0, 'the connection is closed');
      assert.deepEqual(pool.counts, { active: 0, idle: 0, pending: 0 });
      const next = ask();
      await until(1);
      held.shift()!();
      await next.over;
      assert.deepEqual([next.refused, cell('connects')], [null, 2]);
    },
  );

  test(`${kind}: a pool that retires serves who is under way, and keeps nothing`, bounded, async t => {
    const { held, ask, until, pool, cell } = await start(t, kind);
    const caller = ask();
    await until(1);
    pool.retire();
    held.shift()!();
    await caller.over;
    assert.equal(caller.refused, null);
    assert.deepEqual(pool.counts, { active: 0, idle: 0, pending: 0 });
    assert.equal(cell('connectionsActive') + cell('connectionsIdle'), 0);
  });

  test(`${kind}: whoever is forgotten gets nothing, and its place is another’s`, bounded, async t => {
    const { held, ask, until, pool } = await start(t, kind, { maxConnections: 1, maxStreams: 1 });
    const first = ask();
    await until(1);
    const second = ask();
    second.waiting = false;
    pool.forget(second);
    assert.equal(pool.counts.pending, 0);
    // The forgotten request's place in the queue is free.
    const third = ask();
    assert.equal(third.refused, null);
    held.shift()!();
    await first.over;
    await until(1);
    held.shift()!();
    await third.over;
    assert.equal(second.connection, null);
  });
}
