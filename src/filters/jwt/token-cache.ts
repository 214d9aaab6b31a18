// Tokens that were verified, by their whole text: bounded in bytes, until they expire. What was not verified never gets in, so that a
// flood of wrong tokens drives out nobody; of those that hold, the ones that come again stay.

import { RecentByNumber } from '../../base/recent-by-number.ts';
import type { VerifiedToken } from './verified-token.ts';

/** Letters at a token's end that its number is made of: 48 bits of its signature. */
const TAIL_LETTERS = 8;

export class TokenCache {
  private readonly kept: RecentByNumber<VerifiedToken>;

  /** `bytesMax` counts what tokens and claims take, closely enough; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.kept = new RecentByNumber(bytesMax);
  }

  get(text: string): VerifiedToken | undefined {
    const token = this.kept.get(numberOf(text));
    // Because: one that only ends alike is another one.
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

/** Of two tokens with one number the later is kept, which happens to one in many thousands; whoever brings the other has it verified again. */
function numberOf(text: string): number {
  const { length } = text;
  let number = 0;
  for (let at = Math.max(0, length - TAIL_LETTERS); at < length; at++)
    number = (Math.imul(number, 67) + text.charCodeAt(at)) | 0;
  return number;
}
