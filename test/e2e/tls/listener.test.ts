// TLS towards clients: certificates by name, versions, protocols, limits of handshakes; checked with openssl, curl and Node.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { TestAuthority } from '../../support/certificates.ts';
import { eventuallySeen } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { askTls } from '../../support/tls-client.ts';

const run = promisify(execFile);
const authority = new TestAuthority();
let gateway: RunningGateway;
let bothPort = 0;
let h2Port = 0;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;

before(async () => {
  backend = await startNodeBackend();
  bothPort = await freePort();
  h2Port = await freePort();
  const api = authority.issue('api', { names: ['DNS:api.test'] });
  const apiRsa = authority.issue('api-rsa', { names: ['DNS:api.test'], key: 'rsa' });
  const wild = authority.issue('wild', { names: ['DNS:*.wild.test'] });
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    protocols: [http/1.1]
    tls:
      certificates:
        - { cert: ${api.cert}, key: ${api.key} }
        - { cert: ${wild.cert}, key: ${wild.key} }
      handshakeTimeout: 300ms
      handshakesMax: 5
  - address: 127.0.0.1:${bothPort}
    protocols: [http/1.1]
    tls: { certificates: [{ cert: ${api.cert}, key: ${api.key} }, { cert: ${apiRsa.cert}, key: ${apiRsa.key} }] }
  - address: 127.0.0.1:${h2Port}
    protocols: [h2]
    tls: { certificates: [{ cert: ${api.cert}, key: ${api.key} }] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
limits: { body: 64MiB }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes:
  - { name: fixed, match: { path: /fixed }, to: { reply: { status: 200, body: fixed } } }
  - { name: all, to: backend }
`);
});

after(async () => {
  await gateway.stop();
  await backend.stop();
  authority.remove();
});

async function handshakes(result: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  return Number(new RegExp(`cardea_tls_handshakes_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1]);
}

/** Waits for the counter, because clients notice the end before it is counted. */
async function counted(result: string, times: number): Promise<void> {
  const count = await eventuallySeen(
    () => handshakes(result),
    seen => seen >= times,
    `${result} is counted`,
  );
  assert.equal(count, times);
}

test('curl verifies the certificate and gets its answer over TLS 1.3 and 1.2', async () => {
  const to = ['--cacert', authority.ca, '--resolve', `api.test:${gateway.port}:127.0.0.1`];
  for (const version of ['1.2', '1.3']) {
    const url = `https://api.test:${gateway.port}/fixed`;
    const { stdout } = await run('curl', ['-s', `--tlsv${version}`, '--tls-max', version, ...to, url]);
    assert.equal(stdout, 'fixed', version);
  }
});

test('the exact name, then the wildcard, else the first certificate', async () => {
  const shown = async (servername: string) => (await askTls(gateway.port, { servername })).certificate;
  assert.equal(await shown('api.test'), 'api.test');
  assert.equal(await shown('API.test'), 'api.test');
  assert.equal(await shown('a.wild.test'), '*.wild.test');
  assert.equal(await shown('a.b.wild.test'), 'api.test');
  assert.equal(await shown('wild.test'), 'api.test');
  assert.equal(await shown('other.test'), 'api.test');
  assert.equal(await shown(''), 'api.test');
});

test('two kinds of key stand for one name: clients that know no ECDSA get RSA', async () => {
  const shown = async (ciphers: string) => {
    const answer = await askTls(bothPort, { maxVersion: 'TLSv1.2', ciphers });
    return [answer.text.slice(-5), answer.keyBits];
  };
  assert.deepEqual(await shown('ECDHE-RSA-AES128-GCM-SHA256'), ['fixed', 2048]);
  assert.deepEqual(await shown('ECDHE-ECDSA-AES128-GCM-SHA256'), ['fixed', 256]);
});

test('old versions and weak ciphers are refused', async () => {
  const old = await askTls(gateway.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  assert.match(old.error, /ALERT_PROTOCOL_VERSION/);
  const weak = await askTls(gateway.port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' });
  assert.match(weak.error, /HANDSHAKE_FAILURE/);
});

test('a protocol that is not spoken is refused as TLS says, and counted', async () => {
  const before = await handshakes('no_protocol');
  assert.equal((await askTls(gateway.port, { ALPNProtocols: ['http/1.1'] })).alpn, 'http/1.1');
  assert.match((await askTls(gateway.port, { ALPNProtocols: ['smtp'] })).error, /NO_APPLICATION_PROTOCOL/);
  await counted('no_protocol', before + 1);
});

test('a client that names no protocol speaks HTTP/1.1, and is refused where that is not spoken', async () => {
  const before = await handshakes('no_protocol');
  assert.match((await askTls(gateway.port)).text, /fixed$/);
  assert.equal((await askTls(h2Port)).text, '');
  assert.equal((await askTls(h2Port, { ALPNProtocols: ['h2'] })).alpn, 'h2');
  await counted('no_protocol', before + 1);
});

test('plain HTTP on a TLS port ends at once', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
});

test('a client that does not go on is cut after the handshake timeout', async () => {
  const before = await handshakes('timeout');
  const began = performance.now();
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'close');
  assert.ok(performance.now() - began < 3_000);
  await counted('timeout', before + 1);
});

test('beyond the limit of handshakes under way, connections are closed at once; then others are served', async () => {
  const before = await handshakes('too_many');
  const sockets = Array.from({ length: 9 }, () => connect(gateway.port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => {});
  const ended = sockets.map(socket => once(socket, 'close'));
  await Promise.all(ended.slice(0, 4).map(() => Promise.any(ended)));
  await Promise.all(ended);
  await counted('too_many', before + 4);
  assert.match((await askTls(gateway.port)).text, /fixed$/);
});

test('kept-alive connections, large bodies both ways, and requests in one write', async () => {
  const body = Buffer.alloc(3 * 1024 * 1024, 'abcdefgh');
  const to = ['--cacert', authority.ca, '--resolve', `api.test:${gateway.port}:127.0.0.1`];
  const url = `https://api.test:${gateway.port}/echo`;
  const child = run('curl', ['-s', ...to, '-H', 'Expect:', '--data-binary', '@-', url, '--next', '-s', ...to, url], {
    encoding: 'buffer',
    maxBuffer: 16 * 1024 * 1024,
  });
  child.child.stdin?.end(body);
  const { stdout } = await child;
  assert.ok(body.equals(stdout), `${stdout.length} bytes came back`);
});

test('the backend hears of https, and what clients say of their certificates does not reach it', async () => {
  const to = ['--cacert', authority.ca, '--resolve', `api.test:${gateway.port}:127.0.0.1`];
  const lies = ['X-Forwarded-Client-Cert: Hash=1', 'Client-Cert: :AAAA:', 'Client-Cert-Chain: :AAAA:'];
  await run('curl', ['-s', ...to, ...lies.flatMap(line => ['-H', line]), `https://api.test:${gateway.port}/seen`]);
  const seen = (await backend.seen()).find(({ path }) => path === '/seen');
  const headers = (seen?.headers ?? []).map(text => text.toLowerCase());
  assert.equal(headers[headers.indexOf('x-forwarded-proto') + 1], 'https');
  for (const name of ['x-forwarded-client-cert', 'client-cert', 'client-cert-chain']) {
    assert.ok(!headers.includes(name), name);
  }
});
