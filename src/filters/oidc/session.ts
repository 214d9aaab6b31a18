// A user's session: what the provider said at login, and what was done since. Shape, text form, and whether it still holds.

export interface Session {
  /** Issuer and client, so that a session of one provider is none of another. */
  readonly of: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** For the hint at logout. */
  readonly idToken: string | null;
  /** Seconds since 1970; 0 where the provider did not say. */
  readonly accessUntilS: number;
  readonly startedS: number;
  /** When it was last written. */
  readonly usedS: number;
}

export interface SessionTimes {
  readonly idleMs: number;
  readonly lifeMs: number;
}

/** Access tokens are replaced this long before their end. */
const REFRESH_AHEAD_S = 30;

export function sessionText(session: Session): string {
  return JSON.stringify(session);
}

/** Null for what is no session of this provider and client. The text comes out of a sealed box or a store of our own. */
export function parseSession(text: string, of: string): Session | null {
  try {
    // Because: only this filter writes such texts, sealed or into its own store.
    const session = JSON.parse(text) as Session;
    return session.of === of ? session : null;
  } catch {
    return null;
  }
}

export function hasEnded(session: Session, nowS: number, { idleMs, lifeMs }: SessionTimes): boolean {
  return nowS >= session.startedS + lifeMs / 1_000 || nowS >= session.usedS + idleMs / 1_000;
}

/** Whether it is to be written again, so that it does not end while it is used. */
export function isStale(session: Session, nowS: number, { idleMs }: SessionTimes): boolean {
  return nowS >= session.usedS + idleMs / 4_000;
}

export function wantsRefresh(session: Session, nowS: number): boolean {
  return session.refreshToken !== null && session.accessUntilS !== 0 && nowS >= session.accessUntilS - REFRESH_AHEAD_S;
}

/** A text claim; empty for what is missing. */
export function textClaim({ claims }: Session, name: string): string {
  const claim = claims[name];
  return typeof claim === 'string' ? claim : '';
}
