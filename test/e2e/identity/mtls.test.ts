// Client certificates of real handshakes, mapped to consumers by the gateway as users run it.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TestAuthority } from '../../support/certificates.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { askTls } from '../../support/tls-client.ts';

const authority = new TestAuthority();
const identity = ({ cert, key }: { cert: string; key: string }) => ({
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});
const billing = authority.issue('billing', { names: ['URI:spiffe://acme.test/ns/billing', 'DNS:billing.acme.test'] });
const shop = authority.issue('shop', { names: ['DNS:shop.acme.test'] });
const other = authority.issue('other', { name: 'other' });
const lost = authority.issue('lost', { names: ['DNS:lost.acme.test'] });

const secret = 'a-shared-secret-of-this-test-0123456789';

/** A token of the consumer acme, signed with this secret. */
function token(by = secret): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'api', azp: 'acme', sub: 'ann', exp: Math.floor(Date.now() / 1_000) + 600 };
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', by).update(signed).digest('base64url')}`;
}

const list = path.join(authority.folder, 'watched.pem');
let gateway: RunningGateway;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;

before(async () => {
  const server = authority.issue('api', { names: ['DNS:api.test'] });
  backend = await startNodeBackend();
  copyFileSync(authority.revoke(), list);
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    tls:
      certificates: [{ cert: ${server.cert}, key: ${server.key} }]
      clientAuth: { ca: ${authority.ca}, mode: optional }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
consumers: [{ name: acme, tenant: t-1 }, { name: shop }]
routes:
  - name: both
    match: { path: /both/* }
    filters:
      - allOf:
          - mtls: { clients: [{ spiffe: "spiffe://acme.test/ns/*", consumer: acme }, { dns: "shop.acme.test", consumer: shop }] }
          - jwt: { audience: api, from: [{ query: token }], keys: { secret: ${secret} }, consumer: { claim: azp } }
    to: backend
  - name: all
    filters:
      - mtls:
          clients:
            - { spiffe: "spiffe://acme.test/ns/*", consumer: acme }
            - { dns: "shop.acme.test", scopes: [sell] }
            - { dns: "lost.acme.test" }
          crl: { lists: ["\${file:${list}}"], authorities: "\${file:${authority.ca}}" }
    to: backend
`);
});

after(async () => {
  await gateway?.stop();
  await backend?.stop();
  authority.remove();
});

async function fieldsAt(path: string): Promise<Map<string, string>> {
  const seen = (await backend.seen()).find(request => request.path === path);
  const raw = seen?.headers ?? [];
  return new Map(raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? '']] : [])));
}

test('by SPIFFE id and by DNS name', async () => {
  assert.match((await askTls(gateway.port, identity(billing), '/billing')).text, /^HTTP\/1\.1 200/);
  const fields = await fieldsAt('/billing');
  assert.equal(fields.get('x-consumer-name'), 'acme');
  assert.equal(fields.get('x-consumer-subject'), 'spiffe://acme.test/ns/billing');
  assert.match((await askTls(gateway.port, identity(shop), '/shop')).text, /^HTTP\/1\.1 200/);
  assert.equal((await fieldsAt('/shop')).get('x-consumer-scopes'), 'sell');
});

test('a verified certificate that no rule names, and none at all', async () => {
  const stranger = await askTls(gateway.port, identity(other), '/other');
  assert.match(stranger.text, /^HTTP\/1\.1 403[\s\S]*"access_denied"/);
  const nobody = await askTls(gateway.port, {}, '/nobody');
  assert.match(nobody.text, /^HTTP\/1\.1 401[\s\S]*WWW-Authenticate: Certificate[\s\S]*"credentials_missing"/);
  assert.equal((await fieldsAt('/other')).size + (await fieldsAt('/nobody')).size, 0);
});

test('a certificate that is revoked while the gateway runs', async () => {
  const status = async () =>
    /^HTTP\/1\.1 ([0-9]+)/.exec((await askTls(gateway.port, identity(lost), '/lost')).text)?.[1];
  assert.equal(await status(), '200');
  copyFileSync(authority.revoke(lost.cert), list);
  const until = performance.now() + 10_000;
  while ((await status()) !== '401') {
    assert.ok(performance.now() < until, gateway.stderr());
    await delay(50);
  }
  assert.match((await askTls(gateway.port, identity(shop), '/still')).text, /^HTTP\/1\.1 200/);
});

test('a certificate and a token: both, and of one consumer', async () => {
  const statusOf = async (certificate: Parameters<typeof askTls>[1], target: string) =>
    /^HTTP\/1\.1 ([0-9]+)/.exec((await askTls(gateway.port, certificate, target)).text)?.[1];
  assert.equal(await statusOf(identity(billing), `/both/1?token=${token()}`), '200');
  assert.equal(await statusOf(identity(billing), '/both/2'), '401');
  assert.equal(await statusOf({}, `/both/3?token=${token()}`), '401');
  assert.equal(await statusOf(identity(billing), `/both/4?token=${token(`${secret}x`)}`), '401');
  assert.equal(await statusOf(identity(shop), `/both/5?token=${token()}`), '403', 'his token, and another certificate');
  assert.equal(await statusOf(identity(other), `/both/6?token=${token()}`), '403', 'nobody’s certificate');
  const served = (await backend.seen()).map(({ path: seen }) => seen).filter(seen => seen.startsWith('/both'));
  assert.deepEqual(
    served.map(seen => seen.slice(0, 7)),
    ['/both/1'],
  );
});
