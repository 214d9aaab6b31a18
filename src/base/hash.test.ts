// The hash compared with a byte-by-byte implementation of MurmurHash3, and the properties that consistent hashing needs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashText, mixBits, numberInHex } from './hash.ts';

/** MurmurHash3_x86_32 over bytes, as published; 64-bit integers are cut to 32 bits. */
function murmur3(bytes: Buffer, seed: number): number {
  const cut = (value: bigint) => value & 0xffffffffn;
  const rotate = (value: bigint, by: bigint) => cut((value << by) | (value >> (32n - by)));
  const scramble = (block: bigint) => cut(rotate(cut(block * 0xcc9e2d51n), 15n) * 0x1b873593n);
  let hash = BigInt(seed >>> 0);
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    hash = cut(rotate(hash ^ scramble(BigInt(bytes.readUInt32LE(i))), 13n) * 5n + 0xe6546b64n);
  }
  let rest = 0n;
  for (let i = bytes.length - 1; i >= whole; i--) rest = (rest << 8n) | BigInt(bytes[i]!);
  hash ^= scramble(rest);
  hash ^= BigInt(bytes.length);
  hash = cut((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = cut((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}

test('the reference reading gives the published values', () => {
  assert.equal(murmur3(Buffer.from(''), 1), 0x514e28b7);
  assert.equal(murmur3(Buffer.from('Hello, world!'), 0x9747b28c), 0x24884cba);
});

test('is MurmurHash3 over the UTF-16 text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40, size: 'max' }), fc.integer(), (text, seed) => {
      assert.equal(hashText(text, seed), murmur3(Buffer.from(text, 'utf16le'), seed));
    }),
    { numRuns: 2000 },
  );
});

test('a hash in hexadecimal is known by its first 28 bits', () => {
  assert.equal(numberInHex('fedcba98'), 0xfedcba9);
  assert.equal(numberInHex('sha256:0123456789', 7), 0x0123456);
});

test('one changed bit of the text changes half of the hash', () => {
  const flips = new Array<number>(32).fill(0);
  let pairs = 0;
  for (let n = 0; n < 2000; n++) {
    const text = `10.0.${n >> 8}.${n & 255}:8080`;
    for (let at = 0; at < text.length; at++) {
      const changed =
        text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (n % 7))) + text.slice(at + 1);
      const difference = hashText(text) ^ hashText(changed);
      for (let bit = 0; bit < 32; bit++) flips[bit]! += (difference >>> bit) & 1;
      pairs++;
    }
  }
  for (const [bit, count] of flips.entries()) {
    assert.ok(Math.abs(count / pairs - 0.5) < 0.02, `bit ${bit} flips in ${count} of ${pairs}`);
  }
});

test('keys that count up fill the buckets evenly', () => {
  for (const [name, key] of [
    ['numbers', (n: number) => String(n)],
    ['addresses', (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`],
    ['users', (n: number) => `user-${n.toString().padStart(12, '0')}`],
  ] as const) {
    const counts = new Array<number>(64).fill(0);
    for (let n = 0; n < 64_000; n++) counts[hashText(key(n)) >>> 26]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // With 63 degrees of freedom, 103 is exceeded once in a thousand draws.
    assert.ok(chiSquare < 103, `${name}: ${chiSquare}`);
  }
});

test('mixBits is one to one and moves every bit', () => {
  const seen = new Set<number>();
  for (let n = 0; n < 100_000; n++) seen.add(mixBits(n));
  assert.equal(seen.size, 100_000);
  for (let bit = 0; bit < 32; bit++) {
    let flips = 0;
    for (let n = 0; n < 1000; n++) {
      for (let difference = mixBits(n) ^ mixBits(n ^ (1 << bit)); difference !== 0; difference &= difference - 1)
        flips++;
    }
    assert.ok(Math.abs(flips / 32_000 - 0.5) < 0.02, `bit ${bit}: ${flips}`);
  }
});
