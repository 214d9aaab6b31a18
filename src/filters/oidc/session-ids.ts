// Ids of sessions that are kept in a store: random, with a proof that this gateway made them. A made-up id is recognised without asking the
// store, so that a flood of such cookies costs the store nothing. Keeps no ids.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../../base/jose/base64url.ts';
import { derivedKey } from './derived-key.ts';

const RANDOM_BYTES = 24;
/** Bytes of an HMAC with SHA-256. Guessing takes 2^127 cookies, and yields an id that no session has. */
const PROOF_BYTES = 16;

export class SessionIds {
  private readonly keys: readonly Buffer[];

  /** Keys rotate: the first makes ids, and ids of all of them are recognised. Ids for one `purpose` are not valid for another. */
  constructor(secrets: readonly string[], purpose: string) {
    this.keys = secrets.map(secret => derivedKey(secret, purpose));
  }

  make(): string {
    const random = randomBytes(RANDOM_BYTES);
    // Because: the schema asks for one key at least.
    return Buffer.concat([random, proofOf(random, this.keys[0]!)]).toString('base64url');
  }

  /** Whether this exact text was made by `make`, here or at another gateway with one of the keys. */
  isOwn(id: string): boolean {
    // Because: another text for the same bytes would be a different name in the store, which would have to be asked.
    const bytes = decodeBase64url(id);
    if (bytes?.length !== RANDOM_BYTES + PROOF_BYTES) return false;
    const random = bytes.subarray(0, RANDOM_BYTES);
    const proof = bytes.subarray(RANDOM_BYTES);
    return this.keys.some(key => timingSafeEqual(proof, proofOf(random, key)));
  }
}

function proofOf(random: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(random).digest().subarray(0, PROOF_BYTES);
}
