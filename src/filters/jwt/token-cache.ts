// Tokens that were verified, by their whole text: bounded in bytes, until they expire. What was not verified never gets in, so that a
// flood of wrong tokens drives out nobody; of those that hold, the ones that come again stay.

import { flatText } from '../../base/latin1.ts';
import type { VerifiedToken } from './verified-token.ts';

/** Letters at a token's end that its number is made of: 48 bits of its signature. */
const TAIL_LETTERS = 8;

interface Kept {
  /** The whole text: a token that only ends alike is another one. */
  readonly token: string;
  readonly verified: VerifiedToken;
}

export class TokenCache {
  /** Half of the room for tokens that came lately; what was not asked for while the other half filled is forgotten. */
  private readonly halfBytes: number;
  /** By number: a text as a key would be hashed whole, and put into the engine's table of names with every look-up. */
  private recent = new Map<number, Kept>();
  private recentBytes = 0;
  private older = new Map<number, Kept>();

  /** `bytesMax` counts what tokens and claims take, closely enough; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.halfBytes = bytesMax / 2;
  }

  get(token: string): VerifiedToken | undefined {
    const number = numberOf(token);
    let kept = this.recent.get(number);
    if (kept === undefined) {
      if (this.older.size === 0) return undefined;
      kept = this.older.get(number);
      if (kept === undefined) return undefined;
      this.older.delete(number);
      this.add(number, kept);
    }
    return kept.token === token ? kept.verified : undefined;
  }

  set(token: string, verified: VerifiedToken): void {
    if (verified.bytes > this.halfBytes) return;
    // The token is a piece of a request's head, and would keep all of it.
    const kept = { token: flatText(token), verified };
    const number = numberOf(token);
    if (this.older.size > 0) this.older.delete(number);
    this.add(number, kept);
  }

  delete(token: string): void {
    const number = numberOf(token);
    this.recentBytes -= this.recent.get(number)?.verified.bytes ?? 0;
    this.recent.delete(number);
    this.older.delete(number);
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  private add(number: number, kept: Kept): void {
    const { bytes } = kept.verified;
    if (this.recentBytes + bytes > this.halfBytes) {
      this.older = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    }
    this.recentBytes += bytes - (this.recent.get(number)?.verified.bytes ?? 0);
    this.recent.set(number, kept);
  }
}

/** Of two tokens with one number the later is kept, which happens to one in many thousands; whoever brings the other has it verified again. */
function numberOf(token: string): number {
  const { length } = token;
  let number = 0;
  for (let at = Math.max(0, length - TAIL_LETTERS); at < length; at++)
    number = (Math.imul(number, 67) + token.charCodeAt(at)) | 0;
  return number;
}
