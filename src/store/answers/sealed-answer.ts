// An answer that leaves the process is sealed by its caller's token: what lies in a store can be read, and be put there, by nobody else.

import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** By which a sealed answer is longer. */
const SEAL_BYTES = NONCE_BYTES + TAG_BYTES;

/** `key` has 32 bytes, and seals nothing else. */
export function sealAnswer(key: Buffer, answer: Buffer): Buffer {
  const nonce = randomFillSync(Buffer.alloc(NONCE_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const text = [cipher.update(answer), cipher.final()];
  // Because: it is written in one piece, and bounded.
  return Buffer.concat([nonce, cipher.getAuthTag(), ...text]);
}

/** Null when it was not sealed with this key, or was changed since. */
export function openAnswer(key: Buffer, sealed: Buffer): Buffer | null {
  if (sealed.length < SEAL_BYTES) return null;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, SEAL_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(SEAL_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
