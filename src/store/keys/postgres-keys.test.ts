// What holds for keys in PostgreSQL alone: dead connections, and the trigger that counts changes.

import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { startPostgres } from '../../../test/support/postgres.ts';
import { postgresSpec } from '../../../test/support/store-spec.ts';
import { storedKey } from '../../../test/support/stored-key.ts';
import { PostgresStore } from '../postgres/postgres-store.ts';
import { StoreAway } from '../store-away.ts';
import { PostgresKeys } from './postgres-keys.ts';

test('a PostgreSQL whose connections fell silent without an end is asked over new ones', async t => {
  const server = await startPostgres();
  const pairs: [Socket, Socket][] = [];
  const between = createServer(client => {
    const onward = connect(server.port, '127.0.0.1');
    pairs.push([client, onward]);
    for (const socket of [client, onward]) socket.on('error', () => {});
    client.pipe(onward);
    onward.pipe(client);
  });
  await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve));
  const { port } = between.address() as AddressInfo; // Because: it listens on TCP.
  const store = new PostgresStore(postgresSpec(port, { commandTimeoutMs: 250 }));
  t.after(async () => {
    await store.close();
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    between.close();
    await server.stop();
  });
  const keys = new PostgresKeys(store);
  await keys.prepare();
  // All connections of the pool are open, as they are at a busy gateway.
  await eventually(async () => {
    await Promise.all(Array.from({ length: 16 }, () => keys.find('1'.repeat(64))));
    return pairs.length === 4;
  }, 'the pool is full');
  // As a firewall does that has forgotten these connections.
  for (const [client, onward] of pairs) {
    client.unpipe(onward).resume();
    onward.unpipe(client).resume();
  }
  await assert.rejects(async () => keys.find('1'.repeat(64)), StoreAway);
  const found = () => Promise.resolve(keys.find('1'.repeat(64))).catch(() => undefined);
  await eventually(async () => (await found()) === null, 'a new connection is made');
});

test('in PostgreSQL a change counts whatever table the search path of its session finds', async t => {
  const server = await startPostgres();
  const store = new PostgresStore(postgresSpec(server.port));
  t.after(async () => {
    await store.close();
    await server.stop();
  });
  const keys = new PostgresKeys(store);
  await keys.prepare();
  const sql = await store.sql();
  for (const session of ['CREATE TEMP TABLE cardea_keys_state (one INTEGER, version BIGINT)', "SET search_path = ''"]) {
    await keys.add(storedKey('k1', 'its key'));
    const before = await keys.version();
    const connection = await sql.reserve();
    await connection.unsafe(`${session}; DELETE FROM public.cardea_keys`);
    await connection.unsafe('DISCARD ALL');
    connection.release();
    assert.notEqual(await keys.version(), before, session);
  }
});
