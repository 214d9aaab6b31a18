// Problems of certificates, keys and lists are reported with the file and the place; good files become material.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type CertificateFiles, TestAuthority } from '../../../test/support/certificates.ts';
import { readTlsMaterial } from './read-material.ts';
import type { ListenerTlsSpec, TlsFiles, UpstreamTlsSpec } from './tls-specs.ts';

const authority = new TestAuthority();
after(() => authority.remove());
const good = authority.issue('good', { names: ['DNS:api.test', 'DNS:*.api.test'] });
const other = authority.issue('other', { names: ['DNS:other.test'] });
const now = Date.now();

/** Every file of the authority's folder, as the configuration would have read them. */
function files(folders: Record<string, string[]> = {}): TlsFiles {
  const entries = readdirSync(authority.folder).filter(name => /\.(pem|key|txt|bin)$/.test(name));
  const texts = new Map<string, string | { readonly error: string }>();
  for (const name of entries) texts.set(authority.path(name), readFileSync(authority.path(name), 'utf8'));
  texts.set('absent.pem', { error: 'there is no file absent.pem' });
  return { texts, folders: new Map(Object.entries(folders)) };
}

const listenerSpec: ListenerTlsSpec = {
  certificates: [],
  minVersion: 'TLSv1.2',
  ciphers: [],
  clientAuth: null,
  handshakeTimeoutMs: 1_000,
  handshakesMax: 10,
  sessionTickets: { lifetimeMs: 1_000, keys: null },
};

function listenerWith(
  certificates: ListenerTlsSpec['certificates'],
  more: Partial<ListenerTlsSpec> = {},
  at = Date.now(),
) {
  const tls: ListenerTlsSpec = { ...listenerSpec, certificates, ...more };
  return readTlsMaterial({ listeners: [{ tls, protocols: ['http/1.1'] }], upstreams: [], stores: [] }, files(), at);
}

/** The one problem, as `path: message`. */
function problemOf({ problems }: ReturnType<typeof readTlsMaterial>): string {
  assert.equal(problems.length, 1, JSON.stringify(problems));
  return `${problems[0]!.severity} ${problems[0]!.path.slice(3).join('.')}: ${problems[0]!.message}`;
}

test('a good pair becomes material with its names', () => {
  const { material, problems } = listenerWith([good, other]);
  assert.deepEqual(problems, []);
  const names = material?.listeners[0]?.certificates.map(certificate => certificate.names);
  assert.deepEqual(names, [['api.test', '*.api.test'], ['other.test']]);
});

test('unreadable, not PEM, mixed up, mismatched, encrypted', () => {
  const text = authority.path('text.txt');
  writeFileSync(text, 'hello');
  const encrypted = authority.path('encrypted.txt');
  writeFileSync(encrypted, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n');
  const broken = authority.path('broken.txt');
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const cases: [CertificateFiles, RegExp][] = [
    [{ cert: 'absent.pem', key: good.key }, /^error certificates\.0\.cert: there is no file absent\.pem/],
    [{ cert: text, key: good.key }, /^error certificates\.0\.cert: \S+text\.txt is not PEM/],
    [{ cert: good.key, key: good.key }, /^error certificates\.0\.cert: \S+good\.key holds a private key and no certif/],
    [{ cert: good.cert, key: text }, /^error certificates\.0\.key: \S+text\.txt is not PEM/],
    [{ cert: good.cert, key: other.key }, /^error certificates\.0\.key: \S+other\.key is not the key of \S+ certif/],
    [{ cert: good.cert, key: encrypted }, /^error certificates\.0\.key: \S+ is encrypted with a passphrase/],
    [{ cert: broken, key: good.key }, /^error certificates\.0\.cert: \S+ holds a certificate that cannot be read/],
  ];
  for (const [pair, expected] of cases) {
    const read = listenerWith([pair]);
    assert.equal(read.material, null);
    assert.match(problemOf(read), expected);
  }
});

test('expired, not yet valid, weak', () => {
  const expired = authority.issue('expired', { names: ['DNS:a.test'], days: -3 });
  assert.match(
    problemOf(listenerWith([expired])),
    /^error certificates\.0\.cert: \S+expired\.pem has expired on \d{4}-/,
  );
  const early = listenerWith([good], {}, now - 86_400_000);
  assert.match(problemOf(early), /^error certificates\.0\.cert: \S+ is not valid before/);
  const short = authority.issue('short', { names: ['DNS:a.test'], key: 'rsa1024' });
  assert.match(problemOf(listenerWith([short])), /is weak: RSA with 1024 bits, expected 2048 or more/);
  const sha1 = authority.issue('sha1', { names: ['DNS:a.test'], digest: 'sha1' });
  assert.match(problemOf(listenerWith([sha1])), /is weak: signed with \S+, expected SHA-256/i);
});

test('warnings 30 and 7 days before the end', () => {
  const dayMs = 86_400_000;
  const at = (days: number) => listenerWith([good], {}, now + (365 - days) * dayMs);
  assert.deepEqual(at(40).problems, []);
  assert.match(problemOf(at(20)), /^warning certificates\.0\.cert: \S+ expires in (19|20) days, on /);
  assert.match(problemOf(at(5)), /^warning \S+: \S+ expires very soon, in [45] days/);
  assert.notEqual(at(5).material, null);
});

test('a chain ends with the first of its certificates, a file of authorities with its last', () => {
  const dayMs = 86_400_000;
  // An authority is made for 400 days, and what it issues here for longer.
  const leaf = authority.issue('long', { names: ['DNS:long.test'], days: 600 });
  const chain = authority.path('chain.pem');
  writeFileSync(chain, `${readFileSync(leaf.cert, 'utf8')}${readFileSync(authority.ca, 'utf8')}`);
  const at = (certificate: CertificateFiles, days: number, more: Partial<ListenerTlsSpec> = {}) =>
    listenerWith([certificate], more, now + days * dayMs);
  assert.deepEqual(at(leaf, 395).problems, []);
  const inChain = at({ ...leaf, cert: chain }, 395);
  assert.match(
    problemOf(inChain),
    /^warning certificates\.0\.cert: \S+chain\.pem has a certificate of Test CA in its chain that expires very soon, in [45] days/,
  );
  const clientAuth = { ca: authority.ca, crl: null, mode: 'required', forward: 'none' } as const;
  const byAuthority = at(leaf, 395, { clientAuth });
  assert.match(
    problemOf(byAuthority),
    /^warning clientAuth\.ca: \S+ca\.pem: its last authority expires very soon, in [45] days, on /,
  );
  const expiries = Object.fromEntries(
    byAuthority.material!.certificates.map(({ file, expiresAt }) => [file, Math.round((expiresAt - now) / dayMs)]),
  );
  assert.deepEqual(expiries, { [leaf.cert]: 600, [authority.ca]: 400 });
  assert.deepEqual(
    inChain.material!.certificates.map(({ expiresAt }) => Math.round((expiresAt - now) / dayMs)),
    [400],
  );
});

test('two certificates for one name are refused; two kinds of key for the same names are not', () => {
  const twin = authority.issue('twin', { names: ['DNS:api.test'] });
  assert.match(problemOf(listenerWith([good, twin])), /are both for api\.test: expected one certificate per name$/);
  const rsa = authority.issue('rsa', { names: ['DNS:api.test', 'DNS:*.api.test'], key: 'rsa' });
  assert.deepEqual(listenerWith([good, rsa]).problems, []);
  assert.match(problemOf(listenerWith([good, rsa, other])), /RSA and ECDSA side by side need a listener whose/);
});

test('ciphers, ticket keys, authorities and lists of revoked certificates', () => {
  assert.match(problemOf(listenerWith([good], { ciphers: ['RC4-SHA'] })), /RC4-SHA is broken and cannot be used/);
  assert.match(problemOf(listenerWith([good], { ciphers: ['ECDHE-X'] })), /there is no cipher "ECDHE-X"/);
  const keys = { lifetimeMs: 1, keys: authority.path('text.txt') };
  assert.match(problemOf(listenerWith([good], { sessionTickets: keys })), /expected 48 bytes in base64 per line/);
  const auth = { ca: authority.ca, crl: null, mode: 'required', forward: 'none' } as const;
  assert.deepEqual(listenerWith([good], { clientAuth: auth }).problems, []);
  const wrongList = listenerWith([good], { clientAuth: { ...auth, crl: authority.ca } });
  assert.match(problemOf(wrongList), /^error clientAuth\.crl: \S+ is not a list of revoked certificates/);
  const wrongCa = listenerWith([good], { clientAuth: { ...auth, ca: authority.path('text.txt') } });
  assert.match(problemOf(wrongCa), /^error clientAuth\.ca: \S+text\.txt is not PEM/);
});

test('a revocation list that is not valid is a warning, and until when one is valid is part of the material', () => {
  const auth = { ca: authority.ca, crl: authority.revoke(), mode: 'required', forward: 'none' } as const;
  const dayMs = 86_400_000;
  const { material, problems } = listenerWith([good], { clientAuth: auth });
  assert.deepEqual(problems, []);
  const [list, ...others] = material!.revocationLists;
  assert.deepEqual([list!.file, others], [auth.crl, []]);
  assert.ok(Math.abs(list!.expiresAt - now - 30 * dayMs) < dayMs);
  const late = listenerWith([good], { clientAuth: auth }, now + 31 * dayMs);
  assert.match(problemOf(late), /^warning clientAuth\.crl: \S+crl\.pem holds a list that has expired on 20/);
  assert.notEqual(late.material, null);
});

test('ciphers are known in small letters, too, as Node lists them, and given to OpenSSL as it knows them', () => {
  const ciphers = ['ecdhe-rsa-aes128-gcm-sha256', 'tls_aes_256_gcm_sha384'];
  const { material } = listenerWith([good], { ciphers });
  assert.equal(material?.listeners[0]?.ciphers, 'TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256');
});

test('authorities by which nobody can be verified are refused, of listeners and of upstreams; beside others they may stand', () => {
  const short = authority.issue('short-ca', { names: ['DNS:a.test'], key: 'rsa1024' });
  const auth = { ca: short.cert, crl: null, mode: 'required', forward: 'none' } as const;
  assert.match(
    problemOf(listenerWith([good], { clientAuth: auth })),
    /^error clientAuth\.ca: \S+short-ca\.pem is weak: RSA with 1024 bits, expected 2048 or more/,
  );
  const tls: UpstreamTlsSpec = { ca: short.cert, cert: null, key: null, serverName: null, verify: true };
  const read = readTlsMaterial(
    { listeners: [], upstreams: [{ name: 'u', tls, protocol: 'h2' }], stores: [] },
    files(),
    Date.now(),
  );
  assert.equal(
    problemOf(read).replace(/\S+short-ca/, 'short-ca'),
    'error ca: short-ca.pem is weak: RSA with 1024 bits, expected 2048 or more',
  );
  const bundle = authority.path('bundle.pem');
  writeFileSync(bundle, readFileSync(short.cert, 'utf8') + readFileSync(authority.ca, 'utf8'));
  assert.deepEqual(listenerWith([good], { clientAuth: { ...auth, ca: bundle } }).problems, []);
});

test('a folder: pairs by name, and what has no partner is told', () => {
  const tls = { certificates: [{ folder: authority.folder }] };
  const read = (names: string[]) => {
    const spec = {
      ...tls,
      minVersion: 'TLSv1.2',
      ciphers: [],
      clientAuth: null,
      handshakeTimeoutMs: 1,
      handshakesMax: 1,
    };
    const whole = { ...spec, sessionTickets: { lifetimeMs: 1, keys: null } } as const satisfies object;
    // Because: the literal types of a spread are wider than the spec's.
    const listeners = [{ tls: whole as ListenerTlsSpec, protocols: [] }];
    return readTlsMaterial({ listeners, upstreams: [], stores: [] }, files({ [authority.folder]: names }), now);
  };
  const both = read(['good.key', 'good.pem', 'other.key', 'other.pem', 'ca.pem']);
  assert.deepEqual(both.problems, []);
  assert.equal(both.material?.listeners[0]?.certificates.length, 2);
  assert.match(
    problemOf(read(['good.key', 'good.pem', 'lonely.key'])),
    /^warning \S+: \S+lonely\.key has no certificate/,
  );
  assert.match(
    problemOf(read(['good.key', 'good.pem', 'other.pem'])),
    /^error \S+: \S+other\.pem has no key beside it: expected other\.key/,
  );
  // As HAProxy expects it: the certificate, its chain and its key in one file.
  const combined = readFileSync(authority.path('good.pem'), 'utf8') + readFileSync(authority.path('good.key'), 'utf8');
  writeFileSync(authority.path('combined.pem'), combined);
  const one = read(['combined.pem', 'ca.pem']);
  assert.deepEqual(one.problems, []);
  assert.deepEqual(one.material?.listeners[0]?.certificates[0]?.names, ['api.test', '*.api.test']);
  assert.match(problemOf(read(['ca.pem'])), /^error certificates\.0\.folder: \S+ holds no certificate with a key/);
});

test('an upstream that is not verified is told loudly', () => {
  const tls: UpstreamTlsSpec = { ca: null, cert: null, key: null, serverName: null, verify: false };
  const read = readTlsMaterial(
    { listeners: [], upstreams: [{ name: 'u', tls, protocol: 'auto' }], stores: [] },
    files(),
    now,
  );
  assert.match(read.problems[0]?.message ?? '', /are not verified: anyone in between can read and change/);
  assert.deepEqual(read.material?.upstreams.get('u')?.protocols, ['h2', 'http/1.1']);
});

test('the authority of a store is checked, since its driver would tell when it connects', () => {
  const read = (ca: string) =>
    readTlsMaterial({ listeners: [], upstreams: [], stores: [{ name: 's', ca }] }, files(), now);
  assert.deepEqual(read('').problems, []);
  const [problem] = read('/nowhere/ca.pem').problems;
  assert.deepEqual(problem?.path, ['stores', 's', 'ca']);
  assert.match(problem?.message ?? '', /\/nowhere\/ca\.pem/);
});

test('a pair that serves stays while its files are broken, and does not keep the others from being renewed', () => {
  const folder = authority.path('tenants');
  const key = readFileSync(good.key, 'utf8');
  const texts = new Map<string, string | { readonly error: string }>();
  const put = (name: string, text: string) => texts.set(`${folder}/${name}`, text);
  const tls = { ...listenerSpec, certificates: [{ folder }] };
  const read = (serving?: ReturnType<typeof readTlsMaterial>['pairs']) => {
    const names = Array.from(texts.keys(), file => file.slice(folder.length + 1)).sort();
    const specs = { listeners: [{ tls, protocols: [] }], upstreams: [], stores: [] };
    return readTlsMaterial(specs, { texts, folders: new Map([[folder, names]]) }, Date.now(), serving && { serving });
  };
  put('broken.pem', readFileSync(good.cert, 'utf8'));
  put('broken.key', key);
  put('renewed.pem', `${readFileSync(other.cert, 'utf8')}${readFileSync(other.key, 'utf8')}`);
  const { pairs } = read();
  assert.deepEqual([...pairs.keys()], [`${folder}/broken.pem`, `${folder}/renewed.pem`]);

  const next = authority.issue('next', { names: ['DNS:other.test'] });
  const renewed = `${readFileSync(next.cert, 'utf8')}${readFileSync(next.key, 'utf8')}`;
  put('renewed.pem', renewed);
  for (const [name, text, message] of [
    ['broken.pem', 'hello', 'broken.pem is not PEM'],
    ['broken.key', readFileSync(other.key, 'utf8'), 'broken.key is not the key of the certificate in'],
  ] as const) {
    const before = texts.get(`${folder}/${name}`);
    put(name, text);
    assert.equal(read().material, null, 'the start refuses it');
    const { material, problems, refused } = read(pairs);
    assert.deepEqual(problems, []);
    assert.match(refused.map(each => `${each.severity} ${each.message}`).join(), new RegExp(`^error \\S+${message}`));
    assert.deepEqual(
      material?.listeners[0]?.certificates.map(({ cert }) => cert),
      [readFileSync(good.cert, 'utf8'), renewed],
    );
    texts.set(`${folder}/${name}`, before!);
  }
  // A file that holds both certificate and key, and is broken as a whole.
  put('renewed.pem', 'hello');
  const { material, refused } = read(pairs);
  assert.match(refused.map(({ message }) => message).join(), /^\S+renewed\.pem is not PEM/);
  assert.equal(material?.listeners[0]?.certificates[1], pairs.get(`${folder}/renewed.pem`));
});

test('a file in a folder that cannot be read or holds nothing is refused; one that holds something else is left alone', () => {
  const folder = authority.path('mixed');
  const messagesWith = (text: string | { readonly error: string }) => {
    const pair = [readFileSync(good.cert, 'utf8'), readFileSync(good.key, 'utf8')].join('');
    const texts = new Map([
      [`${folder}/a.pem`, pair],
      [`${folder}/b.pem`, text],
    ] as const);
    const listeners = [{ tls: { ...listenerSpec, certificates: [{ folder }] }, protocols: [] }];
    const files = { texts, folders: new Map([[folder, ['a.pem', 'b.pem']]]) };
    const { problems } = readTlsMaterial({ listeners, upstreams: [], stores: [] }, files, Date.now());
    return problems.map(({ message }) => message.replace(folder, '')).join();
  };
  assert.match(messagesWith(''), /^\/b\.pem is not PEM/);
  assert.match(messagesWith('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), /b\.pem holds a certif/);
  assert.equal(messagesWith({ error: 'b.pem cannot be read' }), 'b.pem cannot be read');
  assert.equal(messagesWith('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'), '');
});

test('a small curve is weak, whatever its name', () => {
  for (const curve of ['secp224r1', 'secp160k1', 'sect113r1', 'wap-wsg-idm-ecid-wtls7']) {
    const pair = { cert: authority.path(`${curve}.pem`), key: authority.path(`${curve}.key`) };
    execFileSync('openssl', ['ecparam', '-name', curve, '-genkey', '-noout', '-out', pair.key]);
    execFileSync('openssl', ['req', '-x509', '-key', pair.key, '-subj', '/CN=small', '-days', '9', '-out', pair.cert]);
    assert.match(problemOf(listenerWith([pair])), /\.pem is weak: the curve \S+, expected P-256 or better$/);
  }
});

test('authorities that are not valid yet can verify nobody', () => {
  const clientAuth = { ca: authority.ca, crl: null, mode: 'required', forward: 'none' } as const;
  const { problems } = listenerWith([good], { clientAuth }, Date.now() - 86_400_000);
  assert.match(problems.map(({ message }) => message).join(), /ca\.pem holds only certificates that are not valid yet/);
});
