// Tokens that were verified, by their whole text: bounded in bytes, until they expire. What was not verified never gets in, so that a
// flood of wrong tokens drives out nobody; of those that hold, the ones that come again stay.

import { flatText } from '../../base/latin1.ts';
import { RecentByNumber } from '../../base/recent-by-number.ts';
import type { VerifiedToken } from './verified-token.ts';

/** Letters at a token's end that its number is made of: 48 bits of its signature. */
const TAIL_LETTERS = 8;

interface Kept {
  /** The whole text: a token that only ends alike is another one. */
  readonly token: string;
  readonly verified: VerifiedToken;
  readonly bytes: number;
}

export class TokenCache {
  private readonly kept: RecentByNumber<Kept>;

  /** `bytesMax` counts what tokens and claims take, closely enough; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.kept = new RecentByNumber(bytesMax);
  }

  get(token: string): VerifiedToken | undefined {
    const kept = this.kept.get(numberOf(token));
    return kept?.token === token ? kept.verified : undefined;
  }

  set(token: string, verified: VerifiedToken): void {
    // The token is a piece of a request's head, and would keep all of it.
    this.kept.set(numberOf(token), { token: flatText(token), verified, bytes: verified.bytes });
  }

  delete(token: string): void {
    this.kept.delete(numberOf(token));
  }

  get size(): number {
    return this.kept.size;
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
