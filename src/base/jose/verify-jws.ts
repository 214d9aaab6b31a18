// Whether a key made a signature, synchronously. The key has its algorithm; the one named by the token was compared before.

import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { VerificationKey } from './verification-key.ts';

/** `signed` is header and payload with the dot between, as in the token. */
export function isSignedBy(key: VerificationKey, signed: string, signature: Buffer): boolean {
  const { algorithm, input } = key;
  if (signature.length !== key.signatureBytes) return false;
  if (key.pkcs1 !== null) return key.pkcs1.verify(signed, signature);
  if (algorithm.family === 'hmac') {
    return timingSafeEqual(createHmac(algorithm.hash!, key.key).update(signed).digest(), signature);
  }
  // What is signed is ASCII, so one byte a letter.
  return verify(algorithm.hash, Buffer.from(signed, 'latin1'), input, signature);
}
