// Authorities between a client and the root, and lists that revoke them: real openssl chains over both protocols, resumed sessions too.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect as connectH2 } from 'node:http2';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { TestAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';

const root = new TestAuthority('Root');
const partners = new TestAuthority('Partners', root);
const staff = new TestAuthority('Staff', root);
/** An authority that lost its key and got another; the name stayed. */
const shopsBefore = new TestAuthority('Shops', root);
const shops = new TestAuthority('Shops', root);
const authorities = [root, partners, staff, shopsBefore, shops];

/** A certificate as clients present it: with the certificate of its authority. */
function identity(authority: TestAuthority, name: string) {
  const { cert, key } = authority.issue(name);
  return { cert: readFileSync(cert, 'utf8') + authority.caText, key: readFileSync(key, 'utf8') };
}

const partner = identity(partners, 'partner');
const clerk = identity(staff, 'clerk');
const shopBefore = identity(shopsBefore, 'shop');
const shop = identity(shops, 'shop');
const versions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];
const protocols = ['h2', 'http/1.1'] as const;
const watched = root.path('watched.pem');
let gateway: RunningGateway;

before(async () => {
  const server = root.issue('api', { names: ['DNS:api.test'] });
  copyFileSync(root.revoke(shopsBefore.ca), watched);
  const known = root.path('known.pem');
  writeFileSync(known, [root, partners, staff, shops].map(({ caText }) => caText).join(''));
  const lists = [watched, partners.revoke(), staff.revoke(), shops.revoke()].map(file => `"\${file:${file}}"`);
  const clients = ['partner', 'clerk', 'shop'].map(name => `{ subject: "CN=${name},O=Cardea" }`).join(', ');
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    tls:
      certificates: [{ cert: ${server.cert}, key: ${server.key} }]
      clientAuth: { ca: ${root.ca}, mode: optional }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
routes:
  - name: whole
    match: { path: /whole }
    filters: [{ mtls: { clients: [${clients}], crl: { lists: [${lists.join(', ')}], authorities: "\${file:${known}}" } } }]
    to: { reply: { status: 204 } }
  - name: issuing
    match: { path: /issuing }
    filters:
      - mtls:
          clients: [${clients}]
          crl: { lists: ["\${file:${partners.path('crl.pem')}}"], authorities: "\${file:${partners.ca}}" }
    to: { reply: { status: 204 } }
  - name: open
    match: { path: /open }
    public: true
    to: { reply: { status: 204 } }
`);
});

after(async () => {
  await gateway?.stop();
  for (const authority of authorities) authority.remove();
});

/** Opens a connection that is kept, and returns it with its session. */
async function open(protocol: 'h2' | 'http/1.1', options: ConnectionOptions) {
  const socket = connect({
    port: gateway.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    servername: 'api.test',
    ALPNProtocols: [protocol],
    ...options,
  });
  let session: Buffer | undefined;
  socket.on('session', given => {
    session = given;
  });
  const failed = new Promise<never>((_resolve, reject) => socket.on('error', reject));
  failed.catch(() => undefined);
  await Promise.race([failed, new Promise<void>(resolve => socket.once('secureConnect', () => resolve()))]);
  assert.equal(socket.alpnProtocol, protocol);
  const ask = protocol === 'h2' ? overH2(socket) : overH1(socket);
  return {
    ask: (target: string) => Promise.race([failed, ask(target)]),
    resumed: socket.isSessionReused(),
    session: () => session,
    close: () => socket.destroy(),
  };
}

function overH1(socket: TLSSocket) {
  let text = '';
  let heard = () => {};
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    heard();
  });
  return (target: string) =>
    new Promise<string>(resolve => {
      text = '';
      heard = () => {
        const end = text.indexOf('\r\n\r\n');
        const length = Number(/^content-length: ([0-9]+)/im.exec(text)?.[1] ?? 0);
        if (end >= 0 && text.length >= end + 4 + length) resolve(shortOf(text.slice(9, 12), text));
      };
      socket.write(`GET ${target} HTTP/1.1\r\nHost: api.test\r\n\r\n`);
    });
}

function overH2(socket: TLSSocket) {
  const session = connectH2('https://api.test', { createConnection: () => socket });
  session.on('error', () => {});
  return (target: string) =>
    new Promise<string>((resolve, reject) => {
      const stream = session.request({ ':path': target });
      let status = '';
      let body = '';
      stream.on('response', headers => {
        status = String(headers[':status']);
      });
      stream.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      stream.on('end', () => resolve(shortOf(status, body)));
      stream.on('error', reject);
    });
}

/** The status, with the code of a refusal. */
function shortOf(status: string, text: string): string {
  const code = /"code":\s*"([a-z_]+)"/.exec(text)?.[1];
  return code === undefined ? status : `${status} ${code}`;
}

async function askOnce(protocol: 'h2' | 'http/1.1', options: ConnectionOptions, target: string) {
  const connection = await open(protocol, options);
  const answer = await connection.ask(target);
  connection.close();
  return { answer, resumed: connection.resumed, session: connection.session() };
}

for (const protocol of protocols) {
  test(`${protocol}: where a certificate is optional, a route that asks for one refuses without, and others do not`, async () => {
    for (const maxVersion of versions) {
      const nobody = await open(protocol, { maxVersion });
      assert.equal(await nobody.ask('/whole'), '401 credentials_missing');
      assert.equal(await nobody.ask('/open'), '204');
      nobody.close();
      const known = await open(protocol, { ...clerk, maxVersion });
      assert.equal(await known.ask('/whole'), '204');
      assert.equal(await known.ask('/open'), '204');
      known.close();
    }
  });

  test(`${protocol}: an authority that was revoked vouches for nobody, whoever has its name by now`, async () => {
    for (const maxVersion of versions) {
      assert.equal((await askOnce(protocol, { ...shop, maxVersion }, '/whole')).answer, '204');
      const { answer, session } = await askOnce(protocol, { ...shopBefore, maxVersion }, '/whole');
      assert.equal(answer, '401 credentials_invalid');
      // Because: a session keeps only the client's own certificate, and nothing else shows who signed that.
      const again = await askOnce(protocol, { ...shopBefore, maxVersion, session: session! }, '/whole');
      assert.deepEqual([again.resumed, again.answer], [true, '503 identity_unavailable'], maxVersion);
    }
  });
}

test('an authority that is revoked in traffic: open connections, new ones and resumed ones', async t => {
  const kept: Awaited<ReturnType<typeof open>>[] = [];
  t.after(() => {
    for (const connection of kept) connection.close();
  });
  const ways = protocols.flatMap(protocol => versions.map(maxVersion => ({ protocol, maxVersion })));
  const sessions = new Map<object, Buffer>();
  for (const way of ways) {
    const { protocol, maxVersion } = way;
    const connection = await open(protocol, { ...partner, maxVersion });
    kept.push(connection);
    assert.equal(await connection.ask('/whole'), '204');
    const session = connection.session()!;
    const again = await askOnce(protocol, { ...partner, maxVersion, session }, '/whole');
    assert.deepEqual([again.resumed, again.answer], [true, '204']);
    sessions.set(way, session);
  }
  copyFileSync(root.revoke(partners.ca), `${watched}.new`);
  renameSync(`${watched}.new`, watched);
  const seen = new Set<string>();
  await eventually(async () => {
    const { answer } = await askOnce('http/1.1', partner, '/whole');
    seen.add(answer);
    return answer !== '204';
  }, 'the new list');
  assert.deepEqual([...seen].at(-1), '401 credentials_invalid');
  for (const connection of kept) assert.equal(await connection.ask('/whole'), '401 credentials_invalid');
  for (const [at, way] of ways.entries()) {
    const { protocol, maxVersion } = way;
    const about = `${protocol} ${maxVersion}`;
    assert.equal(
      (await askOnce(protocol, { ...partner, maxVersion }, '/whole')).answer,
      '401 credentials_invalid',
      about,
    );
    const session = sessions.get(way)!;
    const again = await askOnce(protocol, { ...partner, maxVersion, session }, '/whole');
    assert.deepEqual([again.resumed, again.answer], [true, '401 credentials_invalid'], about);
    assert.equal((await askOnce(protocol, { ...clerk, maxVersion }, '/whole')).answer, '204', about);
    assert.equal(await kept[at]!.ask('/issuing'), '204', 'no list of the root is there to ask');
  }
});
