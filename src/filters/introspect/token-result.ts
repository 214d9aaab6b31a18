// The server's response about a token (RFC 7662 section 2.2), checked against the configuration. Sends nothing.

import { claimAt, claimText } from '../../exchange/identity/claim-at.ts';
import { Login } from '../../exchange/identity/login.ts';
import type { LoginFailure } from '../../exchange/identity/login-desk.ts';
import { scopesOf } from '../../exchange/identity/scopes-of.ts';
import type { IntrospectConfig } from './config.ts';

/** What is remembered of a token. Times of use are on the thread's clock, which nobody can set back. */
export interface TokenResult {
  /** Null when the token is valid. */
  readonly failure: LoginFailure | null;
  /** Null when the token is not valid. */
  readonly login: Login | null;
  /** Whether the token has the scopes that the configuration requires. */
  readonly suffices: boolean;
  /** Until when the result is used without asking again, in clock milliseconds. */
  readonly freshUntilMs: number;
  /** Until when the result may be used while the server is away, in clock milliseconds. */
  readonly staleUntilMs: number;
  /**
   * When the token itself expires, in ms since 1970: the thread's clock stands still while the machine sleeps. Infinity without an `exp`.
   */
  readonly expiresAtMs: number;
}

/** How far the server's clock may be ahead, so that a token can be used as soon as it is issued. */
const CLOCK_SKEW_S = 30;

/**
 * Tokens that are meant for the authorization server or the client. Keycloak (`token_type` Refresh, Offline, ID) and Hydra (`token_use`)
 * call these active as well. A caller that used one as an access token would keep its login far longer than intended.
 */
const foreignTypes: ReadonlySet<string> = new Set(['refresh', 'refresh_token', 'offline', 'id', 'id_token']);

type Answer = Readonly<Record<string, unknown>>;

/**
 * Throws a TypeError for a response that does not say whether the token is active. `clockMs` is the thread's clock at `nowMs` since 1970.
 */
export function tokenResultOf(answer: Answer, config: IntrospectConfig, clockMs: number, nowMs: number): TokenResult {
  if (typeof answer.active !== 'boolean') throw new TypeError('the answer does not say whether the token is active');
  const failure = failureOf(answer, config, nowMs / 1_000);
  if (failure !== null) {
    const until = clockMs + config.refusedFor;
    return { failure, login: null, suffices: false, freshUntilMs: until, staleUntilMs: until, expiresAtMs: Infinity };
  }
  const scopes = scopesOf(answer);
  return {
    failure: null,
    login: loginOf(answer, scopes, config),
    suffices: config.scopes.every(scope => scopes.includes(scope)),
    freshUntilMs: clockMs + config.cacheFor,
    staleUntilMs: clockMs + config.staleFor,
    expiresAtMs: typeof answer.exp === 'number' ? answer.exp * 1_000 : Infinity,
  };
}

/** A member that is null counts as absent: some servers write null for what they do not know. */
function failureOf(
  { active, token_type: type, token_use: use, exp = null, nbf = null, iss = null, aud }: Answer,
  config: IntrospectConfig,
  nowS: number,
): LoginFailure | null {
  if (active !== true) return 'unknown';
  if (isForeign(type) || isForeign(use)) return 'wrongClaims';
  if (!isDate(exp) || !isDate(nbf)) return 'wrongClaims';
  if (exp !== null && exp <= nowS) return 'expired';
  if (nbf !== null && nbf > nowS + CLOCK_SKEW_S) return 'notYetValid';
  if (config.issuer !== undefined && iss !== null && iss !== config.issuer) return 'wrongIssuer';
  const { audience } = config;
  if (audience === undefined) return null;
  const named = Array.isArray(aud) ? aud : [aud];
  return named.some(each => typeof each === 'string' && audience.includes(each)) ? null : 'wrongAudience';
}

function isForeign(kind: unknown): boolean {
  return typeof kind === 'string' && foreignTypes.has(kind.toLowerCase());
}

function isDate(member: unknown): member is number | null {
  return member === null || (typeof member === 'number' && Number.isFinite(member));
}

function loginOf(answer: Answer, scopes: readonly string[], { consumer }: IntrospectConfig): Login {
  const { sub, username, client_id: clientId } = answer;
  const owner = consumer === undefined ? '' : claimText(claimAt(answer, consumer.claim));
  const subject = claimText(sub) || claimText(username) || claimText(clientId);
  return new Login({ by: 'introspect', subject, keyId: '', scopes, claims: answer }, owner || null);
}
