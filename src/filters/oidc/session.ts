// A user's session: what the provider said at login, and what was done since. Data, and whether the session is still valid.

export interface Session {
  /** Issuer and client, so that the session of one provider is not valid for another. Stored sessions have it by this name. */
  readonly of: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** Passed to the provider as a hint at logout. */
  readonly idToken: string | null;
  /** When the access token expires, in seconds since 1970; 0 when the provider did not say. */
  readonly accessUntilS: number;
  readonly startedS: number;
  /** When the session was last written, in seconds since 1970. */
  readonly usedS: number;
}

export interface SessionTimes {
  readonly idleMs: number;
  readonly lifeMs: number;
}

/** How long before their end access tokens are replaced. */
const REFRESH_AHEAD_S = 30;

export function hasEnded(session: Session, nowS: number, { idleMs, lifeMs }: SessionTimes): boolean {
  return nowS >= session.startedS + lifeMs / 1_000 || nowS >= session.usedS + idleMs / 1_000;
}

/** Whether the session must be written again, so that it does not time out while it is used. */
export function isStale(session: Session, nowS: number, { idleMs }: SessionTimes): boolean {
  return nowS >= session.usedS + idleMs / 4_000;
}

export function wantsRefresh(session: Session, nowS: number): boolean {
  return session.refreshToken !== null && session.accessUntilS !== 0 && nowS >= session.accessUntilS - REFRESH_AHEAD_S;
}

/** Whether both have the same tokens. A provider may issue the same refresh token again, so the end of the access token counts too. */
export function hasSameTokens(one: Session, other: Session): boolean {
  return one.refreshToken === other.refreshToken && one.accessUntilS === other.accessUntilS;
}

/** A claim that is a text; empty when it is missing or of another type. */
export function textClaim({ claims }: Session, name: string): string {
  const claim = claims[name];
  return typeof claim === 'string' ? claim : '';
}
