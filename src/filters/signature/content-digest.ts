// Content-Digest (RFC 9530): what a request says of its body, and the check of the body as it passes.

import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import { isInnerList, parseDictionary } from './structured-dictionary.ts';

/** Registered as active; the others are broken or nobody's. */
const names: Readonly<Record<string, { readonly hash: string; readonly bytes: number }>> = {
  'sha-256': { hash: 'sha256', bytes: 32 },
  'sha-512': { hash: 'sha512', bytes: 64 },
};

/** One digest that a body must have. */
export interface ExpectedDigest {
  /** As node calls the algorithm. */
  readonly hash: string;
  readonly value: Buffer;
}

/** The digests that are understood, at least one; null for a field that is malformed or has none of them. */
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

/** Hashes a body piece by piece. */
export class BodyDigest {
  private readonly running: { readonly hash: Hash; readonly value: Buffer }[];
  /** The newest piece, not passed on yet: a body that does not match never reaches its end. */
  private held: Buffer;

  constructor(expected: readonly ExpectedDigest[]) {
    this.running = expected.map(({ hash, value }) => ({ hash: createHash(hash), value }));
    this.held = Buffer.alloc(0);
  }

  /** Takes a piece and gives what may go on: the piece before it. */
  exchangePiece(piece: Buffer): Buffer {
    for (const { hash } of this.running) hash.update(piece);
    const before = this.held;
    this.held = piece;
    return before;
  }

  /** What was held back. */
  get rest(): Buffer {
    return this.held;
  }

  /** Once, at the end. */
  matches(): boolean {
    let all = true;
    for (const { hash, value } of this.running) if (!timingSafeEqual(hash.digest(), value)) all = false;
    return all;
  }
}

/** Whether an absent body is what was announced. */
export function matchesNothing(expected: readonly ExpectedDigest[]): boolean {
  return new BodyDigest(expected).matches();
}
