// Content-Digest (RFC 9530): parses the digests that a request names, and checks the body against them as it passes.

import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import { isInnerList, parseDictionary } from './structured-dictionary.ts';

/** The algorithms that are registered as active; the others are broken or unused. */
const names: Readonly<Record<string, { readonly hash: string; readonly bytes: number }>> = {
  'sha-256': { hash: 'sha256', bytes: 32 },
  'sha-512': { hash: 'sha512', bytes: 64 },
};

/** One digest that a body must have. */
export interface ExpectedDigest {
  /** The algorithm's name in node:crypto. */
  readonly hash: string;
  readonly value: Buffer;
}

/** The digests with a known algorithm, at least one; null for a field that is malformed or has none. */
export function parseContentDigest(text: string): readonly ExpectedDigest[] | null {
  const members = parseDictionary(text);
  if (members === null) return null;
  const digests: ExpectedDigest[] = [];
  for (const [name, member] of members) {
    if (isInnerList(member) || !Buffer.isBuffer(member.value)) return null;
    const known = Object.hasOwn(names, name) ? names[name] : undefined;
    if (known === undefined) continue;
    if (member.value.length !== known.bytes) return null;
    digests.push({ hash: known.hash, value: member.value });
  }
  return digests.length === 0 ? null : digests;
}

/** Hashes a body piece by piece, and compares the result with all expected digests. */
export class BodyDigest {
  private readonly running: { readonly hash: Hash; readonly value: Buffer }[];
  /** The newest piece, which is held back until the next one arrives, so that a body that does not match is never sent completely. */
  private held: Buffer;

  constructor(expected: readonly ExpectedDigest[]) {
    this.running = expected.map(({ hash, value }) => ({ hash: createHash(hash), value }));
    this.held = Buffer.alloc(0);
  }

  /** Takes a piece and returns the one before it, which may be sent. */
  exchangePiece(piece: Buffer): Buffer {
    for (const { hash } of this.running) hash.update(piece);
    const before = this.held;
    this.held = piece;
    return before;
  }

  /** The piece that is still held back. */
  get rest(): Buffer {
    return this.held;
  }

  /** Whether all digests match. Call once, after the last piece. */
  matches(): boolean {
    let all = true;
    for (const { hash, value } of this.running) if (!timingSafeEqual(hash.digest(), value)) all = false;
    return all;
  }
}

/** Whether an empty body has the expected digests. */
export function matchesNothing(expected: readonly ExpectedDigest[]): boolean {
  return new BodyDigest(expected).matches();
}
