// Tokens that were verified, by their whole text: bounded in bytes, until they expire. What was not verified never gets in, so that a
// flood of wrong tokens drives out nobody; of those that hold, the ones that come again stay.

import { flatText } from '../../base/latin1.ts';
import type { VerifiedToken } from './verified-token.ts';

/** Letters at a token's end that it is looked up by: 252 bits of its signature. Hashing all of it would cost ten times as much. */
const TAIL_LETTERS = 42;

interface Kept {
  /** The whole text: a token that only ends alike is another one. */
  readonly token: string;
  readonly verified: VerifiedToken;
}

export class TokenCache {
  /** Half of the room for tokens that came lately; what was not asked for while the other half filled is forgotten. */
  private readonly halfBytes: number;
  private recent = new Map<string, Kept>();
  private recentBytes = 0;
  private older = new Map<string, Kept>();

  /** `bytesMax` counts what tokens and claims take, closely enough; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.halfBytes = bytesMax / 2;
  }

  get(token: string): VerifiedToken | undefined {
    const tail = token.slice(-TAIL_LETTERS);
    let kept = this.recent.get(tail);
    if (kept === undefined) {
      if (this.older.size === 0) return undefined;
      kept = this.older.get(tail);
      if (kept === undefined) return undefined;
      this.older.delete(tail);
      this.add(tailOf(kept), kept);
    }
    return kept.token === token ? kept.verified : undefined;
  }

  set(token: string, verified: VerifiedToken): void {
    if (verified.bytes > this.halfBytes) return;
    // The token is a piece of a request's head, and would keep all of it.
    const kept = { token: flatText(token), verified };
    const tail = tailOf(kept);
    if (this.older.size > 0) this.older.delete(tail);
    this.add(tail, kept);
  }

  delete(token: string): void {
    const tail = token.slice(-TAIL_LETTERS);
    this.recentBytes -= this.recent.get(tail)?.verified.bytes ?? 0;
    this.recent.delete(tail);
    this.older.delete(tail);
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  private add(tail: string, kept: Kept): void {
    const { bytes } = kept.verified;
    if (this.recentBytes + bytes > this.halfBytes) {
      this.older = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    }
    this.recentBytes += bytes - (this.recent.get(tail)?.verified.bytes ?? 0);
    this.recent.set(tail, kept);
  }
}

/** A piece of the kept text, which is there anyway: one of the request's would keep its head. */
function tailOf({ token }: Kept): string {
  return token.slice(-TAIL_LETTERS);
}
