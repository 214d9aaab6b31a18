// Tokens of every algorithm, made by `jose`, and what happens when any part of them changes.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { base64url, exportJWK, generateKeyPair, generateSecret, type JWK, SignJWT } from 'jose';
import { borrowBase64url, decodeBase64url, decodeBase64urlText, hasForeignLetters } from './base64url.ts';
import { compactJws, jwsHeader } from './compact-jws.ts';
import { KeySet } from './key-set.ts';
import type { Jwk } from './verification-key.ts';
import { verifyJws } from './verify-jws.ts';
import { isRocaModulus } from './weak-rsa.ts';

const assumed = { rsa: 'RS256', oct: 'HS256' };
const publicKinds = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
const secretKinds = ['HS256', 'HS384', 'HS512'] as const;

async function made(alg: string): Promise<{ jwk: Jwk; token: string; sign: (header: object) => Promise<string> }> {
  const isSecret = alg.startsWith('HS');
  const pair = isSecret ? null : await generateKeyPair(alg, { extractable: true });
  const secret = isSecret ? await generateSecret(alg, { extractable: true }) : null;
  const key = pair?.privateKey ?? secret!;
  const jwk: JWK = await exportJWK(pair?.publicKey ?? secret!);
  const sign = (header: object) =>
    new SignJWT({ sub: 'ann', text: 'é' }).setProtectedHeader({ alg, kid: 'k', ...header }).sign(key);
  return { jwk: { ...jwk, alg, kid: 'k', use: 'sig' }, token: await sign({}), sign };
}

function holds(keys: KeySet, token: string): boolean {
  const jws = compactJws(token);
  const header = jws === null ? null : jwsHeader(jws.header);
  if (jws === null || header === null) return false;
  const candidates = keys.candidates(header.kid, header.algorithm);
  return candidates.some(key => verifyJws(key, jws.signed, jws.signature));
}

for (const alg of [...publicKinds, ...secretKinds]) {
  test(`${alg}: holds, and no change of it does`, async () => {
    const { jwk, token, sign } = await made(alg);
    const keys = KeySet.of([jwk], assumed);
    assert.deepEqual(keys.problems, []);
    assert.ok(holds(keys, token));
    assert.ok(
      holds(keys, await sign({ typ: 'JWT', jku: 'https://evil.example.com', x5u: 'https://evil.example.com' })),
    );
    for (let at = 0; at < token.length; at += 7) {
      const other = token[at] === 'A' ? 'B' : 'A';
      assert.ok(!holds(keys, token.slice(0, at) + other + token.slice(at + 1)), `letter ${at}`);
    }
    for (const changed of [
      `${token}=`,
      `${token}A`,
      `${token} `,
      ` ${token}`,
      token.slice(0, -1),
      `${token}.`,
      `${token}.x`,
    ])
      assert.ok(!holds(keys, changed), changed);
    assert.ok(!holds(KeySet.of([(await made(alg)).jwk], assumed), token), 'another key');
  });
}

test('the key decides the algorithm: a public key is no secret, and no other family will do', async () => {
  const { jwk } = await made('RS256');
  const keys = KeySet.of([jwk], assumed);
  const payload = base64url.encode('{"sub":"ann"}');
  for (const alg of ['HS256', 'none', 'None', 'PS256', 'RS512', 'ES256', 'EdDSA', 'constructor']) {
    const header = base64url.encode(JSON.stringify({ alg, kid: 'k' }));
    assert.deepEqual(keys.candidates('k', alg), [], alg);
    assert.ok(!holds(keys, `${header}.${payload}.${base64url.encode('x'.repeat(256))}`));
  }
});

test('a token without a key id is tried with the keys of its algorithm; an unknown id with none', async () => {
  const [one, two] = await Promise.all([made('ES256'), made('ES256')]);
  const keys = KeySet.of(
    [
      { ...one.jwk, kid: 'one' },
      { ...two.jwk, kid: 'two' },
    ],
    assumed,
  );
  assert.deepEqual(keys.candidates('three', 'ES256'), []);
  assert.equal(keys.candidates(null, 'ES256').length, 2);
  assert.equal(keys.candidates('one', 'ES256').length, 1);
  const { kid: _, ...nameless } = one.jwk;
  assert.equal(
    KeySet.of([nameless], assumed).candidates('anything', 'ES256').length,
    1,
    'keys that have no ids are all meant',
  );
});

test('of two keys with one id neither counts; one key that is listed twice does', async () => {
  const [one, two] = await Promise.all([made('ES256'), made('ES256')]);
  const [first, second] = [one, two].map(({ jwk }) => ({ ...jwk, kid: 'k' }));
  const both = KeySet.of([first!, second!], assumed);
  assert.deepEqual([both.keys.length, both.problems.length], [0, 2]);
  assert.match(both.problems.join(), /its id is in the set twice/);
  const again = { ...first!, alg: undefined, x5t: 'x' };
  const { problems, keys } = KeySet.of([first!, again], assumed);
  assert.deepEqual(problems, []);
  assert.deepEqual(new Set(keys.map(({ kid }) => kid)), new Set(['k']));
});

test('headers that say what nobody here understands are refused', () => {
  const header = (members: object) => jwsHeader(base64url.encode(JSON.stringify({ alg: 'ES256', ...members })));
  assert.deepEqual(header({}), { algorithm: 'ES256', kid: null, type: null, nested: false });
  assert.equal(header({ cty: 'JWT' })?.nested, true);
  assert.equal(header({ cty: 'application/at+jwt' })?.nested, true);
  assert.equal(header({ cty: 'json' })?.nested, false);
  const wrong = [
    ...[{ crit: ['exp'] }, { crit: [] }, { b64: false }, { zip: 'DEF' }, { enc: 'A128GCM' }],
    ...[{ alg: 1 }, { alg: null }, { kid: 7 }, { kid: 'x'.repeat(2000) }, { typ: 5 }, { cty: {} }],
  ];
  for (const members of wrong) assert.equal(header(members), null, JSON.stringify(members));
  for (const text of ['', '[]', '"a"', 'null', '{', '{"alg":"ES256"', '7'])
    assert.equal(jwsHeader(base64url.encode(text)), null);
  const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url');
  assert.equal(jwsHeader(notUtf8), null, 'not UTF-8');
  assert.equal(compactJws(`aaa.${notUtf8}.AAAA`)?.payload, null, 'a payload may be anything');
  assert.equal(compactJws(`aaa.${base64url.encode('{"a":"\ufffd"}')}.AAAA`)?.payload, '{"a":"\ufffd"}');
});

test('weak keys and keys for something else are left out, with a reason that shows nothing of them', async () => {
  const { jwk } = await made('RS256');
  const { jwk: ec } = await made('ES256');
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const cases: [Jwk, RegExp][] = [
    [{ ...small, alg: 'RS256' }, /2048 to 8192 bits/],
    [{ ...jwk, e: 'AQ' }, /exponent/],
    [{ ...jwk, key_ops: ['encrypt'] }, /not for verifying/],
    [{ ...jwk, alg: 'RSA-OAEP' }, /its algorithm is not supported/],
    [{ ...jwk, alg: 'none' }, /its algorithm is not supported/],
    [{ ...jwk, alg: 'ES256' }, /not for keys of its type/],
    [{ ...ec, alg: 'ES384' }, /of its curve/],
    [{ ...ec, x: `${String(ec.x).slice(0, -1)}!` }, /not base64url/],
    [{ ...ec, y: ec.x }, /not a key of its type/],
    [{ kty: 'RSA', alg: 'RS256' }, /lacks a member/],
    [{ kty: 'oct', alg: 'HS256', k: 'c2hvcnQ' }, /at least 32 bytes/],
    [{ kty: 'OKP', crv: 'X25519', x: 'AAAA' }, /none for signatures|not one for signatures/],
  ];
  for (const [key, reason] of cases) {
    const { keys, problems } = KeySet.of([key], assumed);
    assert.equal(keys.length, 0);
    assert.match(problems.join(), reason);
    assert.ok(!problems.join().includes(String(key.n ?? key.x ?? key.k ?? '\0')));
  }
  assert.match(KeySet.of([jwk, { kty: 'oct', k: 'x' }], assumed).problems.join(), /mixes secrets/);
  assert.equal(KeySet.of([{ ...jwk, use: 'enc' }], assumed).problems.length, 0);
});

test('a private key in a set verifies, and its secret members are not kept', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k', alg: 'ES256' };
  const [key] = KeySet.of([jwk], assumed).keys;
  assert.equal(key!.key.type, 'public');
});

test('keys that did not change are the same objects in the next set', async () => {
  const [one, two] = await Promise.all([made('ES256'), made('RS256')]);
  const first = KeySet.of(
    [
      { ...one.jwk, kid: 'a' },
      { ...two.jwk, kid: 'b' },
    ],
    assumed,
  );
  const next = KeySet.of([{ ...two.jwk, kid: 'b' }], assumed, first);
  assert.equal(next.keys[0], first.keys[1]);
  assert.ok(!next.has(first.keys[0]!));
});

test('an honest modulus has no fingerprint of the weak library', () => {
  const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  assert.ok(!isRocaModulus(Buffer.from(n, 'base64url')));
});

test('base64url: one text for one value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60, size: 'max' }), bytes => {
      const text = Buffer.from(bytes).toString('base64url');
      assert.deepEqual(decodeBase64url(text), Buffer.from(bytes));
      assert.deepEqual(borrowBase64url(text), Buffer.from(bytes));
    }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('A', 'B', '/', '-', '_', '=', ' ', 'é', 'Q'), maxLength: 9 }),
      text => {
        const decoded = decodeBase64url(text);
        assert.equal(decoded !== null, Buffer.from(text, 'base64url').toString('base64url') === text);
        if (!hasForeignLetters(text)) assert.deepEqual(borrowBase64url(text), decoded);
        if (decoded === null) assert.ok(hasForeignLetters(text) || decodeBase64urlText(text) === null);
      },
    ),
  );
});
