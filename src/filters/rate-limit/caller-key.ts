// Which callers share a budget: turns the properties that `by` names into the 64-bit key of a caller's budget. Creates no string.

import { ipv4Text, mappedIpv4, parseZonedIpv6 } from '../../base/ip-address.ts';
import type { KeyedHash } from '../../base/keyed-hash.ts';
import type { KeyPart } from '../../base/schema/budget-key.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { claimAt } from '../../exchange/identity/claim-at.ts';

/** Adds one part of the caller's key to the hash's result; false when the request lacks that part. */
type PartHash = (hash: KeyedHash, exchange: Exchange) => boolean;

/** Marks a missing part: different from every key that a caller can have. */
const MISSING = -2;
const address = new Uint32Array(4);

export class CallerKey {
  private readonly parts: readonly PartHash[];
  private readonly fallback: PartHash | null;

  /** `ipv6Prefix` is how many bits of an IPv6 address count. */
  constructor(by: readonly KeyPart[], fallback: 'ip' | 'shared', ipv6Prefix: number) {
    this.parts = by.map(part => partHash(part, ipv6Prefix));
    this.fallback = fallback === 'ip' ? partHash({ kind: 'ip', name: '' }, ipv6Prefix) : null;
  }

  /** Puts the caller's key into `hash`; false when the request lacks a part, so that the fallback's key is used. */
  hash(hash: KeyedHash, keyLow: number, keyHigh: number, exchange: Exchange): boolean {
    hash.low = keyLow;
    hash.high = keyHigh;
    const { parts } = this;
    for (let i = 0; i < parts.length; i++) {
      if (parts[i]!(hash, exchange)) continue;
      hash.words(keyLow, keyHigh, MISSING, MISSING);
      this.fallback?.(hash, exchange);
      return false;
    }
    return true;
  }
}

function text(hash: KeyedHash, value: string | null | undefined): boolean {
  if (value === undefined || value === null || value === '') return false;
  hash.text(hash.low, hash.high, value);
  return true;
}

function partHash({ kind, name }: KeyPart, ipv6Prefix: number): PartHash {
  switch (kind) {
    case 'ip':
      return (hash, { client }) => {
        hashAddress(hash, client.ip, ipv6Prefix);
        return true;
      };
    case 'consumer':
      return (hash, { consumer }) => text(hash, consumer?.name);
    case 'tenant':
      return (hash, { consumer }) => text(hash, consumer?.tenant);
    case 'key':
      // Because: key ids are unique for one consumer only; another consumer's key may have the same id.
      return (hash, { identity, consumer }) => {
        if (!text(hash, identity?.keyId)) return false;
        text(hash, consumer?.name);
        return true;
      };
    case 'claim':
      return (hash, { identity }) => text(hash, claimText(identity?.claims ?? null, name));
    case 'route':
      return (hash, { routeName }) => text(hash, routeName);
    case 'header':
      return (hash, { request }) => text(hash, request.headers.get(name));
    case 'cookie':
      return (hash, exchange) => text(hash, exchange.cookie(name));
    case 'pathParameter':
      return (hash, exchange) => text(hash, exchange.param(name));
  }
}

/** Hashes an address: IPv4 as a whole, in whichever notation; of IPv6, the bits of the prefix. */
function hashAddress(hash: KeyedHash, ip: string, ipv6Prefix: number): void {
  if (!ip.includes(':')) {
    hash.text(hash.low, hash.high, ip);
    return;
  }
  if (!parseZonedIpv6(ip, address)) {
    hash.text(hash.low, hash.high, ip);
    return;
  }
  const mapped = mappedIpv4(address);
  if (mapped !== -1) {
    hash.text(hash.low, hash.high, ipv4Text(mapped));
    return;
  }
  hash.words(hash.low, hash.high, firstBits(0, ipv6Prefix), firstBits(1, ipv6Prefix));
  if (ipv6Prefix > 64) hash.words(hash.low, hash.high, firstBits(2, ipv6Prefix), firstBits(3, ipv6Prefix));
}

/** One word of the address, with the bits after the prefix set to 0. */
function firstBits(word: number, prefix: number): number {
  const bits = Math.min(32, Math.max(0, prefix - 32 * word));
  return bits === 0 ? 0 : address[word]! & (-1 << (32 - bits));
}

/** A claim as text; undefined for a value that is not a text, number or boolean. */
function claimText(claims: Readonly<Record<string, unknown>> | null, name: string): string | undefined {
  const value = claimAt(claims, name);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
