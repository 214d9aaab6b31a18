// The authority that signs a store's certificate is replaced while the gateway runs: new connections to the store are verified by the new
// one, and a broken file changes nothing but the log.

import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { TestAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { startGateway } from '../../support/gateway.ts';
import { startRedis } from '../../support/redis.ts';

test('a store goes by the authority that its file names now', async t => {
  const [before, behind] = [new TestAuthority('Before'), new TestAuthority('Behind')];
  const port = await freePort();
  const start = async (authority: TestAuthority) => {
    const { cert, key } = authority.issue('redis', { names: ['DNS:localhost'] });
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority.ca];
    return startRedis({ arguments: ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files] });
  };
  let redis = await start(before);
  const ca = path.join(before.folder, 'store-ca.pem');
  copyFileSync(before.ca, ca);
  const gateway = await startGateway(
    `
stores:
  main: { url: "rediss://localhost:${port}", ca: ${ca} }
routes:
  - name: limited
    match: { path: /limited }
    public: true
    filters:
      - rateLimit: { limit: 100/h, store: main, mode: exact, onStoreFailure: closed, answerTimeout: 1s }
      - quota: { limit: 100/day, store: main, by: ip, plan: false, onStoreFailure: closed }
    to: { reply: { status: 200 } }
`,
    { workers: 1 },
  );
  t.after(async () => {
    await gateway.stop();
    await redis.stop();
    before.remove();
    behind.remove();
  });
  const status = async () => (await fetch(`http://127.0.0.1:${gateway.port}/limited`)).status;
  await eventually(async () => (await status()) === 200, 'Redis counts');
  writeFileSync(ca, 'broken');
  await eventually(() => gateway.stderr().includes('store-ca.pem'), 'the broken file is told of');
  assert.equal(await status(), 200, 'and changes nothing');

  copyFileSync(behind.ca, ca);
  await redis.stop();
  redis = await start(behind);
  await eventually(async () => (await status()) === 200, 'the new authority is believed');
});
