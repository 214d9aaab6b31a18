// What is known of a name stays in use in the terms of the new settings: their port, their family, their scheme.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiscoveredEndpoint } from './discovery.ts';
import { dnsDefaults } from './dns-settings.ts';
import { knownBefore } from './known-before.ts';
import { Refresh } from './refresh.ts';

const outlet = { publish: () => {}, report: () => {}, log: () => {}, sharedTable: () => new SharedArrayBuffer(0) };

async function running(endpoints: readonly DiscoveredEndpoint[]): Promise<Refresh> {
  const settings = { subject: 'dns a.test', keptMinMs: 1_000, keptMaxMs: 60_000 };
  const refresh = new Refresh(async () => ({ endpoints, validMs: 60_000 }), settings, outlet);
  await refresh.ready;
  return refresh;
}

test('addresses are taken over with the new port, scheme and family; ports of SRV records stay', async t => {
  const one = { tls: false, weight: 3, zone: '', name: 'a.test' };
  const before = await running([
    { ...one, address: '10.0.0.1', port: 80 },
    { ...one, address: '10.0.0.2', port: 81 },
    { ...one, address: '::1', port: 80 },
  ]);
  t.after(() => before.stop());
  const placesFor = (more: object) =>
    knownBefore(before, { ...dnsDefaults, name: 'a.test', port: 443, tls: true, ...more }).endpoints.map(
      ({ address, port, tls, weight }) => `${address} ${port} ${tls} ${weight}`,
    );
  assert.deepEqual(placesFor({}), ['10.0.0.1 443 true 3', '10.0.0.2 443 true 3']);
  assert.deepEqual(placesFor({ family: 'ipv6' }), ['::1 443 true 3']);
  assert.deepEqual(placesFor({ family: 'all', port: 0, tls: false }), [
    '10.0.0.1 80 false 3',
    '10.0.0.2 81 false 3',
    '::1 80 false 3',
  ]);
  assert.ok(knownBefore(before, { ...dnsDefaults, name: 'a.test', port: 0, tls: false }).answeredAt > 0);
});

test('a lookup that has found nothing, or none at all, gives nothing', async () => {
  const settings = { ...dnsDefaults, name: 'a.test', port: 80, tls: false };
  assert.deepEqual(knownBefore(undefined, settings).endpoints, []);
  const refresh = new Refresh(
    () => Promise.reject(new Error('away')),
    { subject: 'dns a.test', keptMinMs: 1_000, keptMaxMs: 60_000 },
    outlet,
  );
  await refresh.ready;
  refresh.stop();
  assert.deepEqual(knownBefore(refresh, settings).endpoints, []);
});
