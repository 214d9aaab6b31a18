// Routes that accept the same key and forward the identity of its holder differently: each as configured, whichever was asked first.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';

const key = 'ck_a-key-for-three-routes';
const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;

before(async () => {
  backend = await startNodeBackend();
  gateway = await startGateway(`consumers: [{ name: acme, keys: [{ id: k1, hash: "${hash}" }] }]
upstreams: { service: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes:
  - { name: plain, match: { path: /plain }, filters: [{ apiKey: {} }], to: service }
  - { name: off, match: { path: /off }, filters: [{ apiKey: { forward: { consumer: off } } }], to: service }
  - name: signed
    match: { path: /signed }
    filters: [{ apiKey: { forward: { consumer: signed, key: "a-secret-of-at-least-32-characters" } } }]
    to: service
`);
});
after(async () => {
  await gateway?.stop();
  await backend?.stop();
});

test('one key on three routes is told plainly, not at all, and signed', async () => {
  const paths = ['/plain', '/off', '/signed', '/off', '/plain'];
  for (const path of paths) {
    const { status } = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers: { 'x-api-key': key } });
    assert.equal(status, 200);
  }
  const told = (await backend.seen()).map(({ headers }) =>
    headers.filter((name, at) => at % 2 === 0 && /^x-consumer-(name|token)$/i.test(name)),
  );
  assert.deepEqual(told, [['X-Consumer-Name'], [], ['X-Consumer-Token'], [], ['X-Consumer-Name']]);
});
