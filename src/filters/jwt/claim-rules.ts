// Checks the claims of a token against the configuration. Knows no signatures: the claims may still be forged.

import { claimAt } from '../../exchange/identity/claim-at.ts';
import type { LoginFailure } from '../../exchange/identity/login-desk.ts';
import type { JwtConfig } from './config.ts';

export type Claims = Readonly<Record<string, unknown>>;

type RuledConfig = Pick<
  JwtConfig,
  'issuer' | 'audience' | 'clockSkew' | 'maxAge' | 'requireExpiry' | 'claims' | 'scopes'
>;

export class ClaimRules {
  private readonly config: RuledConfig;
  private readonly required: readonly (readonly [path: string, allowed: readonly unknown[]])[];
  private readonly anyAudience: boolean;
  private readonly skewS: number;
  private readonly maxAgeS: number;

  constructor(config: RuledConfig) {
    this.config = config;
    this.required = Object.entries(config.claims).map(([path, value]) => [
      path,
      Array.isArray(value) ? value : [value],
    ]);
    this.anyAudience = config.audience.includes('any');
    this.skewS = config.clockSkew / 1_000;
    this.maxAgeS = config.maxAge === undefined ? Infinity : config.maxAge / 1_000;
  }

  /** Why the claims are refused; null when they are accepted. `nowS` is in seconds since 1970. */
  failure(claims: Claims, nowS: number): LoginFailure | null {
    const { issuer, audience } = this.config;
    if (issuer !== undefined && claims.iss !== issuer) return 'wrongIssuer';
    if (!this.anyAudience && !holdsOneOf(claims.aud, audience)) return 'wrongAudience';
    const failure = this.timeFailure(claims, nowS);
    if (failure !== null || this.required.length === 0) return failure;
    return this.required.every(([path, allowed]) => holds(claimAt(claims, path), allowed)) ? null : 'wrongClaims';
  }

  private timeFailure({ exp, nbf, iat }: Claims, nowS: number): LoginFailure | null {
    if (!isDate(exp) || !isDate(nbf) || !isDate(iat)) return 'wrongClaims';
    if (exp === undefined ? this.config.requireExpiry : exp + this.skewS <= nowS)
      return exp === undefined ? 'wrongClaims' : 'expired';
    if (nbf !== undefined && nbf - this.skewS > nowS) return 'notYetValid';
    if (iat !== undefined && iat - this.skewS > nowS) return 'notYetValid';
    if (this.maxAgeS === Infinity) return null;
    if (iat === undefined) return 'wrongClaims';
    return iat + this.maxAgeS + this.skewS <= nowS ? 'expired' : null;
  }

  /** When a token that is valid now expires, in seconds since 1970, clock skew included; Infinity when it never does. */
  goodUntilS({ exp, iat }: Claims): number {
    const expiry = typeof exp === 'number' ? exp + this.skewS : Infinity;
    return typeof iat === 'number' ? Math.min(expiry, iat + this.maxAgeS + this.skewS) : expiry;
  }

  /** Whether all required scopes are among these. */
  suffices(scopes: readonly string[]): boolean {
    return this.config.scopes.every(scope => scopes.includes(scope));
  }
}

function isDate(claim: unknown): claim is number | undefined {
  return claim === undefined || (typeof claim === 'number' && Number.isFinite(claim));
}

function holdsOneOf(claim: unknown, names: readonly string[]): boolean {
  if (typeof claim === 'string') return names.includes(claim);
  return Array.isArray(claim) && claim.some(each => typeof each === 'string' && names.includes(each));
}

function holds(claim: unknown, allowed: readonly unknown[]): boolean {
  if (claim === undefined || claim === null) return false;
  if (allowed.includes('*')) return true;
  return Array.isArray(claim) ? claim.some(each => allowed.includes(each)) : allowed.includes(claim);
}
