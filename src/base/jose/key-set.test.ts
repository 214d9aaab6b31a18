// How much a key set may cost: so many keys of it count, and so many are tried for one token.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { KeySet } from './key-set.ts';
import type { Jwk } from './verification-key.ts';

const assumed = { rsa: 'RS256', oct: 'HS256' };
const ecKey = (kid?: string): Jwk => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  ...(kid === undefined ? {} : { kid }),
});

test('no more than 200 keys of a set are used, and no more than 4 tried for a token that names none', () => {
  const { keys, problems } = KeySet.of(
    Array.from({ length: 201 }, (_, n) => ecKey(`k${n}`)),
    assumed,
  );
  assert.deepEqual([keys.length, problems.length, keys.at(-1)!.kid], [200, 0, 'k199']);
  const five = KeySet.of(
    Array.from({ length: 5 }, (_, n) => ecKey(`k${n}`)),
    assumed,
  );
  assert.deepEqual(
    five.candidates(null, 'ES256').map(({ kid }) => kid),
    ['k0', 'k1', 'k2', 'k3'],
  );
  assert.equal(five.candidates('k4', 'ES256').length, 1);
  assert.deepEqual(five.candidates('k4', 'ES384'), []);
});

test('RSA keys have 2048 to 8192 bits and an odd exponent above 1', () => {
  const problemOf = (bits: number, e = 'AQAB') => {
    const n = Buffer.alloc(Math.ceil(bits / 8), 0xff);
    n[0] = 0xff >> ((8 - (bits % 8)) % 8);
    return KeySet.of([{ kty: 'RSA', n: n.toString('base64url'), e }], assumed).problems.join();
  };
  assert.equal(problemOf(2_048), '');
  assert.equal(problemOf(8_192), '');
  assert.match(problemOf(2_047), /2048 to 8192 bits/);
  assert.match(problemOf(8_193), /2048 to 8192 bits/);
  assert.equal(problemOf(2_048, 'Aw'), '');
  for (const e of ['AQ', 'Ag', 'BA']) assert.match(problemOf(2_048, e), /exponent/, e);
});

test('a secret is at least as long as its hash', () => {
  const problemOf = (alg: string, bytes: number) =>
    KeySet.of([{ kty: 'oct', alg, k: Buffer.alloc(bytes, 7).toString('base64url') }], assumed).problems.join();
  for (const [alg, bytes] of [
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ] as const) {
    assert.equal(problemOf(alg, bytes), '');
    assert.match(problemOf(alg, bytes - 1), new RegExp(`at least ${bytes} bytes`));
  }
});

test('a key without an algorithm has the one of its type and curve', () => {
  const algorithmOf = (jwk: object) => KeySet.of([{ ...jwk }], { rsa: 'PS384', oct: 'HS512' }).keys[0]?.algorithm.name;
  const pair = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
  assert.equal(algorithmOf(pair('P-256')), 'ES256');
  assert.equal(algorithmOf(pair('P-384')), 'ES384');
  assert.equal(algorithmOf(pair('P-521')), 'ES512');
  assert.equal(algorithmOf(pair('secp256k1')), undefined);
  assert.equal(algorithmOf(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })), 'EdDSA');
  assert.equal(algorithmOf(generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })), 'EdDSA');
  assert.equal(algorithmOf({ kty: 'oct', k: 'A'.repeat(86) }), 'HS512');
  assert.equal(algorithmOf({ kty: 'RSA', e: 'AQAB', n: Buffer.alloc(256, 0xff).toString('base64url') }), 'PS384');
  assert.equal(algorithmOf({ kty: 'x', k: 'A'.repeat(86) }), undefined);
});

test('a key of an Edwards curve is used under its curve’s own name only', () => {
  const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  assert.equal(KeySet.of([{ ...jwk, alg: 'Ed25519' }], assumed).candidates(null, 'EdDSA').length, 1);
  assert.match(KeySet.of([{ ...jwk, alg: 'Ed448' }], assumed).problems.join(), /curve/);
});

test('how long a signature is says the curve', () => {
  const bytes = (type: 'ed25519' | 'ed448') => {
    const pair = type === 'ed448' ? generateKeyPairSync('ed448') : generateKeyPairSync('ed25519');
    return KeySet.of([{ ...pair.publicKey.export({ format: 'jwk' }) }], assumed).keys[0]?.signatureBytes;
  };
  assert.deepEqual([bytes('ed25519'), bytes('ed448')], [64, 114]);
});

test('what a key is for, and its id, are read as they must be written', () => {
  const problemOf = (more: object) => KeySet.of([{ ...ecKey('k'), ...more }], assumed).problems.join();
  for (const more of [{}, { key_ops: ['verify'] }, { key_ops: ['sign', 'verify'] }, { use: 'sig' }])
    assert.equal(problemOf(more), '');
  for (const key_ops of [['sign'], [], 'verify', 'xverify', { 0: 'verify' }, null])
    assert.match(problemOf({ key_ops }), /not for verifying/, JSON.stringify(key_ops));
  for (const kid of [5, null, ['k'], {}]) assert.match(problemOf({ kid }), /kid is not a text/, JSON.stringify(kid));
  assert.match(problemOf({ kid: 'x'.repeat(5_000), use: 'sig', key_ops: [] }), /^key "x{100}": /);
});

test('a key under a new id is another key', () => {
  const jwk = ecKey('a');
  const before = KeySet.of([jwk], assumed);
  const after = KeySet.of([{ ...jwk, kid: 'b' }], assumed, before);
  assert.deepEqual([after.candidates('b', 'ES256').length, after.candidates('a', 'ES256').length], [1, 0]);
  assert.equal(KeySet.of([jwk], assumed, after).has(before.keys[0]!), false);
});

test('keys of one id: another algorithm tells them apart, a key for encryption does not count', () => {
  const [one, other] = [ecKey('k'), ecKey('k')];
  const count = (jwks: readonly Jwk[]) => KeySet.of(jwks, assumed).keys.length;
  assert.equal(count([one, other]), 0);
  assert.equal(count([{ ...one, alg: 'ES256' }, other]), 0, 'one of them names no algorithm');
  assert.equal(count([one, { ...other, use: 'enc' }]), 1);
  const rsa = { kty: 'RSA', kid: 'k', e: 'AQAB', n: Buffer.alloc(256, 0xff).toString('base64url') };
  assert.equal(
    count([
      { ...rsa, alg: 'RS256' },
      { ...rsa, alg: 'PS256', e: 'Aw' },
    ]),
    2,
  );
  assert.equal(count([rsa, { ...rsa, e: 'Aw' }]), 0, 'one modulus, two keys');
  assert.equal(count([rsa, { ...rsa, x5t: 'x' }]), 2, 'one key, twice');
  assert.equal(count([ecKey(), ecKey()]), 2, 'keys without ids');
});
