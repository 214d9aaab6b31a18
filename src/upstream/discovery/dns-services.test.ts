import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startDnsServer, type TestDnsServer } from '../../../test/support/dns-server.ts';
import { ServiceLookup } from './dns-services.ts';
import { dnsDefaults } from './dns-settings.ts';
import { resolverFor } from './resolver-for.ts';

const name = '_http._tcp.users.test';

describe('SRV discovery', () => {
  let server: TestDnsServer;
  let lookup: ServiceLookup;
  beforeEach(async () => {
    server = await startDnsServer();
    const servers = [['127.0.0.1', server.port]] as const;
    const settings = { ...dnsDefaults, name, port: 0, tls: false, servers, timeoutMs: 50 };
    lookup = new ServiceLookup(resolverFor(settings), settings);
  });
  afterEach(() => server.stop());

  /** Sets SRV records, each written as `priority weight port target`. */
  const setServices = (...lines: string[]) =>
    server.set(name, 'SRV', {
      answers: lines.map(line => {
        const [priority, weight, port, target] = line.split(' ');
        return {
          type: 'SRV',
          name,
          ttl: 30,
          data: { priority: Number(priority), weight: Number(weight), port: Number(port), target: target! },
        } as const;
      }),
    });
  const places = async () =>
    (await lookup.look()).endpoints
      .map(({ address, port, weight, backup }) => `${address}:${port} ${weight}${backup ? ' backup' : ''}`)
      .sort();

  test('targets with their ports and weights; a weight of 0 still gets a little', async () => {
    setServices('1 5 8080 n1.test', '1 0 8081 n2.test');
    server.setAddresses('n1.test', ['10.0.0.1'], 60);
    server.setAddresses('n2.test', ['10.0.0.2', '10.0.0.3'], 4);
    assert.deepEqual(await places(), ['10.0.0.1:8080 5', '10.0.0.2:8081 1', '10.0.0.3:8081 1']);
    const { validMs, endpoints } = await lookup.look();
    assert.equal(validMs, 4_000);
    assert.equal(endpoints[0]!.name, 'n1.test');
  });

  test('the lowest priority with an address is used, and the next one is its backup', async () => {
    setServices('10 1 8080 spare.test', '1 1 8080 first.test', '20 1 8080 last.test');
    server.setAddresses('spare.test', ['10.0.0.2']);
    assert.deepEqual(await places(), ['10.0.0.2:8080 1']);
    server.setAddresses('last.test', ['10.0.0.3']);
    assert.deepEqual(await places(), ['10.0.0.2:8080 1', '10.0.0.3:8080 1 backup']);
    server.setAddresses('first.test', ['10.0.0.1']);
    assert.deepEqual(await places(), ['10.0.0.1:8080 1', '10.0.0.2:8080 1 backup']);
  });

  test('a target that cannot be looked up for the moment keeps its addresses', async () => {
    setServices('1 1 8080 n1.test', '1 1 8080 n2.test');
    server.setAddresses('n1.test', ['10.0.0.1']);
    server.setAddresses('n2.test', ['10.0.0.2']);
    await lookup.look();
    server.set('n2.test', '*', 'silent');
    server.set('n2.test', 'A', 'silent');
    server.setAddresses('n1.test', ['10.0.0.9']);
    assert.deepEqual(await places(), ['10.0.0.2:8080 1', '10.0.0.9:8080 1']);
  });

  test('a service that is not offered, or has no addresses, is told', async () => {
    setServices('0 0 0 .');
    await assert.rejects(lookup.look(), /not available/);
    setServices('1 1 80 nowhere.test');
    await assert.rejects(lookup.look(), /no target of .* has an address/);
    server.set(name, 'SRV', { rcode: 3 });
    await assert.rejects(lookup.look(), /NXDOMAIN/);
  });
});
