// What the server said of a token (RFC 7662 section 2.2), read against the configuration. Asks nobody.

import { claimAt } from '../../exchange/claim-at.ts';
import { Login } from '../../exchange/login.ts';
import type { LoginFailure } from '../../exchange/login-desk.ts';
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

type Answer = Readonly<Record<string, unknown>>;

/** Throws a TypeError for an answer that says neither yes nor no. `clockMs` is the thread's clock at `nowMs` since 1970. */
export function standingOf(answer: Answer, config: IntrospectConfig, clockMs: number, nowMs: number): Standing {
  if (typeof answer.active !== 'boolean') throw new TypeError('the answer does not say whether the token is active');
  const failure = failureOf(answer, config, nowMs / 1_000);
  if (failure !== null) {
    const until = clockMs + config.refusedFor;
    return { failure, login: null, suffices: false, freshUntilMs: until, staleUntilMs: until, expiresAtMs: Infinity };
  }
  const scopes = typeof answer.scope === 'string' ? answer.scope.split(' ').filter(scope => scope !== '') : [];
  return {
    failure: null,
    login: loginOf(answer, scopes, config),
    suffices: config.scopes.every(scope => scopes.includes(scope)),
    freshUntilMs: clockMs + config.cacheFor,
    staleUntilMs: clockMs + config.staleFor,
    expiresAtMs: typeof answer.exp === 'number' ? answer.exp * 1_000 : Infinity,
  };
}

function failureOf(
  { active, exp, nbf, iss, aud }: Answer,
  config: IntrospectConfig,
  nowS: number,
): LoginFailure | null {
  if (active !== true) return 'unknown';
  if (!isDate(exp) || !isDate(nbf)) return 'wrongClaims';
  if (exp !== undefined && exp <= nowS) return 'expired';
  if (nbf !== undefined && nbf > nowS) return 'notYetValid';
  if (config.issuer !== undefined && iss !== undefined && iss !== config.issuer) return 'wrongIssuer';
  const { audience } = config;
  if (audience === undefined) return null;
  const named = Array.isArray(aud) ? aud : [aud];
  return named.some(each => typeof each === 'string' && audience.includes(each)) ? null : 'wrongAudience';
}

function isDate(member: unknown): member is number | undefined {
  return member === undefined || (typeof member === 'number' && Number.isFinite(member));
}

function loginOf(answer: Answer, scopes: readonly string[], { consumer }: IntrospectConfig): Login {
  const { sub, username, client_id: clientId } = answer;
  const owner = consumer === undefined ? null : claimAt(answer, consumer.claim);
  const subject = [sub, username, clientId].find(each => typeof each === 'string') ?? '';
  // Because: `find` has looked that it is a text.
  return new Login(
    { by: 'introspect', subject: subject as string, keyId: '', scopes, claims: answer },
    typeof owner === 'string' ? owner : null,
  );
}
