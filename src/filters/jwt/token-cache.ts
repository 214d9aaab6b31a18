// Tokens that were verified, by their whole text: bounded in bytes, until they expire. What was not verified never gets in, so that a
// flood of wrong tokens drives out nobody; of those that hold, the ones that come again stay.

import { flatText } from '../../base/latin1.ts';
import type { VerifiedToken } from './verified-token.ts';

export class TokenCache {
  /** Half of the room for tokens that came lately; what was not asked for while the other half filled is forgotten. */
  private readonly halfBytes: number;
  private recent = new Map<string, VerifiedToken>();
  private recentBytes = 0;
  private older = new Map<string, VerifiedToken>();

  /** `bytesMax` counts what tokens and claims take, closely enough; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.halfBytes = bytesMax / 2;
  }

  // Because: a map of texts compares the whole text after the hash that V8 makes of it with a secret of its own: a token that is only
  // alike is never found, and nobody outside can choose texts that share a hash.
  get(token: string): VerifiedToken | undefined {
    if (this.halfBytes === 0) return undefined;
    return this.recent.get(token) ?? (this.older.size === 0 ? undefined : this.again(token));
  }

  set(token: string, verified: VerifiedToken): void {
    if (verified.bytes > this.halfBytes) return;
    this.older.delete(token);
    // The token is a piece of a request's head, and would keep all of it.
    this.add(flatText(token), verified);
  }

  delete(token: string): void {
    const verified = this.recent.get(token);
    if (verified !== undefined) this.recentBytes -= verified.bytes;
    this.recent.delete(token);
    this.older.delete(token);
  }

  clear(): void {
    this.recent.clear();
    this.recentBytes = 0;
    this.older.clear();
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  private again(token: string): VerifiedToken | undefined {
    const verified = this.older.get(token);
    if (verified === undefined) return undefined;
    this.older.delete(token);
    this.add(flatText(token), verified);
    return verified;
  }

  private add(token: string, verified: VerifiedToken): void {
    if (this.recentBytes + verified.bytes > this.halfBytes) {
      this.older = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    }
    this.recentBytes += verified.bytes - (this.recent.get(token)?.bytes ?? 0);
    this.recent.set(token, verified);
  }
}
