// What the server said of a token (RFC 7662 section 2.2), read against the configuration. Asks nobody.

import { claimAt, claimText } from '../../exchange/claim-at.ts';
import { Login } from '../../exchange/login.ts';
import type { LoginFailure } from '../../exchange/login-desk.ts';
import { scopesOf } from '../../exchange/scopes-of.ts';
import type { IntrospectConfig } from './config.ts';

/** What is remembered of a token. How long it is believed goes by the thread's clock, which nobody sets back. */
export interface Standing {
  /** Null when it holds. */
  readonly failure: LoginFailure | null;
  /** Null when it does not hold. */
  readonly login: Login | null;
  /** Whether it holds the scopes that the configuration asks for. */
  readonly suffices: boolean;
  /** Until when it is believed without asking again. */
  readonly freshUntilMs: number;
  /** Until when it counts while nobody can be asked. */
  readonly staleUntilMs: number;
  /** When the token itself ends: since 1970, for the thread's clock stands still while the machine sleeps. */
  readonly expiresAtMs: number;
}

/** How far the server's clock may be ahead: to it, who brings a token as soon as it is made is not too early. */
const CLOCK_SKEW_S = 30;

/**
 * What servers say of tokens that are for themselves or for the client: Keycloak (`token_type` Refresh, Offline, ID) and Hydra (`token_use`)
 * call these active as well. Whoever brings one as an access token keeps a login far longer than it is meant to last.
 */
const foreignTypes: ReadonlySet<string> = new Set(['refresh', 'refresh_token', 'offline', 'id', 'id_token']);

type Answer = Readonly<Record<string, unknown>>;

/** Throws a TypeError for an answer that says neither yes nor no. `clockMs` is the thread's clock at `nowMs` since 1970. */
export function standingOf(answer: Answer, config: IntrospectConfig, clockMs: number, nowMs: number): Standing {
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

/** A member that is null is not there: so some servers write what they do not know. */
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
