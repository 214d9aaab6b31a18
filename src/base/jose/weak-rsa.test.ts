// Keys of the weak library (CVE-2017-15361) are told from others, and never used.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeySet } from './key-set.ts';
import { isRocaModulus } from './weak-rsa.ts';

const bytesOf = (value: bigint) => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
};
/** As the library's moduli are, this is a power of 65537 modulo every small prime. */
const weak = 65_537n ** 128n;

test('a modulus with the fingerprint is found; one that lacks it for a single prime is not', () => {
  assert.equal(isRocaModulus(bytesOf(weak)), true);
  const others = [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103];
  others.push(107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167);
  const product = others.reduce((all, prime) => all * BigInt(prime), 1n);
  const powers = new Set(Array.from({ length: 11 }, (_, n) => 65_537n ** BigInt(n) % 11n));
  assert.ok(powers.size < 10);
  for (let n = 0n; n < 11n; n++) {
    // The remainders by all other primes stay; the one by 11 takes every value.
    const changed = weak + n * product;
    assert.equal(isRocaModulus(bytesOf(changed)), powers.has(changed % 11n), String(changed % 11n));
  }
});

test('such a key is left out of a set, with its reason', () => {
  const jwk = { kty: 'RSA', alg: 'RS256', e: 'AQAB', n: bytesOf(weak).toString('base64url') };
  const { keys, problems } = KeySet.of([jwk], { rsa: 'RS256', oct: 'HS256' });
  assert.equal(keys.length, 0);
  assert.match(problems.join(), /CVE-2017-15361/);
});
