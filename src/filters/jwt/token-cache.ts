// Verified tokens by their whole text: bounded in bytes, kept until they expire. An unverified token is never stored, so a flood of wrong
// tokens displaces nothing; among valid tokens, those that are used again stay.

import { RecentByNumber } from '../../base/recent-by-number.ts';
import type { VerifiedToken } from './verified-token.ts';

/** How many characters at the end of a token are hashed for its number: 48 bits of its signature. */
const TAIL_LETTERS = 8;

export class TokenCache {
  private readonly kept: RecentByNumber<VerifiedToken>;

  /** `bytesMax` limits the approximate size of tokens and claims; 0 caches nothing. */
  constructor(bytesMax: number) {
    this.kept = new RecentByNumber(bytesMax);
  }

  get(text: string): VerifiedToken | undefined {
    const token = this.kept.get(numberOf(text));
    // Because: a different token may have the same number.
    return token?.text === text ? token : undefined;
  }

  set(token: VerifiedToken): void {
    this.kept.set(numberOf(token.text), token);
  }

  delete(text: string): void {
    this.kept.delete(numberOf(text));
  }

  get size(): number {
    return this.kept.size;
  }
}

/**
 * The map key of a token. Of two tokens with the same number only the later one is kept, which affects one in many thousands; the other is
 * verified again each time.
 */
function numberOf(text: string): number {
  const { length } = text;
  let number = 0;
  for (let at = Math.max(0, length - TAIL_LETTERS); at < length; at++)
    number = (Math.imul(number, 67) + text.charCodeAt(at)) | 0;
  return number;
}
