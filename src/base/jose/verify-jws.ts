// Checks synchronously whether a key made a signature. Uses the algorithm of the key; the caller has compared it with the one that the
// token names.

import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { VerificationKey } from './verification-key.ts';

/** `signed` is the encoded header and payload with the dot between them, as in the token. A signature of the wrong length is false. */
export function verifyJws(key: VerificationKey, signed: string, signature: Buffer): boolean {
  const { algorithm, input } = key;
  if (signature.length !== key.signatureBytes) return false;
  if (key.pkcs1 !== null) return key.pkcs1.verify(signed, signature);
  if (algorithm.family === 'hmac') {
    return timingSafeEqual(createHmac(algorithm.hash!, key.key).update(signed).digest(), signature);
  }
  // The signed text is ASCII, so one byte per character.
  return verify(algorithm.hash, Buffer.from(signed, 'latin1'), input, signature);
}
