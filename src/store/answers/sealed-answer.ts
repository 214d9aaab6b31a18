// Encrypts an answer that leaves the process with a key from its caller's token: without the token nobody can read or forge a stored one.

import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Number of bytes that sealing adds to an answer. */
const SEAL_BYTES = NONCE_BYTES + TAG_BYTES;

/** Encrypts with AES-256-GCM under a random nonce. `key` has 32 bytes and must seal nothing but this answer. */
export function sealAnswer(key: Buffer, answer: Buffer): Buffer {
  const nonce = randomFillSync(Buffer.alloc(NONCE_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const text = [cipher.update(answer), cipher.final()];
  // Because: the store writes it in one piece, and its size is bounded.
  return Buffer.concat([nonce, cipher.getAuthTag(), ...text]);
}

/** Null when the answer was not sealed with this key, or was changed since. */
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
