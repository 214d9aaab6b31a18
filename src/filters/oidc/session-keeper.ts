// Where sessions are kept: in the cookie itself, or in Redis by an id. One contract, so that the filter does not care.

import { createHash } from 'node:crypto';
import type { RedisStore } from '../../store/redis/redis-store.ts';
import type { RefreshTable } from './refresh-table.ts';
import { SealedBox } from './sealed-box.ts';
import { parseSession, type Session, sessionText, textClaim } from './session.ts';
import { SessionIds } from './session-ids.ts';

export interface KeptSession {
  readonly session: Session;
  /** The cookie's value. */
  readonly cookie: string;
}

export interface RefreshClaim {
  /** The tokens were replaced, and this is the cookie's value from now on; null where the provider refused, and ended the session. */
  done(cookie: string | null): void;
  /** The tokens were not replaced: somebody else may try. */
  release(): void | Promise<void>;
}

/** Rejects with `StoreAway` when it cannot be asked. */
export interface SessionKeeper {
  /** By the cookie's value; null when there is none. At once where it is in the cookie. */
  find(cookie: string): Session | null | Promise<Session | null>;
  /** Gives the cookie's value. `before` is the one that it had; null when that session was ended meanwhile. */
  keep(session: Session, before: string | null, lifeMs: number): string | Promise<string | null>;
  end(cookie: string): void | Promise<void>;
  /**
   * For the caller who is to replace this session's tokens: a refresh token may be good once only, and whoever shows it a second time
   * loses the login. Null for all others who ask within this time, wherever they are, unless it is released.
   */
  claimRefresh(session: Session, forMs: number): RefreshClaim | null | Promise<RefreshClaim | null>;
  /** What has become of a session that somebody else has claimed; null when it was ended. */
  latest(cookie: string, session: Session): KeptSession | null | Promise<KeptSession | null>;
  /** Ends every session of a login at the provider, or of a user; says how many. */
  endAll(by: { readonly sid: string } | { readonly sub: string }): Promise<number>;
  /** Whether this id was marked as used, and is remembered still. */
  wasUsed(id: string): Promise<boolean>;
  markUsed(id: string, lifeMs: number): Promise<void>;
}

export class CookieSessions implements SessionKeeper {
  private readonly box: SealedBox;
  private readonly of: string;
  private readonly refreshes: RefreshTable;

  constructor(secrets: readonly string[], cookie: string, of: string, refreshes: RefreshTable) {
    this.box = new SealedBox(secrets, `session ${cookie}`);
    this.of = of;
    this.refreshes = refreshes;
  }

  find(cookie: string): Session | null {
    const text = this.box.open(cookie);
    return text === null ? null : parseSession(text, this.of);
  }

  keep(session: Session): string {
    return this.box.seal(sessionText(session));
  }

  end(): void {}

  claimRefresh(session: Session, forMs: number): RefreshClaim | null {
    return this.refreshes.claim(refreshName(this.of, session), forMs);
  }

  latest(cookie: string, session: Session): KeptSession | null {
    const value = this.refreshes.outcome(refreshName(this.of, session));
    if (value === '') return null;
    const latest = value === undefined ? null : this.find(value);
    // Because: a route that says other keys cannot read it, and the session goes on as it was.
    return value === undefined || latest === null ? { session, cookie } : { session: latest, cookie: value };
  }

  async endAll(): Promise<number> {
    return 0;
  }

  async wasUsed(): Promise<boolean> {
    return false;
  }

  async markUsed(): Promise<void> {}
}

/** The cookie holds an id that only we can make; Redis holds the session under the id's hash, sealed: whoever reads Redis reads no token. */
export class StoredSessions implements SessionKeeper {
  private readonly store: RedisStore;
  private readonly box: SealedBox;
  private readonly ids: SessionIds;
  private readonly of: string;

  constructor(store: RedisStore, secrets: readonly string[], cookie: string, of: string) {
    this.store = store;
    this.ids = new SessionIds(secrets, `session id ${cookie}`);
    this.box = new SealedBox(secrets, `stored session ${cookie}`);
    this.of = of;
  }

  async find(cookie: string): Promise<Session | null> {
    if (!this.ids.isOwn(cookie)) return null;
    const sealed = await this.store.command('GET', this.sessionKey(cookie));
    const text = typeof sealed === 'string' ? this.box.open(sealed) : null;
    return text === null ? null : parseSession(text, this.of);
  }

  async keep(session: Session, before: string | null, lifeMs: number): Promise<string | null> {
    // Because: a session that goes on keeps its id, a login gets a new one: an id that somebody planted is worth nothing.
    const id = before ?? this.ids.make();
    const key = this.sessionKey(id);
    const leftMs = Math.max(1_000, Math.ceil(session.startedS * 1_000 + lifeMs - session.usedS * 1_000));
    // Because: a renewal must not bring back what a logout has ended while it was under way.
    const condition = before === null ? 'NX' : 'XX';
    const kept = await this.store.command('SET', key, this.box.seal(sessionText(session)), condition, 'PX', leftMs);
    if (kept !== 'OK') return null;
    if (before === null) for (const index of this.indexKeys(session)) await this.enter(index, key, session, leftMs);
    return id;
  }

  /** Into the list of a user's, or a login's, sessions, which holds none that are over: who logs in day by day would have an endless one. */
  private async enter(index: string, key: string, { usedS }: Session, leftMs: number): Promise<void> {
    await this.store.command('ZREMRANGEBYSCORE', index, 0, usedS * 1_000);
    await this.store.command('ZADD', index, usedS * 1_000 + leftMs, key);
    await this.store.command('PEXPIRE', index, leftMs);
  }

  async end(cookie: string): Promise<void> {
    if (this.ids.isOwn(cookie)) await this.store.command('DEL', this.sessionKey(cookie));
  }

  async claimRefresh(session: Session, forMs: number): Promise<RefreshClaim | null> {
    const key = this.store.key(`oidc:refresh:${hashed(refreshName(this.of, session))}`);
    if ((await this.store.command('SET', key, '1', 'NX', 'PX', forMs)) !== 'OK') return null;
    return {
      // Because: what came of it stands where the session is, for all who look there.
      done() {},
      release: async () => {
        await this.store.command('DEL', key);
      },
    };
  }

  async latest(cookie: string): Promise<KeptSession | null> {
    const session = await this.find(cookie);
    return session === null ? null : { session, cookie };
  }

  async endAll(by: { readonly sid: string } | { readonly sub: string }): Promise<number> {
    const index = 'sid' in by ? this.indexKey('of-sid', by.sid) : this.indexKey('of-sub', by.sub);
    const keys = await this.store.command('ZRANGE', index, 0, -1);
    let ended = 0;
    for (const key of Array.isArray(keys) ? keys : []) ended += Number(await this.store.command('DEL', String(key)));
    await this.store.command('DEL', index);
    return ended;
  }

  async wasUsed(id: string): Promise<boolean> {
    return (await this.store.command('EXISTS', this.indexKey('once', id))) === 1;
  }

  async markUsed(id: string, lifeMs: number): Promise<void> {
    await this.store.command('SET', this.indexKey('once', id), '1', 'PX', lifeMs);
  }

  private indexKeys(session: Session): string[] {
    return ['sid', 'sub'].flatMap(name => {
      const value = textClaim(session, name);
      return value === '' ? [] : [this.indexKey(`of-${name}`, value)];
    });
  }

  private sessionKey(id: string): string {
    return this.store.key(`oidc:session:${hashed(id)}`);
  }

  private indexKey(kind: string, value: string): string {
    return this.store.key(`oidc:${kind}:${hashed(`${this.of}\n${value}`)}`);
  }
}

/** A provider may give the same refresh token again: the access token's end tells one time from the next. */
function refreshName(of: string, { refreshToken, accessUntilS }: Session): string {
  return `${of}\n${refreshToken} ${accessUntilS}`;
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
