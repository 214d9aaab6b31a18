// Encrypts what a browser keeps for the gateway, so that nobody can read or change it. Keys rotate: the first seals, all open.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { decodeBase64url } from '../../base/jose/base64url.ts';
import { derivedKey } from './derived-key.ts';

const VERSION = 1;
const KEY_ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;

interface BoxKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/** AES-256-GCM under keys derived from the secrets (RFC 5869). */
export class SealedBox {
  private readonly keys: readonly BoxKey[];
  private readonly purpose: Buffer;

  /** What is sealed for one `purpose` does not open for another. */
  constructor(secrets: readonly string[], purpose: string) {
    this.purpose = Buffer.from(purpose);
    this.keys = secrets.map(secret => {
      const key = derivedKey(secret, purpose);
      return { id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES), key };
    });
  }

  seal(content: string | Buffer): string {
    const [{ id, key }] = this.keys as readonly [BoxKey]; // Because: the schema asks for one at least.
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(this.purpose);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const sealed = [Buffer.of(VERSION), id, iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64url');
  }

  /** As `openBytes`, for what was sealed as text. */
  open(sealed: string): string | null {
    return this.openBytes(sealed)?.toString() ?? null;
  }

  /** Null for what was not sealed here, was sealed with a removed key, or has been changed. */
  openBytes(sealed: string): Buffer | null {
    // Because: a lenient decoder accepts endless texts for the same bytes, and whoever has one cookie could fill caches with them.
    const bytes = decodeBase64url(sealed);
    if (bytes === null || bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== VERSION) return null;
    const id = bytes.subarray(1, 1 + KEY_ID_BYTES);
    const known = this.keys.find(each => each.id.equals(id));
    if (known === undefined) return null;
    try {
      const decipher = createDecipheriv('aes-256-gcm', known.key, bytes.subarray(1 + KEY_ID_BYTES, HEAD_BYTES));
      decipher.setAAD(this.purpose).setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return null;
    }
  }
}
