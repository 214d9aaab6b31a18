// Balancers over real endpoints: every endpoint gets its share, a slow or dead one what it can bear. The arithmetic is tested
// beside the code of the balancers.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { type RawBackend, type RawConnection, startRawBackend } from '../../support/raw-backend.ts';

const backends: RawBackend[] = [];
const engines: Engine[] = [];
/** Requests for `/hold` that wait at each backend. */
const holding: RawConnection[][] = [[], [], []];

before(async () => {
  for (const held of holding) {
    backends.push(
      await startRawBackend({
        onRequest(connection, { path }) {
          if (path === '/hold') held.push(connection);
          else connection.socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        },
      }),
    );
  }
});
after(async () => {
  for (const engine of engines) await engine.stop();
  for (const backend of backends) await backend.stop();
});

async function engineWith(upstream: EngineOptions['upstream'] = {}): Promise<Engine> {
  const engine = await startEngine(
    backends.map(({ port }) => port),
    { upstream },
  );
  engines.push(engine);
  return engine;
}

/** How many of `count` requests each backend gets. */
async function shares(engine: Engine, count: number, lines: (i: number) => string = () => ''): Promise<number[]> {
  const before = backends.map(({ requests }) => requests.length);
  const client = await ClientConnection.open(engine.port);
  client.send(Array.from({ length: count }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: test\r\n${lines(i)}\r\n`).join(''));
  await client.answers(count);
  client.destroy();
  return backends.map(({ requests }, i) => requests.length - before[i]!);
}

test('roundRobin: all the same, exactly', async () => {
  assert.deepEqual(await shares(await engineWith({ balance: 'roundRobin' }), 60), [20, 20, 20]);
});

for (const balance of ['random', 'p2c'] as const) {
  test(`${balance}: all about the same`, async () => {
    for (const share of await shares(await engineWith({ balance }), 600))
      assert.ok(share > 120 && share < 280, `${share}`);
  });
}

for (const balance of ['leastRequest', 'p2c'] as const) {
  test(`${balance}: an endpoint with much under way gets less, and its share again afterwards`, async () => {
    const own = await engineWith({ balance });
    const clients: ClientConnection[] = [];
    const held = (): number => holding.reduce((sum, list) => sum + list.length, 0);
    for (let i = 0; i < 30; i++) {
      const client = await ClientConnection.open(own.port);
      client.send('GET /hold HTTP/1.1\r\nHost: test\r\n\r\n');
      clients.push(client);
    }
    await eventually(() => held() === 30, 'all are held');
    // The requests at the first backend stay held; the other backends answer theirs.
    for (const list of holding.slice(1)) {
      for (const { socket } of list.splice(0)) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    }
    const busy = holding[0]!.length;
    assert.ok(busy >= 5 && busy <= 15, `${busy} of 30`);
    await eventually(() => own.gateway.inFlight === busy, 'the others are answered');
    const [first] = await shares(own, 90);
    assert.ok(first! < 10, `the busy one got ${first} of 90`);
    for (const { socket } of holding[0]!.splice(0)) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    await eventually(() => own.gateway.inFlight === 0, 'nothing is under way');
    const [later] = await shares(own, 90);
    assert.ok(later! > 10, `the one that is free again got ${later} of 90`);
    for (const client of clients) client.destroy();
  });
}

describe('hashing', () => {
  for (const balance of ['ringHash', 'maglev'] as const) {
    test(`${balance}: the same key, the same endpoint; many keys, all endpoints`, async () => {
      const engine = await engineWith({ balance, hashOn: { source: 'header', name: 'x-user' } });
      const same = await shares(engine, 30, () => 'X-User: ann\r\n');
      assert.equal(Math.max(...same), 30);
      const spread = await shares(engine, 300, i => `X-User: user-${i}\r\n`);
      for (const share of spread) assert.ok(share > 30, `${spread}`);
    });
  }

  test('by cookie, query and path', async () => {
    for (const [source, line, path] of [
      ['cookie', 'Cookie: a=1; user=ann; b=2\r\n', '/'],
      ['query', '', '/x?y=1&user=ann'],
      ['path', '', '/ann'],
    ] as const) {
      const engine = await engineWith({ balance: 'maglev', hashOn: { source, name: 'user' } });
      const before = backends.map(({ requests }) => requests.length);
      const client = await ClientConnection.open(engine.port);
      client.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n${line}\r\n`.repeat(20));
      await client.answers(20);
      client.destroy();
      assert.equal(Math.max(...backends.map(({ requests }, i) => requests.length - before[i]!)), 20, source);
    }
  });
});
