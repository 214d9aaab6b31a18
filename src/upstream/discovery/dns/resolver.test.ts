import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Answer } from 'dns-packet';
import { startDnsServer, type TestDnsServer } from '../../../../test/support/dns-server.ts';
import { LookupError, Resolver, withKnown } from './resolver.ts';

function a(name: string, data: string, ttl = 60): Answer {
  return { type: 'A', name, ttl, data };
}

describe('lookups with a server of our own', () => {
  let server: TestDnsServer;
  let second: TestDnsServer;
  before(async () => {
    server = await startDnsServer();
    second = await startDnsServer();
  });
  after(async () => {
    await server.stop();
    await second.stop();
  });
  const resolver = (timeoutMs = 150) =>
    new Resolver({ servers: [{ host: '127.0.0.1', port: server.port }], timeoutMs });
  const withBoth = () =>
    new Resolver({
      servers: [
        { host: '127.0.0.1', port: server.port },
        { host: '127.0.0.1', port: second.port },
      ],
      timeoutMs: 60,
    });

  test('A records with the least TTL', async () => {
    server.set('two.test', 'A', { answers: [a('two.test', '10.0.0.1', 30), a('two.test', '10.0.0.2', 7)] });
    assert.deepEqual(await resolver().addresses('two.test', 'auto'), {
      addresses: ['10.0.0.1', '10.0.0.2'],
      ttlSeconds: 7,
    });
  });

  test('aliases are followed, and their TTL counts', async () => {
    server.set('alias.test', 'A', {
      answers: [
        { type: 'CNAME', name: 'alias.test', ttl: 3, data: 'Real.test' },
        a('real.test', '10.0.0.9'),
        a('other.test', '10.9.9.9'),
      ],
    });
    assert.deepEqual(await resolver().addresses('alias.test', 'auto'), { addresses: ['10.0.0.9'], ttlSeconds: 3 });
  });

  test('aliases that lead in a circle end', async () => {
    server.set('circle.test', '*', {
      answers: [
        { type: 'CNAME', name: 'circle.test', ttl: 3, data: 'back.test' },
        { type: 'CNAME', name: 'back.test', ttl: 3, data: 'circle.test' },
      ],
    });
    await assert.rejects(resolver().addresses('circle.test', 'auto'), /no such records/);
  });

  test('families: IPv6 where there is no IPv4, both when asked', async () => {
    const six: Answer = { type: 'AAAA', name: 'six.test', ttl: 9, data: 'fd00::6' };
    server.set('six.test', 'AAAA', { answers: [six] });
    server.set('both.test', 'AAAA', { answers: [{ ...six, name: 'both.test' }] });
    server.set('both.test', 'A', { answers: [a('both.test', '10.0.0.4', 5)] });
    assert.deepEqual((await resolver().addresses('six.test', 'auto')).addresses, ['fd00::6']);
    assert.deepEqual((await resolver().addresses('both.test', 'auto')).addresses, ['10.0.0.4']);
    assert.deepEqual((await resolver().addresses('both.test', 'ipv6')).addresses, ['fd00::6']);
    assert.deepEqual(await resolver().addresses('both.test', 'all'), {
      addresses: ['10.0.0.4', 'fd00::6'],
      ttlSeconds: 5,
    });
    await assert.rejects(resolver().addresses('six.test', 'ipv4'), /no such records/);
  });

  test('family auto: a server that wrongly says NXDOMAIN for the other type hides no address', async () => {
    const six: Answer = { type: 'AAAA', name: 'hidden.test', ttl: 9, data: 'fd00::6' };
    server.set('hidden.test', 'A', { rcode: 3, negativeTtl: 42 });
    server.set('hidden.test', 'AAAA', { answers: [six] });
    assert.deepEqual(await resolver().addresses('hidden.test', 'auto'), { addresses: ['fd00::6'], ttlSeconds: 9 });
    // NXDOMAIN is believed when the other type has nothing to say against it.
    for (const rcode of [2, 3]) {
      server.set('hidden.test', 'AAAA', { rcode });
      await assert.rejects(resolver().addresses('hidden.test', 'auto'), { message: /NXDOMAIN/, keptSeconds: 42 });
    }
  });

  test('family auto: AAAA records are not asked for when there are A records', async () => {
    server.set('four.test', 'A', { answers: [a('four.test', '10.0.0.4')] });
    await resolver().addresses('four.test', 'auto');
    const asked = server.seen.filter(({ name }) => name === 'four.test');
    assert.deepEqual(
      asked.map(({ type }) => type),
      ['A'],
    );
  });

  test('both families: one that cannot be looked up does not take the other with it, and is asked for again soon', async () => {
    const six: Answer = { type: 'AAAA', name: 'split.test', ttl: 90, data: 'fd00::6' };
    server.set('split.test', 'A', { rcode: 2 });
    server.set('split.test', 'AAAA', { answers: [six] });
    const found = await resolver().addresses('split.test', 'all');
    assert.deepEqual([found.addresses, found.ttlSeconds, found.failed?.type], [['fd00::6'], 10, 'A']);
    assert.match(found.failed!.reason, /SERVFAIL/);
    assert.deepEqual(withKnown(found, ['10.0.0.1', 'fd00::5']), ['fd00::6', '10.0.0.1']);
    server.set('split.test', 'A', { answers: [a('split.test', '10.0.0.2')] });
    server.set('split.test', 'AAAA', 'silent');
    const other = await resolver(30).addresses('split.test', 'all');
    assert.deepEqual([other.addresses, other.failed?.type], [['10.0.0.2'], 'AAAA']);
    // Some servers report NXDOMAIN for a name that exists but lacks such records.
    server.set('split.test', 'AAAA', { rcode: 3 });
    assert.deepEqual(await resolver().addresses('split.test', 'all'), { addresses: ['10.0.0.2'], ttlSeconds: 60 });
    server.set('split.test', 'A', { rcode: 2 });
    await assert.rejects(resolver().addresses('split.test', 'all'), /SERVFAIL/);
    server.set('split.test', 'A', { rcode: 3 });
    await assert.rejects(resolver().addresses('split.test', 'all'), /NXDOMAIN/);
  });

  test('a truncated answer is asked for again over TCP', async () => {
    const many = Array.from({ length: 300 }, (_, i) => a('many.test', `10.1.${i >> 8}.${i & 255}`));
    server.set('many.test', 'A', { answers: many, truncateUdp: true });
    assert.equal((await resolver().addresses('many.test', 'auto')).addresses.length, 300);
    assert.deepEqual(
      server.seen.filter(({ name }) => name === 'many.test').map(({ over }) => over),
      ['udp', 'tcp'],
    );
  });

  test('NXDOMAIN is believed at once, with its TTL', async () => {
    server.set('gone.test', '*', { rcode: 3, negativeTtl: 42 });
    const asked = server.seen.length;
    await assert.rejects(resolver().addresses('gone.test', 'auto'), (error: LookupError) => {
      assert.ok(error instanceof LookupError);
      assert.match(error.message, /gone\.test \(NXDOMAIN\)/);
      assert.equal(error.keptSeconds, 42);
      return true;
    });
    assert.deepEqual(
      server.seen.slice(asked).map(({ type }) => type),
      ['A', 'AAAA'],
      'each type once',
    );
  });

  test('SERVFAIL and silence lead to the next server, and are told when all fail', async () => {
    server.set('half.test', '*', { rcode: 2 });
    second.setAddresses('half.test', ['10.0.0.7']);
    assert.deepEqual((await withBoth().addresses('half.test', 'auto')).addresses, ['10.0.0.7']);
    server.set('late.test', '*', 'silent');
    second.setAddresses('late.test', ['10.0.0.8']);
    assert.deepEqual((await withBoth().addresses('late.test', 'auto')).addresses, ['10.0.0.8']);
    await assert.rejects(resolver().addresses('half.test', 'auto'), /answered SERVFAIL/);
    await assert.rejects(resolver(30).addresses('late.test', 'auto'), /gave no answer within 30 ms/);
    server.set('noise.test', '*', 'garbage');
    await assert.rejects(resolver(30).addresses('noise.test', 'auto'), /gave no answer/);
  });

  test('a server that is not there is told at once', async () => {
    const closed = await startDnsServer();
    await closed.stop();
    const nobody = new Resolver({ servers: [{ host: '127.0.0.1', port: closed.port }], timeoutMs: 5_000 });
    await assert.rejects(nobody.addresses('x.test', 'auto'), /ECONNREFUSED/);
    // Node cannot connect a socket to this address, as with any server while there is no network.
    const unreachable = new Resolver({ servers: [{ host: '255.255.255.255', port: 53 }], timeoutMs: 150 });
    await assert.rejects(unreachable.addresses('x.test', 'auto'), /EACCES/);
  });

  test('an answer to another question, or with another id, is not taken', async () => {
    server.set('honest.test', 'A', {
      forgedFirst: [a('honest.test', '6.6.6.6')],
      answers: [a('honest.test', '10.0.0.3')],
    });
    assert.deepEqual((await resolver().addresses('honest.test', 'auto')).addresses, ['10.0.0.3']);
  });

  test('a server that knows no EDNS is asked without', async () => {
    const old = await startDnsServer({ withoutEdns: true });
    old.setAddresses('old.test', ['10.0.0.5']);
    const asker = new Resolver({ servers: [{ host: '127.0.0.1', port: old.port }], timeoutMs: 500 });
    assert.deepEqual((await asker.addresses('old.test', 'auto')).addresses, ['10.0.0.5']);
    assert.deepEqual(
      old.seen.map(({ edns }) => edns),
      [true, false],
    );
    await old.stop();
  });

  test('SRV records', async () => {
    server.set('_http._tcp.users.test', 'SRV', {
      answers: [
        {
          type: 'SRV',
          name: '_http._tcp.users.test',
          ttl: 4,
          data: { priority: 1, weight: 5, port: 8080, target: 'n1.test' },
        },
      ],
    });
    assert.deepEqual(await resolver().services('_http._tcp.users.test'), {
      services: [{ priority: 1, weight: 5, port: 8080, target: 'n1.test' }],
      addresses: [],
      ttlSeconds: 4,
    });
  });

  test('names that cannot be asked for are told without a question', async () => {
    const asked = server.seen.length;
    await assert.rejects(resolver().addresses(`${'x'.repeat(64)}.test`, 'auto'), /there is no name/);
    assert.equal(server.seen.length, asked);
  });
});

describe('settings of the machine', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-resolv-'));
  after(() => rmSync(folder, { recursive: true }));
  const hosts = path.join(folder, 'hosts');
  writeFileSync(hosts, '127.0.0.1 localhost\n10.2.0.1 Billing billing.internal # paper\nfd00::1 billing\n');

  test('the hosts file goes first', async () => {
    const resolver = new Resolver({ servers: [], timeoutMs: 10, hosts, resolvConf: path.join(folder, 'none') });
    assert.deepEqual((await resolver.addresses('billing', 'auto')).addresses, ['10.2.0.1']);
    assert.deepEqual((await resolver.addresses('billing', 'all')).addresses, ['10.2.0.1', 'fd00::1']);
  });

  test('short names go by the search list; a server that fails does not make another name win', async t => {
    const server = await startDnsServer();
    t.after(() => server.stop());
    const resolvConf = path.join(folder, 'resolv.conf');
    writeFileSync(resolvConf, 'nameserver 127.0.0.1\nsearch team.test company.test\noptions ndots:2\n');
    const resolver = new Resolver({ servers: [], timeoutMs: 100, hosts, resolvConf, port: server.port });
    server.setAddresses('users.company.test', ['10.3.0.1']);
    server.setAddresses('users', ['6.6.6.6']);
    assert.deepEqual((await resolver.addresses('users', 'auto')).addresses, ['10.3.0.1']);
    assert.deepEqual(
      server.seen.map(({ name, type }) => `${name} ${type}`),
      ['users.team.test A', 'users.team.test AAAA', 'users.company.test A'],
    );
    assert.deepEqual((await resolver.addresses('users.', 'auto')).addresses, ['6.6.6.6']);
    server.set('users.team.test', '*', { rcode: 2 });
    await assert.rejects(resolver.addresses('users', 'auto'), /SERVFAIL/);
  });

  test('localhost needs no file and no server', async () => {
    const resolver = new Resolver({ servers: [], timeoutMs: 10, hosts: path.join(folder, 'none') });
    assert.deepEqual((await resolver.addresses('api.localhost', 'auto')).addresses, ['127.0.0.1']);
  });
});
