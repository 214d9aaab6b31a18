// Keys made of the configured secrets (HKDF, RFC 5869): one for each purpose, so that what one use shows says nothing of another's.

import { hkdfSync } from 'node:crypto';

/** 32 bytes. */
export function derivedKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `cardea ${purpose}`, 32));
}
