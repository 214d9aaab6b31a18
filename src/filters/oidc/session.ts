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
  /** How long before its end the access token is replaced, in seconds. Sessions that earlier versions wrote do not say. */
  readonly refreshAheadS?: number;
  readonly startedS: number;
  /** When the session was last written, in seconds since 1970. */
  readonly usedS: number;
}

export interface SessionTimes {
  readonly idleMs: number;
  readonly lifeMs: number;
}

/** How long before their end access tokens are replaced at most, in seconds. */
const REFRESH_AHEAD_S = 30;

export function hasEnded(session: Session, nowS: number, { idleMs, lifeMs }: SessionTimes): boolean {
  return nowS >= session.startedS + lifeMs / 1_000 || nowS >= session.usedS + idleMs / 1_000;
}

/** Whether the session must be written again, so that it does not time out while it is used. */
export function isStale(session: Session, nowS: number, { idleMs }: SessionTimes): boolean {
  return nowS >= session.usedS + idleMs / 4_000;
}

/** When an access token that lives `lifeS` seconds from now on ends, and how long before that it is replaced. */
export function accessTimes(
  nowS: number,
  lifeS: number | undefined,
): Required<Pick<Session, 'accessUntilS' | 'refreshAheadS'>> {
  if (lifeS === undefined) return { accessUntilS: 0, refreshAheadS: 0 };
  // Because: a token of a short life that was replaced in the second of its login would look like the one that it replaced, and stay too long.
  return { accessUntilS: nowS + lifeS, refreshAheadS: Math.min(REFRESH_AHEAD_S, Math.floor(lifeS / 2)) };
}

export function wantsRefresh(
  { refreshToken, accessUntilS, refreshAheadS = REFRESH_AHEAD_S }: Session,
  nowS: number,
): boolean {
  return refreshToken !== null && accessUntilS !== 0 && nowS >= accessUntilS - refreshAheadS;
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
