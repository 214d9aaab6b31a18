// One listener for plain text beside one with TLS: nothing is served in plain text but what is named, and HSTS goes out over TLS only.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { askTls } from '../../support/tls-client.ts';

const authority = new TestAuthority();
let gateway: RunningGateway;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;
let secure = 0;

before(async () => {
  backend = await startNodeBackend();
  secure = await freePort();
  const { cert, key } = authority.issue('api', { names: ['DNS:api.test'] });
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
  - { address: "127.0.0.1:${secure}", tls: { certificates: [{ cert: ${cert}, key: ${key} }] } }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
filters:
  - httpsRedirect: { port: ${secure}, except: { routes: [health] } }
  - headers: { response: { set: { strict-transport-security: max-age=31536000 } } }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes:
  - { name: health, match: { path: /health }, to: { reply: { status: 204 } } }
  - { name: all, to: backend }
`);
});

after(async () => {
  await gateway.stop();
  await backend.stop();
  authority.remove();
});

const plain = (path: string, method = 'GET') =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, { method, redirect: 'manual' });

test('plain text is redirected, whatever its method, and reaches no upstream', async () => {
  for (const method of ['GET', 'POST']) {
    const answer = await plain('/plain/a?b=c', method);
    assert.equal(answer.status, 308);
    assert.equal(answer.headers.get('location'), `https://127.0.0.1:${secure}/plain/a?b=c`);
    assert.equal(answer.headers.get('strict-transport-security'), null);
  }
  assert.ok((await backend.seen()).every(({ path }) => !path.startsWith('/plain')));
});

test('the exception is served in plain text', async () => {
  assert.equal((await plain('/health')).status, 204);
});

test('TLS is served', async () => {
  const { text } = await askTls(secure, {}, '/tls');
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /\r\nstrict-transport-security: max-age=31536000\r\n/i);
});
