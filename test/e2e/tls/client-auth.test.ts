// Client certificates: who gets in, what upstreams are told, and that clients cannot forge it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, get as httpsGet } from 'node:https';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TestAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { askTls } from '../../support/tls-client.ts';

const authority = new TestAuthority();
const stranger = new TestAuthority('Another CA');
const read = (file: string) => readFileSync(file, 'utf8');
const names = ['URI:spiffe://acme.test/billing', 'DNS:billing.acme.test', 'email:ops@acme.test'];
const good = authority.issue('good', { name: 'billing "1", Ltd', names });
const revoked = authority.issue('revoked', { name: 'revoked' });
const expired = authority.issue('expired', { name: 'expired', days: -3 });
const foreign = stranger.issue('foreign', { name: 'foreign' });
const identity = ({ cert, key }: { cert: string; key: string }) => ({ cert: read(cert), key: read(key) });

let gateway: RunningGateway;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;
let optional = 0;
let trusting = 0;
const crl = authority.path('list.pem');

before(async () => {
  const server = authority.issue('api', { names: ['DNS:api.test'] });
  copyFileSync(authority.revoke(revoked.cert), crl);
  backend = await startNodeBackend();
  optional = await freePort();
  trusting = await freePort();
  const certificates = `certificates: [{ cert: ${server.cert}, key: ${server.key} }]`;
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    tls: { ${certificates}, clientAuth: { ca: ${authority.ca}, crl: ${crl}, forward: x-forwarded-client-cert } }
  - address: 127.0.0.1:${optional}
    tls: { ${certificates}, clientAuth: { ca: ${authority.ca}, mode: optional, forward: client-cert } }
  - address: 127.0.0.1:${trusting}
    trustedProxies: [127.0.0.1/32]
    clientCertificateHeaders: keep
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes: [{ name: all, to: backend }]
`);
});

after(async () => {
  await gateway.stop();
  await backend.stop();
  authority.remove();
  stranger.remove();
});

/** Headers of the request with this path, by lower-case name. */
async function fieldsAt(path: string): Promise<Map<string, string>> {
  const seen = (await backend.seen()).find(request => request.path === path);
  const raw = seen?.headers ?? [];
  return new Map(raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? '']] : [])));
}

test('required: only a verified certificate gets in', async () => {
  assert.match((await askTls(gateway.port, identity(good), '/good')).text, /^HTTP\/1\.1 200/);
  for (const [why, options] of Object.entries({
    none: {},
    expired: identity(expired),
    foreign: identity(foreign),
    revoked: identity(revoked),
  })) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { text } = await askTls(gateway.port, { ...options, maxVersion }, `/${why}`);
      assert.equal(text, '', `${why} ${maxVersion}`);
    }
    assert.equal((await fieldsAt(`/${why}`)).size, 0, why);
  }
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_tls_handshakes_total\{result="certificate_rejected"\} 8/);
});

test('x-forwarded-client-cert says what Envoy would say', async () => {
  await askTls(gateway.port, identity(good), '/envoy');
  const hash = new X509Certificate(read(good.cert)).fingerprint256.replaceAll(':', '').toLowerCase();
  assert.equal(
    (await fieldsAt('/envoy')).get('x-forwarded-client-cert'),
    `Hash=${hash};Subject="CN=billing \\\\\\"1\\\\\\"\\\\, Ltd,O=Cardea";URI=spiffe://acme.test/billing;DNS=billing.acme.test`,
  );
});

test('x-forwarded-client-cert holds nothing that cannot stand in a field', async () => {
  const odd = authority.issue('odd', { name: 'odd', names: ['URI:http://a/\u0001b', 'DNS:c\u007f.test'] });
  assert.match((await askTls(gateway.port, identity(odd), '/odd')).text, /^HTTP\/1\.1 200/);
  assert.match((await fieldsAt('/odd')).get('x-forwarded-client-cert')!, /;URI="http:\/\/a\/%01b";DNS="c%7F\.test"$/);
});

test('client-cert holds the certificate as RFC 9440 writes it, with those between it and the root; without one there is no field', async t => {
  await askTls(optional, identity(good), '/rfc');
  const der = new X509Certificate(read(good.cert)).raw.toString('base64');
  const fields = await fieldsAt('/rfc');
  assert.equal(fields.get('client-cert'), `:${der}:`);
  assert.equal(fields.has('x-forwarded-client-cert'), false);
  await askTls(optional, {}, '/anonymous');
  assert.equal((await fieldsAt('/anonymous')).has('client-cert'), false);
  assert.equal(fields.has('client-cert-chain'), false, 'its authority is a root');
  const between = new TestAuthority('Between', authority);
  t.after(() => between.remove());
  const below = identity(between.issue('below'));
  await askTls(optional, { ...below, cert: below.cert + between.caText }, '/chain');
  const issuer = new X509Certificate(between.caText).raw.toString('base64');
  assert.equal((await fieldsAt('/chain')).get('client-cert-chain'), `:${issuer}:`);
  assert.equal((await askTls(optional, identity(foreign), '/bad')).text, '');
});

test('a certificate without a subject, as SPIFFE has them, is told; one that anybody made is refused, and harms nobody', async () => {
  const uri = 'URI:spiffe://acme.test/nameless';
  const ours = authority.issue('nameless', { nameless: true, names: [uri] });
  await askTls(gateway.port, identity(ours), '/nameless');
  assert.match((await fieldsAt('/nameless')).get('x-forwarded-client-cert')!, /;Subject="";URI=spiffe:/);
  const theirs = identity(stranger.issue('nameless', { nameless: true, names: [uri] }));
  for (const port of [gateway.port, optional]) {
    assert.equal((await askTls(port, theirs, '/theirs')).text, '');
    assert.match((await askTls(port, identity(good), '/still')).text, /^HTTP\/1\.1 200/);
  }
  assert.doesNotMatch(gateway.stderr(), /worker (failed|died)/);
});

test('a resumed session still tells who the client is', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { ...identity(good), maxVersion };
    const { session } = await askTls(optional, options, '/first');
    const { resumed } = await askTls(optional, { ...options, session: session! }, `/again-${maxVersion}`);
    assert.equal(resumed, true);
    assert.equal((await fieldsAt(`/again-${maxVersion}`)).has('client-cert'), true, maxVersion);
  }
});

test('a certificate that has expired since is good for no resumed session', async () => {
  const life = 4_000;
  const short = identity(authority.issue('short', { name: 'short', days: life / 86_400_000 }));
  const issuedAt = performance.now();
  const sessions = [];
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { text, session } = await askTls(gateway.port, { ...short, maxVersion }, '/short');
    assert.match(text, /^HTTP\/1\.1 200/);
    sessions.push({ maxVersion, session: session! });
  }
  // Because: the certificate expires by the wall clock, in whole seconds.
  await delay(issuedAt + life + 1_000 - performance.now());
  for (const { maxVersion, session } of sessions) {
    const { text } = await askTls(gateway.port, { ...short, maxVersion, session }, `/short-${maxVersion}`);
    assert.equal(text, '', maxVersion);
    assert.equal((await fieldsAt(`/short-${maxVersion}`)).size, 0, maxVersion);
  }
});

test('a session that began where no certificate is needed opens no other listener', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await askTls(optional, { maxVersion }, '/open');
    const answer = await askTls(gateway.port, { session: session!, maxVersion }, `/crossed-${maxVersion}`);
    assert.equal(answer.text, '');
    assert.equal((await fieldsAt(`/crossed-${maxVersion}`)).size, 0);
  }
});

test('a connection that began before a certificate was asked for ends with the reload that asks', async t => {
  const server = authority.issue('later', { names: ['DNS:api.test'] });
  const tls = `certificates: [{ cert: ${server.cert}, key: ${server.key} }]`;
  const opening = 'admin: { address: "127.0.0.1:{{adminPort}}" }\naccessLog: { path: off }';
  const later = await startGateway(
    `listeners: [{ address: "127.0.0.1:{{port}}", tls: { ${tls} } }]\n${opening}\nroutes: [{ name: all, to: { reply: { status: 200 } } }]\n`,
  );
  t.after(() => later.stop());
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  t.after(() => agent.destroy());
  const ask = () =>
    new Promise<number>((resolve, reject) => {
      const request = httpsGet({ port: later.port, agent }, response => {
        response.resume().on('end', () => resolve(response.statusCode!));
      });
      request.on('error', reject);
    });
  assert.equal(await ask(), 200);
  const text = readFileSync(later.configPath, 'utf8');
  writeFileSync(`${later.configPath}.new`, text.replace(tls, `${tls}, clientAuth: { ca: ${authority.ca} }`));
  renameSync(`${later.configPath}.new`, later.configPath);
  await eventually(() => later.stderr().includes('configuration reloaded'), 'the reload');
  // The next response says that it is the last.
  await ask().catch(() => 0);
  await assert.rejects(ask());
});

test('a trusted proxy may tell of its client where the listener says so', async () => {
  const url = `http://127.0.0.1:${trusting}/kept`;
  await promisify(execFile)('curl', [
    '-s',
    '-H',
    'X-Forwarded-Client-Cert: Hash=abc',
    '-H',
    'Client-Cert: :AAAA:',
    url,
  ]);
  const fields = await fieldsAt('/kept');
  assert.equal(fields.get('x-forwarded-client-cert'), 'Hash=abc');
  assert.equal(fields.get('client-cert'), ':AAAA:');
});

test('a new list of revoked certificates counts for new connections, resumed sessions too', async () => {
  const options = identity(good);
  const { session } = await askTls(gateway.port, options, '/before');
  const next = authority.revoke(good.cert);
  copyFileSync(next, `${crl}.new`);
  renameSync(`${crl}.new`, crl);
  const until = performance.now() + 2_000;
  let text = 'x';
  while (text !== '' && performance.now() < until) {
    // Because: nothing outside the gateway shows when the watcher has seen the file.
    await delay(50);
    ({ text } = await askTls(gateway.port, options, '/after'));
  }
  assert.equal(text, '');
  assert.equal((await askTls(gateway.port, { ...options, session: session! }, '/resumed')).text, '');
});

test('a list that has expired refuses every client, and is told of until there is another', async () => {
  const client = identity(authority.issue('late', { name: 'late' }));
  const dayMs = 86_400_000;
  const replaceBy = (from: number, to: number) => {
    const [first, last] = [from, to].map(days => new Date(Date.now() + days * dayMs));
    writeFileSync(`${crl}.new`, authority.listBetween(first!, last!));
    renameSync(`${crl}.new`, crl);
  };
  const shown = async (page: string) => (await fetch(`http://127.0.0.1:${gateway.adminPort}${page}`)).text();
  const isTold = async () => /list\.pem[^}]*revocation list has expired/.test(await shown('/health/ready'));
  replaceBy(-2, -1);
  await eventually(isTold, 'it is told of');
  assert.match(gateway.stderr(), /list\.pem holds a list that has expired on/);
  assert.match(await shown('/metrics'), /^cardea_revocation_list_expiry_days\{file="[^"]*list\.pem"\} -1(\.\d+)?$/m);
  assert.equal((await askTls(gateway.port, client, '/late')).text, '');
  replaceBy(-1, 2);
  await eventually(async () => !(await isTold()), 'it is told of no more');
  assert.match((await askTls(gateway.port, client, '/late')).text, /^HTTP\/1\.1 200/);
});
