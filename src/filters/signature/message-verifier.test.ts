// Signatures against the examples of RFC 9421, and against invalid variations of valid ones.

import assert from 'node:assert/strict';
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import type { Exchange } from '../../exchange/exchange.ts';
import { Headers } from '../../http/headers.ts';
import { schema } from './config.ts';
import {
  CREATED_S,
  eccVector,
  messageVectors,
  requestFields,
  testKeyEccP256,
  testKeyEd25519,
  testKeyRsaPss,
  testSharedSecret,
} from './message-vectors.fixture.ts';
import { MessageVerifier } from './message-verifier.ts';
import { signatureBase } from './signature-base.ts';
import { SignatureKey } from './signature-key.ts';
import { isInnerList, parseDictionary } from './structured-dictionary.ts';
import type { Verdict } from './verdict.ts';

const keys = [
  { id: 'test-key-rsa-pss', algorithm: 'rsa-pss-sha512', publicKey: testKeyRsaPss },
  { id: 'test-key-ecc-p256', algorithm: 'ecdsa-p256-sha256', publicKey: testKeyEccP256 },
  { id: 'test-key-ed25519', algorithm: 'ed25519', publicKey: testKeyEd25519 },
  { id: 'test-shared-secret', algorithm: 'hmac-sha256', secret: testSharedSecret, secretEncoding: 'base64' },
];

function verifier(changes: object = {}): MessageVerifier {
  const config = schema.parse({ scheme: 'rfc9421', keys, contentDigest: 'optional', ...changes });
  if (config.scheme !== 'rfc9421') throw new Error('the scheme was written above');
  return new MessageVerifier(config);
}

/** Other values of a request's properties. */
type Changes = Readonly<Record<string, unknown>> & { readonly headers?: Headers };

/** The request of appendix B.2 with these two fields. */
function exchange(input: string | null, signature: string | null, changes: Changes = {}): Exchange {
  const headers = changes.headers ?? Headers.from(requestFields);
  if (input !== null) headers.append('Signature-Input', `sig=${input}`);
  if (signature !== null) headers.append('Signature', `sig=:${signature}:`);
  const request = {
    method: 'POST',
    rawPath: '/foo',
    targetForm: 'origin',
    rawQuery: 'param=Value&Pet=dog',
    hasQuery: true,
    authority: 'example.com',
    hasBody: true,
    headers,
    ...changes,
  };
  // Because: nothing else of the exchange is read.
  return { request, client: { scheme: 'https' } } as unknown as Exchange;
}

function verdictOf(by: MessageVerifier, signed: Exchange, atMs: number): Verdict | 'missing' {
  const claim = by.read(signed);
  return typeof claim === 'string' ? claim : claim.verify(atMs);
}

/** The names of the covered components, without those that have parameters. */
function coveredNames(input: string): string[] {
  const [list] = input.split(')');
  return [...list!.matchAll(/"([a-z@-]+)"(?= |$)/g)].map(match => match[1]!);
}

const nowMs = CREATED_S * 1_000 + 1_000;

for (const { name, input, signature } of messageVectors) {
  test(`RFC 9421 ${name}`, () => {
    const covered = coveredNames(input);
    const components = covered.length === 0 ? ['@method'] : covered;
    const verdict = verdictOf(verifier({ components }), exchange(input, signature), nowMs);
    // The minimal example covers nothing, which the filter refuses; it is checked against its key alone, below.
    if (covered.length === 0) assert.equal(verdict, 'wrongClaims');
    else assert.ok(typeof verdict === 'object', String(verdict));
  });

  test(`RFC 9421 ${name}: with anything changed it does not hold`, () => {
    const covered = coveredNames(input);
    if (covered.length === 0) return;
    const strict = verifier({ components: covered });
    const bytes = Buffer.from(signature, 'base64');
    bytes[bytes.length >> 1]! ^= 1;
    assert.equal(verdictOf(strict, exchange(input, bytes.toString('base64')), nowMs), 'mismatch');
    assert.equal(verdictOf(strict, exchange(input, signature, { authority: 'example.org' }), nowMs), 'mismatch');
    if (covered.includes('@path'))
      assert.equal(verdictOf(strict, exchange(input, signature, { rawPath: '/bar' }), nowMs), 'mismatch');
    if (covered.includes('@method'))
      assert.equal(verdictOf(strict, exchange(input, signature, { method: 'PUT' }), nowMs), 'mismatch');
  });
}

test('the minimal example and the one over a response hold against their keys', () => {
  const { input, signature } = messageVectors[0]!;
  const rsa = new SignatureKey('rsa-pss-sha512', testKeyRsaPss);
  assert.ok(rsa.verifies(Buffer.from(`"@signature-params": ${input}`), Buffer.from(signature, 'base64')));
  const ecc = new SignatureKey('ecdsa-p256-sha256', testKeyEccP256);
  assert.ok(ecc.verifies(Buffer.from(eccVector.base), Buffer.from(eccVector.signature, 'base64')));
  assert.ok(!ecc.verifies(Buffer.from(`${eccVector.base} `), Buffer.from(eccVector.signature, 'base64')));
  assert.ok(!ecc.verifies(Buffer.from(eccVector.base), Buffer.alloc(0)));
});

const { input, signature } = messageVectors.at(-1)!;
const lenient = { components: ['@method'] };

test('time decides', () => {
  const five = 300_000;
  assert.equal(verdictOf(verifier(lenient), exchange(input, signature), nowMs + five), 'expired');
  assert.equal(verdictOf(verifier(lenient), exchange(input, signature), nowMs - five - 2_000), 'notYetValid');
  assert.equal(
    typeof verdictOf(verifier({ ...lenient, window: '10m' }), exchange(input, signature), nowMs + five),
    'object',
  );
});

test('what a signature has to say and does not', () => {
  assert.equal(verdictOf(verifier(), exchange(null, null), nowMs), 'missing');
  assert.equal(verdictOf(verifier(), exchange(input, null), nowMs), 'malformed');
  assert.equal(verdictOf(verifier(), exchange(null, signature), nowMs), 'malformed');
  assert.equal(verdictOf(verifier(), exchange(input, signature), nowMs), 'wrongClaims', '@query is not covered');
  assert.equal(verdictOf(verifier({ ...lenient, nonce: true }), exchange(input, signature), nowMs), 'wrongClaims');
  assert.equal(verdictOf(verifier({ ...lenient, tag: 'mine' }), exchange(input, signature), nowMs), 'wrongAudience');
  assert.equal(verdictOf(verifier({ ...lenient, label: 'other' }), exchange(input, signature), nowMs), 'malformed');
  assert.equal(
    verdictOf(verifier({ ...lenient, contentDigest: 'required' }), exchange(input, signature), nowMs),
    'unsignedBody',
  );
});

test('a signature that lies about itself', () => {
  const verify = (written: string) => verdictOf(verifier(lenient), exchange(written, signature), nowMs);
  assert.equal(verify(`${input};alg="hmac-sha256"`), 'mismatch');
  assert.equal(verify(`${input};expires=1618884473`), 'expired');
  assert.equal(verify(input.replace('test-key-ed25519', 'nobody')), 'unknown');
  assert.equal(verify(input.replace(';created=1618884473', '')), 'wrongClaims');
  assert.equal(verify(input.replace('1618884473', '"1618884473"')), 'malformed');
  for (const time of ['1618884473.0', '@1618884473'])
    assert.equal(verify(input.replace('1618884473', time)), 'malformed', 'a time is an integer (section 2.3)');
  assert.equal(verify(`${input};weight=1.5;since=@1`), 'mismatch', 'read, and not what was signed');
  assert.equal(verify(input.replace('"date"', '"date";bs')), 'malformed');
  assert.equal(verify(input.replace('"date"', '"date" "date"')), 'malformed');
  assert.equal(verify(input.replace('"date"', '"x-missing"')), 'malformed');
  assert.equal(verify(input.replace('"date"', '"@status"')), 'malformed');
  assert.equal(typeof verify(input.replace('("date"', '( "date"  ')), 'object', 'white space that RFC 9651 allows');
});

test('keys that do not fit their algorithm are refused when they are read', () => {
  for (const [algorithm, publicKey] of [
    ['ed25519', testKeyRsaPss],
    ['rsa-pss-sha512', testKeyEd25519],
    ['ecdsa-p384-sha384', testKeyEccP256],
    ['ed25519', 'no key'],
  ] as const)
    assert.throws(() => new SignatureKey(algorithm, publicKey), TypeError);
});

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pssPair = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });

test('each algorithm takes what its key has signed, and nothing that was changed', () => {
  const data = Buffer.from('what was signed');
  const p1363 = (key: KeyObject, hash: string) => sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
  const cases = [
    ['ed25519', generateKeyPairSync('ed25519'), (key: KeyObject) => sign(null, data, key)],
    ['ecdsa-p256-sha256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), (key: KeyObject) => p1363(key, 'sha256')],
    ['ecdsa-p384-sha384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), (key: KeyObject) => p1363(key, 'sha384')],
    ['rsa-v1_5-sha256', rsaPair, (key: KeyObject) => sign('sha256', data, key)],
    ['rsa-pss-sha512', rsaPair, (key: KeyObject) => sign('sha512', data, { key, ...pss })],
    ['rsa-pss-sha512', pssPair, (key: KeyObject) => sign('sha512', data, { key, ...pss })],
  ] as const;
  for (const [algorithm, { publicKey, privateKey }, signedBy] of cases) {
    const key = new SignatureKey(algorithm, String(publicKey.export({ type: 'spki', format: 'pem' })));
    const good = signedBy(privateKey);
    assert.equal(key.verifies(data, good), true, algorithm);
    assert.equal(key.verifies(Buffer.from('what was changed'), good), false, algorithm);
    for (const at of [0, good.length - 1]) {
      const changed = Buffer.from(good);
      changed[at]! ^= 1;
      assert.equal(key.verifies(data, changed), false, `${algorithm} at ${at}`);
    }
    for (const other of [good.subarray(1), Buffer.concat([good, Buffer.alloc(1)]), Buffer.alloc(0)])
      assert.equal(key.verifies(data, other), false, `${algorithm} of ${other.length} bytes`);
  }
});

test('a key for PSS alone signs nothing else, and a short RSA key nothing at all', () => {
  const pem = (key: KeyObject) => String(key.export({ type: 'spki', format: 'pem' }));
  const pssOnly = pem(pssPair.publicKey);
  assert.throws(() => new SignatureKey('rsa-v1_5-sha256', pssOnly), /of the type rsa-pss/);
  const short = pem(generateKeyPairSync('rsa', { modulusLength: 2040 }).publicKey);
  for (const algorithm of ['rsa-v1_5-sha256', 'rsa-pss-sha512'] as const)
    assert.throws(() => new SignatureKey(algorithm, short), /at least 2048 bits/);
});

test('the method of a WebSocket over HTTP/2 is the one that was sent', () => {
  const covered = parseDictionary('sig=("@method")')!.get('sig')!;
  assert.ok(isInnerList(covered));
  for (const [version, upgrade, method] of [
    ['2', 'websocket', 'CONNECT'],
    ['2', '', 'GET'],
    ['1.1', 'websocket', 'GET'],
  ]) {
    const { request } = exchange(null, null, { method: 'GET', version, upgrade });
    assert.match(signatureBase({ request, scheme: 'https' }, covered)!, new RegExp(`^"@method": ${method}\n`));
  }
});

const ownSecret = 'a-secret-of-enough-letters';

/** The verdict on a request that is signed here with HMAC, by the input as written, at `nowMs` unless another time is given. */
function ownVerdict(written: string, config: object = {}, changes: Changes = {}, atMs = nowMs): Verdict | 'missing' {
  const own = { id: 'own', algorithm: 'hmac-sha256', secret: ownSecret };
  const by = verifier({ keys: [own], components: ['@method'], ...config });
  const covered = parseDictionary(`sig=${written}`)?.get('sig');
  assert.ok(covered !== undefined && isInnerList(covered));
  const { request } = exchange(null, null, changes);
  const base = signatureBase({ request, scheme: 'https' }, covered);
  const mac = createHmac('sha256', ownSecret).update(Buffer.from(base ?? '', 'latin1'));
  return verdictOf(by, exchange(written, mac.digest('base64'), changes), atMs);
}

const created = `;created=${CREATED_S};keyid="own"`;
const outcome = (verdict: Verdict | 'missing') => (typeof verdict === 'string' ? verdict : 'good');

test('the window holds to the millisecond, both ways, and an end that the signer set holds too', () => {
  const at = (ms: number, written = `("@method")${created}`) =>
    outcome(ownVerdict(written, { window: '1m' }, {}, CREATED_S * 1_000 + ms));
  assert.deepEqual([at(60_000), at(60_001)], ['good', 'expired']);
  assert.deepEqual([at(-60_000), at(-60_001)], ['good', 'notYetValid']);
  const ending = `("@method")${created};expires=${CREATED_S + 5}`;
  assert.deepEqual([at(4_999, ending), at(5_000, ending)], ['good', 'expired']);
});

test('how long a signature is remembered: until its window is over', () => {
  const verdict = ownVerdict(`("@method")${created}`, { window: '1m' });
  assert.ok(typeof verdict === 'object');
  assert.equal(verdict.expiresS, CREATED_S + 60);
});

test('a component is covered by itself, or by one that contains it', () => {
  const covering: [component: string, by: readonly string[], notBy: readonly string[]][] = [
    ['@path', ['@path', '@target-uri', '@request-target'], ['@query', '@authority', '@scheme', 'host']],
    ['@query', ['@query', '@target-uri', '@request-target'], ['@path', '@authority', '@scheme', 'host']],
    ['@authority', ['@authority', '@target-uri', 'host'], ['@request-target', '@path', '@scheme']],
    ['@scheme', ['@scheme', '@target-uri'], ['@request-target', '@authority', 'host']],
    ['@method', ['@method'], ['@request-target', '@target-uri']],
    ['date', ['date'], ['@target-uri', 'host']],
  ];
  for (const [component, by, notBy] of covering) {
    const of = (name: string) => outcome(ownVerdict(`("${name}")${created}`, { components: [component] }));
    for (const name of by) assert.equal(of(name), 'good', `${component} by ${name}`);
    for (const name of notBy) assert.equal(of(name), 'wrongClaims', `${component} by ${name}`);
  }
});

test('a nonce and a tag, where they are asked for', () => {
  const of = (more: string, config: object) => outcome(ownVerdict(`("@method")${created}${more}`, config));
  assert.equal(of(';nonce="n"', { nonce: true }), 'good');
  assert.equal(of(';nonce=""', { nonce: true }), 'wrongClaims');
  assert.equal(of(';tag="mine"', { tag: 'mine' }), 'good');
  assert.equal(of(';tag="other"', { tag: 'mine' }), 'wrongAudience');
  for (const more of [';nonce=1', ';tag=mine', ';alg=hmac-sha256', ';expires="9"', ';expires=1.5'])
    assert.equal(of(more, {}), 'malformed', more);
  assert.equal(outcome(ownVerdict(`("@method");created=${CREATED_S};keyid=own`)), 'malformed');
  assert.equal(outcome(ownVerdict(`("@method");created=${CREATED_S}`)), 'wrongClaims', 'whose is it');
  assert.equal(of(';alg="hmac-sha256"', {}), 'good');
  assert.equal(of(';alg="ed25519"', {}), 'mismatch', 'signed with the key, and not with what it says');
});

test('the digest of the body: where it is covered it must be one, and where it is required it must be covered', () => {
  const digest = `("@method" "content-digest")${created}`;
  const bare = `("@method")${created}`;
  const body = (verdict: Verdict | 'missing') => (typeof verdict === 'object' ? verdict.body?.length : verdict);
  assert.equal(body(ownVerdict(digest, { contentDigest: 'required' })), 1);
  assert.equal(body(ownVerdict(digest, { contentDigest: 'optional' })), 1);
  assert.equal(body(ownVerdict(digest, { contentDigest: 'off' })), undefined);
  assert.equal(body(ownVerdict(bare, { contentDigest: 'optional' })), undefined);
  assert.equal(ownVerdict(bare, { contentDigest: 'required' }), 'unsignedBody');
  assert.equal(body(ownVerdict(bare, { contentDigest: 'required' }, { hasBody: false })), undefined);
  const headers = Headers.from([['Content-Digest', 'md5=:aGk=:']]);
  assert.equal(outcome(ownVerdict(digest, {}, { hasBody: false })), 'good');
  const said = verifier({
    keys: [{ id: 'own', algorithm: 'hmac-sha256', secret: ownSecret }],
    components: ['@method'],
  });
  for (const fields of [headers, Headers.empty()]) {
    fields.append('Signature-Input', `sig=${digest}`);
    fields.append('Signature', 'sig=:aGk=:');
    assert.equal(verdictOf(said, exchange(null, null, { headers: fields }), nowMs), 'malformed');
  }
});

test('of several signatures the one with the configured label counts; without a label there must be one', () => {
  const good = `("@method")${created}`;
  const mac = (written: string) => {
    const covered = parseDictionary(`s=${written}`)!.get('s')!;
    assert.ok(isInnerList(covered));
    const base = signatureBase({ request: exchange(null, null).request, scheme: 'https' }, covered)!;
    return createHmac('sha256', ownSecret).update(base).digest('base64');
  };
  const of = (inputs: string, signatures: string, config: object = {}) => {
    const headers = Headers.from([
      ['Signature-Input', inputs],
      ['Signature', signatures],
    ]);
    const own = { keys: [{ id: 'own', algorithm: 'hmac-sha256', secret: ownSecret }], components: ['@method'] };
    return outcome(verdictOf(verifier({ ...own, ...config }), exchange(null, null, { headers }), nowMs));
  };
  const both = `a=${good}, b=${good}`;
  assert.equal(of(both, `a=:aGk=:, b=:${mac(good)}:`, { label: 'b' }), 'good');
  assert.equal(of(both, `a=:aGk=:, b=:${mac(good)}:`, { label: 'a' }), 'mismatch');
  assert.equal(of(both, `a=:${mac(good)}:, b=:${mac(good)}:`), 'malformed');
  assert.equal(of(`a=${good}`, `a=:${mac(good)}:, b=:aGk=:`), 'good');
  for (const [inputs, signatures] of [
    [`a=${good}`, `b=:${mac(good)}:`],
    [`a=${good}`, `a="${mac(good)}"`],
    [`a=${good}`, `a=(:${mac(good)}:)`],
    [`a=${good}`, 'a=:'],
    [`a="@method"${created}`, `a=:${mac(good)}:`],
    [`a=${good},`, `a=:${mac(good)}:`],
  ] as const)
    assert.equal(of(inputs, signatures), 'malformed', `${inputs} ${signatures}`);
  assert.equal(of(`a=${good}`, `a=:${mac(good)}:, b=:${mac(good)}:`, { label: 'b' }), 'malformed');
});

test('a signature covers no more than 64 components', () => {
  const of = (count: number) => {
    const headers = Headers.from(Array.from({ length: count }, (_, n) => [`x-${n}`, 'a'] as const));
    const names = Array.from({ length: count - 1 }, (_, n) => `"x-${n}"`);
    return outcome(ownVerdict(`("@method" ${names.join(' ')})${created}`, {}, { headers }));
  };
  assert.equal(of(64), 'good');
  assert.equal(of(65), 'malformed');
});
