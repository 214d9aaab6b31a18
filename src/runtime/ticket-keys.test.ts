// A ticket is accepted while its key is in the ring, by every context that uses the ring, and never with another key.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { TestAuthority } from '../../test/support/certificates.ts';
import { askTls } from '../../test/support/tls-client.ts';
import type { ListenerTlsConfig } from '../config/config.ts';
import { TicketRing } from '../net/tls/ticket-ring.ts';
import { sampleConfig } from './sample-config.fixture.ts';
import { TicketKeyMaker, type TicketKeyRings, ticketLifetimesMs } from './ticket-keys.ts';
import { WorkerTickets } from './worker-tickets.ts';

const HOUR_MS = 3_600_000;

const authority = new TestAuthority();
const files = authority.issue('api', { names: ['DNS:api.test'] });
after(() => authority.remove());

/** Starts a TLS server that uses the tickets of this ring; returns its port. */
async function serverWith(ring: TicketRing): Promise<number> {
  const cert = readFileSync(files.cert, 'utf8');
  const context = createSecureContext({ cert, key: readFileSync(files.key, 'utf8'), sessionIdContext: 'test' });
  ring.attachTo(context);
  const server = createServer(raw => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
    socket.on('error', () => {});
    socket.once('data', () => socket.end('answer'));
  });
  after(() => server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${maxVersion}: old keys decrypt until they leave the ring`, async t => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const sent: TicketKeyRings[] = [];
    const maker = new TicketKeyMaker(keys => sent.push(keys));
    maker.ensure([HOUR_MS]);
    const workers = [new WorkerTickets(), new WorkerTickets()];
    for (const worker of workers) worker.receive(maker.keys);
    const rings = workers.map(worker => worker.ringFor({ ticketKeys: null, ticketLifetimeMs: HOUR_MS }));
    const [here, there] = await Promise.all(rings.map(serverWith));
    const { session, text } = await askTls(here!, { maxVersion });
    assert.equal(text, 'answer');
    const resumed = async () => (await askTls(there!, { maxVersion, session: session! })).resumed;
    assert.equal(await resumed(), true);
    for (let replaced = 1; replaced <= 3; replaced++) {
      t.mock.timers.tick(HOUR_MS);
      for (const worker of workers) worker.receive(sent.at(-1)!);
      assert.equal(await resumed(), replaced <= 2, `replaced ${replaced} times`);
    }
    const fresh = await askTls(here!, { maxVersion });
    assert.equal((await askTls(there!, { maxVersion, session: fresh.session! })).resumed, true);
  });
}

test('keys of tickets that live long are kept as long, beside those of tickets that live shorter', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const sent: TicketKeyRings[] = [];
  const maker = new TicketKeyMaker(keys => sent.push(keys));
  const [short, long] = [HOUR_MS, 12 * HOUR_MS];
  assert.equal(maker.ensure([short, long]), true);
  assert.equal(maker.ensure([short, long]), false);
  const first = maker.keys;
  t.mock.timers.tick(11 * HOUR_MS);
  assert.deepEqual(maker.keys.get(long), first.get(long));
  assert.equal(maker.keys.get(short)!.length, 3);
  assert.ok(!maker.keys.get(short)!.includes(first.get(short)![0]!));
  t.mock.timers.tick(2 * HOUR_MS);
  assert.equal(maker.keys.get(long)![1], first.get(long)![0], 'it still decrypts');
  maker.keepOnly(new Set([long]));
  assert.deepEqual([...maker.keys.keys()], [long]);
  sent.length = 0;
  t.mock.timers.tick(24 * HOUR_MS);
  assert.equal(sent.length, 2);
  maker.stop();
  assert.equal(maker.keys.size, 0);
});

test('a worker gives each listener the keys for its lifetime, or those of its file, and none that it does not have', () => {
  const maker = new TicketKeyMaker(() => {});
  maker.ensure([HOUR_MS, 2 * HOUR_MS]);
  const worker = new WorkerTickets();
  worker.receive(maker.keys);
  const ringFor = (ticketLifetimeMs: number, ticketKeys: readonly string[] | null = null) =>
    worker.ringFor({ ticketKeys, ticketLifetimeMs });
  const one = ringFor(HOUR_MS);
  assert.equal(ringFor(HOUR_MS), one);
  assert.notEqual(ringFor(2 * HOUR_MS), one);
  assert.notEqual(ringFor(HOUR_MS, maker.keys.get(HOUR_MS)), one);
  maker.keepOnly(new Set([2 * HOUR_MS]));
  worker.receive(maker.keys);
  assert.throws(() => ringFor(HOUR_MS), /no keys/);
  maker.stop();
});

test('the lifetimes are those of listeners without a file of keys', () => {
  const withTickets = (lifetimeMs: number, keys: string | null) => {
    const [plain] = sampleConfig({}).listeners;
    // Because: nothing else of the listener's TLS is read.
    return { ...plain!, tls: { sessionTickets: { lifetimeMs, keys } } as unknown as ListenerTlsConfig };
  };
  const listeners = [withTickets(5, null), withTickets(7, '/keys'), withTickets(5, null), withTickets(9, null)];
  assert.deepEqual([...ticketLifetimesMs({ listeners })], [5, 9]);
  assert.deepEqual([...ticketLifetimesMs(sampleConfig({}))], []);
});

test('a key that is none is refused', () => {
  assert.throws(() => new TicketRing(['AAAA']), /48 bytes/);
});
