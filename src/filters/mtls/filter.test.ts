// Certificates that a proxy forwards, through a gateway with real sockets. Those of real handshakes are in test/e2e/identity.

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { ask, type FilterGatewayOptions, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { mtlsFilter } from './filter.ts';

const clients = [{ spiffe: 'spiffe://acme.test/billing', consumer: 'acme' }];
const field = (text: string | string[]) => ({ headers: { 'x-forwarded-client-cert': text } });
const good = 'Subject="CN=billing";URI=spiffe://acme.test/billing';

async function start(t: { after(fn: () => Promise<void>): void }, config: object, spare: FilterGatewayOptions) {
  const seen: IncomingMessage[] = [];
  const needs = mtlsFilter.needs!(schema.parse(config), { store: () => assert.fail('it names no store') });
  const gateway = await startFilterGateway(
    [written(mtlsFilter, schema, config)],
    (request, response) => {
      seen.push(request);
      response.end('in');
    },
    {
      consumers: [{ name: 'acme', tenant: null, plan: 'gold', groups: [], tags: {}, keys: [] }],
      services: { needs, events: mtlsFilter.events ?? [] },
      ...spare,
    },
  );
  t.after(() => gateway.stop());
  return { port: gateway.port, seen };
}

test('a trusted proxy’s word counts when it is asked for', async t => {
  const { port, seen } = await start(
    t,
    { clients, fromProxy: true },
    { trustedProxies: ['127.0.0.1/32'], keepsClientCertificateHeaders: true },
  );
  assert.equal((await ask(port, field(good))).status, 200);
  assert.equal(seen[0]!.headers['x-consumer-name'], 'acme');
  assert.equal(seen[0]!.headers['x-consumer-by'], 'mtls');
  assert.equal((await ask(port, field('URI=spiffe://acme.test/shop'))).status, 403);
  assert.equal((await ask(port)).status, 401);
  for (const text of [`${good},${good}`, 'nonsense', [good, good]])
    assert.equal((await ask(port, field(text))).status, 401, String(text));
  assert.equal(seen.length, 1);
});

test('too many malformed certificate fields from one address are throttled, and the right ones still pass', async t => {
  const { port } = await start(
    t,
    { clients, fromProxy: true, failedLogins: '2/h' },
    { trustedProxies: ['127.0.0.1/32'], keepsClientCertificateHeaders: true },
  );
  for (const status of [401, 401, 429, 429]) assert.equal((await ask(port, field('nonsense'))).status, status);
  assert.equal((await ask(port, field(good))).status, 200);
});

test('what a proxy told goes no further where the credential is not to', async t => {
  for (const keepCredential of [true, false]) {
    const { port, seen } = await start(
      t,
      { clients, fromProxy: true, forward: { keepCredential } },
      { trustedProxies: ['127.0.0.1/32'], keepsClientCertificateHeaders: true },
    );
    assert.equal((await ask(port, field(good))).status, 200);
    assert.equal(seen[0]!.headers['x-forwarded-client-cert'], keepCredential ? good : undefined);
  }
});

test('a stranger’s word counts never, nor does a proxy’s that was not asked for', async t => {
  const stranger = await start(t, { clients, fromProxy: true }, { keepsClientCertificateHeaders: true });
  const answer = await ask(stranger.port, field(good));
  assert.equal(answer.status, 401);
  assert.equal(JSON.parse(answer.body.toString()).code, 'credentials_missing');
  const notAsked = await start(
    t,
    { clients },
    { trustedProxies: ['127.0.0.1/32'], keepsClientCertificateHeaders: true },
  );
  assert.equal((await ask(notAsked.port, field(good))).status, 401);
  assert.equal(stranger.seen.length + notAsked.seen.length, 0);
});
