// Derives keys from the configured secrets (HKDF, RFC 5869): one for each purpose, so that one use reveals nothing about another.

import { hkdfSync } from 'node:crypto';

/** A key of 32 bytes. */
export function derivedKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `cardea ${purpose}`, 32));
}
