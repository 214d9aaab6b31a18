// Hashes of texts, above all a 32-bit hash that is the same on every machine and in every release, which consistent hashing depends on. Not
// for secrets.

import { letterAt } from './letter-at.ts';

/**
 * MurmurHash3 (Austin Appleby, x86 32-bit variant) over the text's UTF-16 code units, two to a block. Returns 0 to 2^32 - 1. Different
 * seeds give independent hashes of the same text. Not keyed: a caller who chooses the text can choose its hash.
 */
export function hashText(text: string, seed = 0): number {
  const { length } = text;
  const pairsEnd = length & ~1;
  let hash = seed | 0;
  for (let i = 0; i < pairsEnd; i += 2) {
    hash ^= scramble(letterAt(text, i) | (letterAt(text, i + 1) << 16));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (pairsEnd !== length) hash ^= scramble(letterAt(text, pairsEnd));
  return mixBits(hash ^ (length * 2));
}

/**
 * The first 28 bits of a hash written in hexadecimal, starting at index `at`. The engine keeps every text that is looked up in a map, so
 * values that come from clients are looked up by this number instead.
 */
export function numberInHex(text: string, at = 0): number {
  return Number.parseInt(text.slice(at, at + 7), 16);
}

/** Murmur3's finaliser: a bijection of 32-bit numbers in which every input bit affects all output bits. Returns 0 to 2^32 - 1. */
export function mixBits(value: number): number {
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function scramble(block: number): number {
  block = Math.imul(block, 0xcc9e2d51);
  block = (block << 15) | (block >>> 17);
  return Math.imul(block, 0x1b873593);
}
