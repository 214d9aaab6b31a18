// Existing sessions: found by their cookie, kept alive, refreshed once for many requests. Knows neither logins nor responses.

import { setTimeout as delay } from 'node:timers/promises';
import { wallMs } from '../../base/wall-time.ts';
import { claimAt, claimText } from '../../exchange/identity/claim-at.ts';
import { Login } from '../../exchange/identity/login.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import type { OidcConfig } from './config.ts';
import type { Provider } from './provider.ts';
import { reasonOf } from './provider-trouble.ts';
import { KEPT_S } from './refresh-table.ts';
import { hasEnded, hasSameTokens, isStale, type Session, textClaim, wantsRefresh } from './session.ts';
import type { RefreshClaim, SessionKeeper } from './session-keeper.ts';
import { type KnownSession, SessionMemo } from './session-memo.ts';
import { UnstoredTokens } from './unstored-tokens.ts';

/** How long a session is trusted when it is in the cookie, which cannot be ended from outside; then it is checked again. */
const COOKIE_BELIEF_MS = 60_000;
/** How long requests with the cookie from before a refresh are given the new one. */
const GRACE_MS = KEPT_S * 1_000;
/**
 * A claim lasts this many timeouts: a refresh may fetch metadata, tokens and keys, each within `timeout`, and nobody else tries meanwhile.
 */
const CLAIM_TIMEOUTS = 3;
const LOOK_AGAIN_MS = 100;

/** The result of a look-up: a session with the value for its cookie, or none; `ended` when there was one that has ended. */
export type FoundSession =
  | { readonly known: KnownSession; readonly cookie: string }
  | { readonly known: null; readonly ended: boolean };

export class SessionDesk {
  readonly provider: Provider;
  private readonly config: OidcConfig;
  private readonly worker: WorkerServices;
  private readonly keeper: SessionKeeper;
  private readonly memo: SessionMemo;
  private readonly unstored: UnstoredTokens;
  private readonly refreshing: Map<string, Promise<KnownSession | null>>;
  private readonly times: { readonly idleMs: number; readonly lifeMs: number };
  private readonly beliefMs: number;

  constructor(config: OidcConfig, worker: WorkerServices, keeper: SessionKeeper, provider: Provider) {
    const { session } = config;
    this.config = config;
    this.worker = worker;
    this.keeper = keeper;
    this.provider = provider;
    this.memo = new SessionMemo();
    this.unstored = new UnstoredTokens(keeper, worker, session.life);
    this.refreshing = new Map();
    this.times = { idleMs: session.idle, lifeMs: session.life };
    this.beliefMs = session.store === undefined ? COOKIE_BELIEF_MS : session.cache;
  }

  /** A cached session that needs no work; null for any other. */
  ready(cookie: string): KnownSession | null {
    const known = this.memo.get(cookie, this.worker.clock.now);
    if (known === undefined || known.replacedBy !== null) return null;
    const nowS = this.nowS();
    const { session } = known;
    const works =
      hasEnded(session, nowS, this.times) || wantsRefresh(session, nowS) || isStale(session, nowS, this.times);
    return works ? null : known;
  }

  /** Looks the session up where sessions are kept, and renews it when due. Rejects when the store is away. */
  async find(cookie: string): Promise<FoundSession> {
    let known: KnownSession | null | undefined = this.memo.get(cookie, this.worker.clock.now);
    if (known === undefined) {
      const session = await this.current(cookie);
      if (session === null) return { known: null, ended: false };
      known = this.remember(cookie, session);
    }
    if (hasEnded(known.session, this.nowS(), this.times)) {
      this.memo.delete(cookie);
      return { known: null, ended: true };
    }
    if (known.replacedBy === null) known = await this.renew(cookie, known);
    return known === null ? { known: null, ended: true } : { known, cookie: known.replacedBy ?? cookie };
  }

  /** Stores the session of a login. Returns the value for its cookie; null when the provider has ended the login meanwhile. */
  async begin(session: Session): Promise<string | null> {
    return this.keeper.keep(session, null, this.times.lifeMs);
  }

  /** Ends a session, and returns it; null when there was none. */
  async end(cookie: string): Promise<Session | null> {
    const session = await this.keeper.find(cookie);
    await this.keeper.end(cookie);
    this.memo.delete(cookie);
    return session;
  }

  /** Forgets all cached sessions, since some were ended from outside. */
  forget(): void {
    this.memo.clear();
  }

  nowS(): number {
    return Math.floor(wallMs(this.worker.clock.now) / 1_000);
  }

  /** The session with new tokens and a later end, as far as due. Null when the provider ended the session. */
  private renew(cookie: string, known: KnownSession): Promise<KnownSession | null> | KnownSession {
    const nowS = this.nowS();
    if (!wantsRefresh(known.session, nowS) && !isStale(known.session, nowS, this.times)) return known;
    let renewal = this.refreshing.get(cookie);
    if (renewal === undefined) {
      renewal = this.renewed(cookie, known.session, nowS)
        .catch((error: unknown) => this.asItWas(known, error))
        .finally(() => this.refreshing.delete(cookie));
      this.refreshing.set(cookie, renewal);
    }
    return renewal;
  }

  /**
   * When a session cannot be renewed, for example because the store is read-only, continues with the old one, unless its access token has
   * expired.
   */
  private asItWas(known: KnownSession, error: unknown): KnownSession {
    const nowS = this.nowS();
    if (wantsRefresh(known.session, nowS) && known.session.accessUntilS <= nowS) throw error;
    this.worker.log('warn', 'oidc session is not renewed', { reason: reasonOf(error) });
    return known;
  }

  private async renewed(cookie: string, session: Session, nowS: number): Promise<KnownSession | null> {
    if (!wantsRefresh(session, nowS)) return this.keep(cookie, { ...session, usedS: nowS });
    const until = performance.now() + this.config.timeout;
    for (;;) {
      const claim = await this.keeper.claimRefresh(session, CLAIM_TIMEOUTS * this.config.timeout);
      if (claim !== null) return this.refreshed(cookie, session, claim, nowS);
      // Because: another worker or gateway may be refreshing; the provider would refuse a second use, which ends the session.
      const latest = await this.keeper.latest(cookie, session);
      if (latest === null) return this.gone(cookie);
      if (latest.cookie !== cookie && wantsRefresh(latest.session, nowS)) {
        const known = await this.renewed(latest.cookie, latest.session, nowS);
        return known === null ? this.gone(cookie) : this.inPlace(cookie, known, known.replacedBy ?? latest.cookie);
      }
      // Waits for the other one's result only when the access token has expired.
      if (latest.session.accessUntilS > this.nowS() || performance.now() >= until)
        return this.replaced(cookie, latest.cookie, latest.session);
      await delay(LOOK_AGAIN_MS);
      this.worker.clock.tick();
    }
  }

  /** Refreshes the tokens while holding the claim. */
  private async refreshed(
    cookie: string,
    claimed: Session,
    claim: RefreshClaim,
    nowS: number,
  ): Promise<KnownSession | null> {
    const session = await this.current(cookie);
    if (session === null) return this.gone(cookie);
    // Because: the session cached here may be as old as `session.cache`.
    if (!wantsRefresh(session, nowS)) return this.remember(cookie, session);
    // The tokens have changed since and are due again: this needs a claim of its own.
    if (!hasSameTokens(session, claimed)) return this.renewed(cookie, session, nowS);
    let next: Session;
    try {
      next = await this.provider.refresh(session, nowS);
    } catch (error) {
      if (await this.provider.isRefusal(error).catch(() => false)) {
        await this.keeper.end(cookie);
        claim.done(null);
        return this.gone(cookie);
      }
      // Because: a provider that is away ends no sessions; the next request tries again.
      this.worker.log('warn', 'oidc provider does not refresh tokens', { reason: reasonOf(error) });
      try {
        // Because: after the release, another request may store newer tokens, which this must not overwrite.
        return await this.keep(cookie, { ...session, usedS: nowS });
      } finally {
        await claim.release();
      }
    }
    let known: KnownSession | null;
    try {
      known = await this.keep(cookie, next);
    } catch (error) {
      this.worker.log('warn', 'oidc tokens are not stored yet', { reason: reasonOf(error) });
      this.unstored.hold(cookie, session, next);
      // Because: until the claim lapses, no other worker or gateway can show the provider the refresh token that was replaced.
      return this.remember(cookie, next);
    }
    claim.done(known === null ? null : (known.replacedBy ?? cookie));
    return known;
  }

  private async current(cookie: string): Promise<Session | null> {
    return this.unstored.newest(cookie, await this.keeper.find(cookie));
  }

  private async keep(cookie: string, next: Session): Promise<KnownSession | null> {
    const value = await this.keeper.keep(next, cookie, this.times.lifeMs);
    return value === null ? this.gone(cookie) : this.replaced(cookie, value, next);
  }

  /** Caches the session under its new cookie value; when that differs, also under the old one. */
  private replaced(cookie: string, value: string, session: Session): KnownSession {
    if (value === cookie) return this.remember(cookie, session);
    return this.inPlace(cookie, this.remember(value, session), value);
  }

  /** Caches the session for requests that still send the old cookie. */
  private inPlace(cookie: string, known: KnownSession, replacedBy: string): KnownSession {
    const replaced: KnownSession = { ...known, replacedBy, untilMs: this.worker.clock.now + GRACE_MS };
    this.memo.set(cookie, replaced);
    return replaced;
  }

  private gone(cookie: string): null {
    this.memo.delete(cookie);
    return null;
  }

  private remember(cookie: string, session: Session): KnownSession {
    const { consumer } = this.config;
    const { scopes, claims } = session;
    const identity = { by: 'oidc', subject: textClaim(session, 'sub'), keyId: '', scopes, claims };
    const owner = consumer === undefined ? '' : claimText(claimAt(claims, consumer.claim));
    const login = new Login(identity, owner || null);
    const known = { session, login, untilMs: this.worker.clock.now + this.beliefMs, replacedBy: null };
    this.memo.set(cookie, known);
    return known;
  }
}
