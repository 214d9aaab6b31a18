// Where sessions are kept: in the cookie itself, or in Redis by an id. One contract for both, so that the filter treats them alike.

import { createHash } from 'node:crypto';
import type { RedisStore } from '../../store/redis/redis-store.ts';
import type { RefreshTable } from './refresh-table.ts';
import { SealedBox } from './sealed-box.ts';
import { type Session, textClaim } from './session.ts';
import { parseSession, sessionBytes } from './session-bytes.ts';
import { SessionIds } from './session-ids.ts';

export interface KeptSession {
  readonly session: Session;
  /** The value of the session cookie. */
  readonly cookie: string;
}

/** The right to refresh the tokens of one session. The holder reports the outcome by one of the two methods. */
export interface RefreshClaim {
  /** The tokens were replaced, and `cookie` is the cookie's value from now on; null when the provider refused, which ended the session. */
  done(cookie: string | null): void;
  /** The tokens were not replaced: another request may try. */
  release(): void | Promise<void>;
}

/** All methods reject with `StoreAway` when the store cannot be reached. */
export interface SessionKeeper {
  /** The session of a cookie's value; null when there is none. Synchronous when the session is in the cookie. */
  find(cookie: string): Session | null | Promise<Session | null>;
  /**
   * Stores a session and returns the value for its cookie. `before` is the value that the cookie had, null for a new session. Returns null
   * when the session was ended meanwhile, which a logout at the provider may do to a new one, too.
   */
  keep(session: Session, before: string | null, lifeMs: number): string | Promise<string | null>;
  end(cookie: string): void | Promise<void>;
  /**
   * Claims the refresh of this session's tokens: some refresh tokens are valid once only, and a second use ends the login. While the claim
   * is held, for `forMs` at most, all other callers on all workers get null.
   */
  claimRefresh(session: Session, forMs: number): RefreshClaim | null | Promise<RefreshClaim | null>;
  /** The current state of a session whose refresh another caller has claimed; null when the session has ended. */
  latest(cookie: string, session: Session): KeptSession | null | Promise<KeptSession | null>;
  /** Ends every session of one login at the provider, or of one user. Returns how many were ended. */
  endAll(by: { readonly sid: string } | { readonly sub: string }): Promise<number>;
  /** Whether this id was marked as used, and is still remembered. */
  wasUsed(id: string): Promise<boolean>;
  markUsed(id: string, lifeMs: number): Promise<void>;
}

export class CookieSessions implements SessionKeeper {
  private readonly box: SealedBox;
  private readonly providerAndClient: string;
  private readonly refreshes: RefreshTable;

  constructor(secrets: readonly string[], cookie: string, providerAndClient: string, refreshes: RefreshTable) {
    this.box = new SealedBox(secrets, `session ${cookie}`);
    this.providerAndClient = providerAndClient;
    this.refreshes = refreshes;
  }

  find(cookie: string): Session | null {
    const bytes = this.box.openBytes(cookie);
    return bytes === null ? null : parseSession(bytes, this.providerAndClient);
  }

  keep(session: Session): string {
    return this.box.seal(sessionBytes(session));
  }

  end(): void {}

  claimRefresh(session: Session, forMs: number): RefreshClaim | null {
    return this.refreshes.claim(refreshName(this.providerAndClient, session), forMs);
  }

  latest(cookie: string, session: Session): KeptSession | null {
    const value = this.refreshes.outcome(refreshName(this.providerAndClient, session));
    if (value === '') return null;
    const latest = value === undefined ? null : this.find(value);
    // Because: a route with other keys cannot read the cookie; there, the session continues as it was.
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

/**
 * Enters a session into the sorted set of a user's or a login's sessions, by its end. Removes those that have ended, or the set of a user
 * who logs in daily would grow without end. The set expires with the session that ends last: `session.life` may have been longer before a
 * reload. ARGV: now, the session's end, both in ms; the session's key.
 */
const enterScript = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last[2] - ARGV[1]))`;

/**
 * The cookie holds an id that only the gateway can make. Redis holds the session, sealed, under a hash of the id: reading Redis reveals no
 * token.
 */
export class StoredSessions implements SessionKeeper {
  private readonly store: RedisStore;
  private readonly box: SealedBox;
  private readonly ids: SessionIds;
  private readonly providerAndClient: string;

  constructor(store: RedisStore, secrets: readonly string[], cookie: string, providerAndClient: string) {
    this.store = store;
    this.ids = new SessionIds(secrets, `session id ${cookie}`);
    this.box = new SealedBox(secrets, `stored session ${cookie}`);
    this.providerAndClient = providerAndClient;
  }

  async find(cookie: string): Promise<Session | null> {
    if (!this.ids.isOwn(cookie)) return null;
    const sealed = await this.store.command('GET', this.sessionKey(cookie));
    const bytes = typeof sealed === 'string' ? this.box.openBytes(sealed) : null;
    return bytes === null ? null : parseSession(bytes, this.providerAndClient);
  }

  async keep(session: Session, before: string | null, lifeMs: number): Promise<string | null> {
    // Because: a session that continues keeps its id and a login gets a new one, so an id that an attacker planted is worth nothing.
    const id = before ?? this.ids.make();
    const key = this.sessionKey(id);
    const leftMs = Math.max(1_000, Math.ceil(session.startedS * 1_000 + lifeMs - session.usedS * 1_000));
    const indices = this.indexKeys(session);
    if (before !== null) {
      // Because: a renewal must not restore a session that was ended by a logout meanwhile.
      if (!(await this.put(key, session, 'XX', leftMs))) return null;
      // Because: after a reload with a longer `session.life` the session's end moves, and a logout must find it until then.
      await this.enter(indices, key, session, leftMs);
      return id;
    }
    // Because: in a cluster no step has all of these keys. A logout finds the session before it is there, and then takes it off its list.
    await this.enter(indices, key, session, leftMs);
    if (!(await this.put(key, session, 'NX', leftMs))) return null;
    if (await this.isInAll(indices, key)) return id;
    await this.store.command('DEL', key);
    return null;
  }

  private async put(key: string, session: Session, condition: 'NX' | 'XX', leftMs: number): Promise<boolean> {
    const sealed = this.box.seal(sessionBytes(session));
    return (await this.store.command('SET', key, sealed, condition, 'PX', leftMs)) === 'OK';
  }

  /** Adds a session to the lists of its user's and its login's sessions, or moves its end there. */
  private async enter(indices: readonly string[], key: string, { usedS }: Session, leftMs: number): Promise<void> {
    for (const index of indices)
      await this.store.command('EVAL', enterScript, 1, index, usedS * 1_000, usedS * 1_000 + leftMs, key);
  }

  private async isInAll(indices: readonly string[], key: string): Promise<boolean> {
    for (const index of indices) if ((await this.store.command('ZSCORE', index, key)) === null) return false;
    return true;
  }

  async end(cookie: string): Promise<void> {
    if (this.ids.isOwn(cookie)) await this.store.command('DEL', this.sessionKey(cookie));
  }

  async claimRefresh(session: Session, forMs: number): Promise<RefreshClaim | null> {
    const key = this.store.key(`oidc:refresh:${hashed(refreshName(this.providerAndClient, session))}`);
    if ((await this.store.command('SET', key, '1', 'NX', 'PX', forMs)) !== 'OK') return null;
    return {
      // Because: the outcome is in the store, where every other request looks for the session.
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
    const found = await this.store.command('ZRANGE', index, 0, -1);
    const keys = Array.isArray(found) ? found.map(String) : [];
    if (keys.length === 0) return 0;
    let ended = await this.endEach(keys);
    // Because: a login that comes meanwhile stays on the list, and one of these keys may have been stored before it was taken off.
    await this.store.command('ZREM', index, ...keys);
    ended += await this.endEach(keys);
    return ended;
  }

  private async endEach(keys: readonly string[]): Promise<number> {
    let ended = 0;
    for (const key of keys) ended += Number(await this.store.command('DEL', key));
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
    return this.store.key(`oidc:${kind}:${hashed(`${this.providerAndClient}\n${value}`)}`);
  }
}

/** The name of one refresh. A provider may issue the same refresh token again, so the end of the access token is part of the name. */
function refreshName(providerAndClient: string, { refreshToken, accessUntilS }: Session): string {
  return `${providerAndClient}\n${refreshToken} ${accessUntilS}`;
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
