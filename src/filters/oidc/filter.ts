// The oidc filter: knows the session, keeps it alive, or sends the browser to log in. What a session is, and who the provider is, is beside it.

import { timingSafeEqual } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { IdentityLines } from '../../exchange/identity-lines.ts';
import { Login } from '../../exchange/login.ts';
import { LoginDesk, loginEvents, loginNeeds, wallMs } from '../../exchange/login-desk.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { HeaderId } from '../../http/header-names.ts';
import { queryValue } from '../../http/query.ts';
import { isCrossSite, isPage, isSafe } from './caller-kind.ts';
import type { OidcConfig } from './config.ts';
import { type CookieSettings, dropCookies, endCookie, piecesOf, readCookie, writeCookie } from './cookie-jar.ts';
import { backchannelLogout, frontchannelSid } from './own-pages.ts';
import { type LoginSecrets, Provider } from './provider.ts';
import { SealedBox } from './sealed-box.ts';
import { hasEnded, isStale, type Session, textClaim, wantsRefresh } from './session.ts';
import { CookieSessions, type SessionKeeper, StoredSessions } from './session-keeper.ts';
import { type KnownSession, SessionMemo } from './session-memo.ts';

/** How long a browser may take for the login at the provider. */
const LOGIN_LIFE_S = 600;
/** A session in the cookie cannot be ended from outside: believed as long as it holds, looked at anew now and then. */
const COOKIE_BELIEF_MS = 60_000;
/** How long requests that still bring the cookie of before a refresh are given the new one. */
const GRACE_MS = 30_000;

const noStore = ['Cache-Control', 'no-store'] as const;
const crossSiteFault = new Fault('access_denied', 'The request comes from another site.');
const deniedFault = new Fault('access_denied', 'The login was refused.');
const levelFault = new Fault('access_denied', 'The login is not of the level that this route asks for.');

export const oidcFilter: FilterDefinition<OidcConfig> = {
  name: 'oidc',
  events: [...loginEvents, 'loginStarted', 'loggedIn', 'refreshed', 'loggedOut', 'crossSite', 'stepUp'],
  needs: loginNeeds,
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build: (config, services) => new OidcFilter(config, services),
};

/** What routes that say the same share. */
interface Knowledge {
  readonly provider: Provider;
  readonly memo: SessionMemo;
  readonly refreshing: Map<string, Promise<KnownSession | null>>;
}

class OidcFilter implements Filter {
  private readonly config: OidcConfig;
  private readonly worker: WorkerServices;
  private readonly desk: LoginDesk;
  private readonly keeper: SessionKeeper;
  private readonly loginBox: SealedBox;
  private readonly knowledge: Knowledge;
  private readonly slot: number;
  private readonly count: (event: string) => void;
  private readonly beliefMs: number;
  private readonly times: { readonly idleMs: number; readonly lifeMs: number };

  constructor(config: OidcConfig, services: FilterServices) {
    const { session, failedLogins, forward, consumer } = config;
    const { worker, eventCell, slot } = services;
    this.config = config;
    this.worker = worker;
    this.slot = slot;
    const challenge = 'Bearer realm="cardea"';
    this.desk = new LoginDesk(
      {
        filter: 'oidc',
        challenge,
        challengeInvalid: challenge,
        failedLogins,
        forward,
        consumerRequired: consumer?.required ?? false,
      },
      services,
    );
    const of = Provider.identityOf(config);
    if (session.store === undefined) this.keeper = new CookieSessions(session.keys, session.cookie, of);
    else {
      const store = services.store(session.store);
      if (store.kind !== 'redis')
        throw new TypeError(`sessions are kept in Redis, and the store "${session.store}" is none`);
      this.keeper = new StoredSessions(store, session.keys, session.cookie, of);
    }
    this.beliefMs = session.store === undefined ? COOKIE_BELIEF_MS : session.cache;
    this.times = { idleMs: session.idle, lifeMs: session.life };
    this.loginBox = new SealedBox(session.keys, `login ${session.cookie}`);
    this.knowledge = worker.lasting(`oidc ${JSON.stringify(config)}`, () => ({
      provider: new Provider(config),
      memo: new SessionMemo(),
      refreshing: new Map(),
    }));
    const cells = Object.fromEntries((oidcFilter.events ?? []).map(event => [event, eventCell(event)]));
    this.count = event => {
      worker.cells[cells[event]!]!++;
    };
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const { paths, session, crossSite } = this.config;
    const { path, method } = exchange.request;
    if (path === paths.callback) return this.guarded(exchange, this.callback(exchange));
    if (path === paths.logout) return this.guarded(exchange, this.logout(exchange));
    if (path === paths.backchannelLogout) return this.guarded(exchange, this.logoutByProvider(exchange));
    if (path === paths.frontchannelLogout) return this.guarded(exchange, this.logoutInFrame(exchange));
    const cookie = readCookie(exchange, session.cookie);
    if (cookie === null) return this.withoutSession(exchange);
    if (crossSite === 'reject' && !isSafe(method) && isCrossSite(exchange)) {
      this.count('crossSite');
      exchange.refuse(crossSiteFault);
      return;
    }
    const known = this.knowledge.memo.get(cookie, this.worker.clock.now);
    if (known !== undefined && known.replacedBy === null && !this.needsWork(known.session)) {
      return this.admit(exchange, known);
    }
    return this.guarded(exchange, this.look(exchange, cookie, known));
  }

  onResponse(exchange: Exchange): void {
    // Because: only this filter writes its cell.
    const lines = exchange.state[this.slot] as readonly string[] | undefined;
    if (lines !== undefined) for (const line of lines) exchange.response!.headers.append('Set-Cookie', line);
  }

  // ---- Sessions --------------------------------------------------------------------------------------------------

  private needsWork(session: Session): boolean {
    const nowS = this.nowS();
    return hasEnded(session, nowS, this.times) || wantsRefresh(session, nowS) || isStale(session, nowS, this.times);
  }

  private async look(exchange: Exchange, cookie: string, known: KnownSession | undefined): Promise<void> {
    const { memo } = this.knowledge;
    let current = known;
    if (current === undefined) {
      const found = await this.keeper.find(cookie);
      if (exchange.ended) return;
      if (found === null) return this.withoutSession(exchange);
      current = this.remember(cookie, found, null);
    }
    const value = current.replacedBy ?? cookie;
    const nowS = this.nowS();
    if (hasEnded(current.session, nowS, this.times)) {
      memo.delete(cookie);
      this.addCookies(exchange, endCookie(this.config.session.cookie, this.cookieSettings(exchange), piecesOf(cookie)));
      return this.withoutSession(exchange);
    }
    if (current.replacedBy === null) {
      const renewed = await this.renew(cookie, current);
      if (exchange.ended) return;
      if (renewed === null) return this.withoutSession(exchange);
      current = renewed;
    }
    const next = current.replacedBy ?? value;
    if (next !== cookie || current.session.usedS === nowS) this.sendSession(exchange, next, cookie);
    return this.admit(exchange, current);
  }

  /** The session with fresh tokens and a later end, as far as it needs them; one renewal for many requests. Null when the provider ended it. */
  private renew(cookie: string, known: KnownSession): Promise<KnownSession | null> | KnownSession {
    const nowS = this.nowS();
    if (!wantsRefresh(known.session, nowS) && !isStale(known.session, nowS, this.times)) return known;
    const { refreshing } = this.knowledge;
    let renewal = refreshing.get(cookie);
    if (renewal === undefined) {
      renewal = this.renewed(cookie, known.session, nowS).finally(() => refreshing.delete(cookie));
      refreshing.set(cookie, renewal);
    }
    return renewal;
  }

  private async renewed(cookie: string, session: Session, nowS: number): Promise<KnownSession | null> {
    const { provider, memo } = this.knowledge;
    let next: Session = { ...session, usedS: nowS };
    if (wantsRefresh(session, nowS)) {
      try {
        next = await provider.refresh(session, nowS);
        this.count('refreshed');
      } catch (error) {
        if (await provider.isRefusal(error).catch(() => false)) {
          await this.keeper.end(cookie);
          memo.delete(cookie);
          return null;
        }
        // Because: a provider that is away ends nobody's session; the next request tries again.
        this.worker.log('warn', 'oidc provider does not refresh tokens', { reason: reasonOf(error) });
      }
    }
    const value = await this.keeper.keep(next, cookie, this.times.lifeMs);
    if (value === cookie) return this.remember(cookie, next, null);
    const known = this.remember(value, next, null);
    const replaced: KnownSession = { ...known, replacedBy: value, untilMs: this.worker.clock.now + GRACE_MS };
    memo.set(cookie, replaced);
    return replaced;
  }

  private remember(cookie: string, session: Session, replacedBy: string | null): KnownSession {
    const { consumer } = this.config;
    const identity = {
      by: 'oidc',
      subject: textClaim(session, 'sub'),
      keyId: '',
      scopes: session.scopes,
      claims: session.claims,
    };
    const owner = consumer === undefined ? '' : textClaim(session, consumer.claim);
    const login = new Login(identity, owner === '' ? null : owner);
    const known = { session, login, untilMs: this.worker.clock.now + this.beliefMs, replacedBy };
    this.knowledge.memo.set(cookie, known);
    return known;
  }

  private admit(exchange: Exchange, { session, login }: KnownSession): void | Promise<void> {
    const { acr, upstreamToken } = this.config;
    if (acr.length > 0 && !acr.includes(textClaim(session, 'acr'))) return this.stepUp(exchange);
    if (!this.desk.admit(exchange, login)) return;
    dropCookies(exchange, this.config.session.cookie);
    if (upstreamToken === 'none') return;
    const token = upstreamToken === 'access' ? session.accessToken : session.idToken;
    exchange.request.headers.removeById(HeaderId.authorization);
    if (token !== null) exchange.request.headers.append('Authorization', `Bearer ${token}`);
  }

  /** A higher login is asked for (RFC 9470 for programs). */
  private stepUp(exchange: Exchange): void | Promise<void> {
    this.count('stepUp');
    if (isPage(exchange)) return this.guarded(exchange, this.startLogin(exchange));
    const levels = this.config.acr.join(' ').replace(/["\\]/g, '');
    exchange.refuse(new Fault('credentials_invalid'), [
      ['WWW-Authenticate', `Bearer error="insufficient_user_authentication", acr_values="${levels}"`],
    ]);
  }

  private withoutSession(exchange: Exchange): void | Promise<void> {
    if (isPage(exchange)) return this.guarded(exchange, this.startLogin(exchange));
    this.desk.missing(exchange);
  }

  // ---- Login -----------------------------------------------------------------------------------------------------

  private async startLogin(exchange: Exchange): Promise<void> {
    const { request } = exchange;
    const { paths, acr } = this.config;
    const base = this.base(exchange);
    const { url, secrets } = await this.knowledge.provider.login(base + paths.callback, acr);
    const returnTo = request.hasQuery ? `${request.path}?${request.query}` : request.path;
    const sealed = this.loginBox.seal(JSON.stringify({ ...secrets, returnTo, atS: this.nowS() }));
    // Because: the browser comes back from another site, and brings a strict cookie to no page that this leads to.
    const settings: CookieSettings = { ...this.cookieSettings(exchange), sameSite: 'lax', path: paths.callback };
    this.addCookies(exchange, writeCookie(this.loginCookie(secrets.state), sealed, LOGIN_LIFE_S, settings, 0) ?? []);
    this.count('loginStarted');
    this.redirect(exchange, url);
  }

  private async callback(exchange: Exchange): Promise<void> {
    const { request } = exchange;
    if (request.method !== 'GET') {
      exchange.refuse(new Fault('method_not_allowed'), [['Allow', 'GET']]);
      return;
    }
    if (this.desk.isThrottled(exchange)) return;
    const state = queryValue(request.query, 'state') ?? '';
    const attempt = this.openAttempt(exchange, state);
    if (attempt === null) {
      this.desk.invalid(exchange, 'mismatch');
      return;
    }
    const base = this.base(exchange);
    const { provider } = this.knowledge;
    let session: Session;
    try {
      session = await provider.redeem(
        new URL(`${base}${this.config.paths.callback}?${request.query}`),
        attempt.secrets,
        this.nowS(),
      );
    } catch (error) {
      if (exchange.ended) return;
      this.worker.log('warn', 'oidc login failed', { reason: reasonOf(error) });
      if (isUnreachable(error)) this.desk.unavailable(exchange);
      else if (queryValue(request.query, 'error') !== undefined) this.desk.forbid(exchange, deniedFault);
      else this.desk.invalid(exchange, 'unknown');
      return;
    }
    if (exchange.ended) return;
    const { acr } = this.config;
    // Because: another redirect would lead to the same login again, for ever.
    if (acr.length > 0 && !acr.includes(textClaim(session, 'acr'))) {
      this.desk.forbid(exchange, levelFault);
      return;
    }
    const cookie = await this.keeper.keep(session, null, this.times.lifeMs);
    if (exchange.ended) return;
    const before = readCookie(exchange, this.config.session.cookie);
    if (!this.sendSession(exchange, cookie, before)) {
      exchange.refuse(new Fault('filter_failed'));
      return;
    }
    this.addCookies(
      exchange,
      endCookie(this.loginCookie(state), { ...this.cookieSettings(exchange), path: this.config.paths.callback }, 1),
    );
    this.count('loggedIn');
    this.redirect(exchange, base + attempt.returnTo);
  }

  /** What was kept for this login; null when the browser did not begin it here, or too long ago. */
  private openAttempt(
    exchange: Exchange,
    state: string,
  ): { readonly secrets: LoginSecrets; readonly returnTo: string } | null {
    if (!/^[A-Za-z0-9_-]{43}$/.test(state)) return null;
    const sealed = readCookie(exchange, this.loginCookie(state));
    const text = sealed === null ? null : this.loginBox.open(sealed);
    if (text === null) return null;
    // Because: only this filter seals such texts.
    const attempt = JSON.parse(text) as LoginSecrets & { readonly returnTo: string; readonly atS: number };
    if (this.nowS() > attempt.atS + LOGIN_LIFE_S) return null;
    if (!timingSafeEqual(Buffer.from(attempt.state), Buffer.from(state))) return null;
    return { secrets: attempt, returnTo: attempt.returnTo };
  }

  private loginCookie(state: string): string {
    return `${this.config.session.cookie}_login_${state.slice(0, 12)}`;
  }

  // ---- Logout ----------------------------------------------------------------------------------------------------

  private async logout(exchange: Exchange): Promise<void> {
    if (isCrossSite(exchange)) {
      this.count('crossSite');
      exchange.refuse(crossSiteFault);
      return;
    }
    const { session, afterLogout } = this.config;
    const cookie = readCookie(exchange, session.cookie);
    const found = cookie === null ? null : await this.keeper.find(cookie);
    if (cookie !== null) {
      await this.keeper.end(cookie);
      this.knowledge.memo.delete(cookie);
      this.addCookies(exchange, endCookie(session.cookie, this.cookieSettings(exchange), piecesOf(cookie)));
    }
    const home = this.base(exchange) + afterLogout;
    // Because: a provider that is away must not keep anybody logged in here.
    const url = found === null ? null : await this.knowledge.provider.endSession(found.idToken, home).catch(() => null);
    this.count('loggedOut');
    this.redirect(exchange, url ?? home);
  }

  private async logoutByProvider(exchange: Exchange): Promise<void> {
    const { provider, memo } = this.knowledge;
    const reply = await backchannelLogout(exchange, provider, this.keeper, () => {
      memo.clear();
      this.count('loggedOut');
    });
    exchange.reply(reply);
  }

  private async logoutInFrame(exchange: Exchange): Promise<void> {
    const sid = frontchannelSid(exchange, this.config);
    const { cookie: name } = this.config.session;
    const cookie = readCookie(exchange, name);
    const found = cookie === null ? null : await this.keeper.find(cookie);
    if (cookie !== null && found !== null && sid !== null && textClaim(found, 'sid') === sid) {
      await this.keeper.end(cookie);
      this.knowledge.memo.delete(cookie);
      this.addCookies(exchange, endCookie(name, this.cookieSettings(exchange), piecesOf(cookie)));
      this.count('loggedOut');
    }
    exchange.reply({
      status: 200,
      headers: [['Content-Type', 'text/html; charset=utf-8'], noStore],
      body: '<!doctype html>',
    });
  }

  // ---- Small things ----------------------------------------------------------------------------------------------

  /** A provider or store that is away is a 503; what else fails is a defect, and the pipeline's to tell. */
  private async guarded(exchange: Exchange, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (exchange.ended) return;
      this.worker.log('warn', 'oidc cannot go on', { reason: reasonOf(error) });
      this.desk.unavailable(exchange);
    }
  }

  /** False when the session does not fit into cookies. */
  private sendSession(exchange: Exchange, cookie: string, before: string | null): boolean {
    const { session } = this.config;
    const lines = writeCookie(
      session.cookie,
      cookie,
      Math.ceil(this.times.lifeMs / 1_000),
      this.cookieSettings(exchange),
      piecesOf(before),
    );
    if (lines === null) {
      this.worker.log('error', 'oidc session is too large for cookies; name a session.store', {
        characters: cookie.length,
      });
      return false;
    }
    this.addCookies(exchange, lines);
    return true;
  }

  private addCookies(exchange: Exchange, lines: readonly string[]): void {
    // Because: only this filter writes its cell.
    exchange.state[this.slot] = [...((exchange.state[this.slot] as readonly string[] | undefined) ?? []), ...lines];
  }

  /** The cookies go with the reply itself: inside anyOf nobody asks this filter about the answer. */
  private redirect(exchange: Exchange, url: string): void {
    // Because: only this filter writes its cell.
    const lines = (exchange.state[this.slot] as readonly string[] | undefined) ?? [];
    exchange.state[this.slot] = undefined;
    const cookies = lines.map(line => ['Set-Cookie', line] as const);
    exchange.reply({ status: 302, headers: [['Location', url], noStore, ...cookies] });
  }

  private cookieSettings(exchange: Exchange): CookieSettings {
    return { sameSite: this.config.session.sameSite, secure: this.base(exchange).startsWith('https:'), path: '/' };
  }

  /** Scheme and host as the browser has them. */
  private base({ client, request }: Exchange): string {
    return this.config.publicUrl?.replace(/\/+$/, '') ?? `${client.scheme}://${request.authority}`;
  }

  private nowS(): number {
    return Math.floor(wallMs(this.worker.clock.now) / 1_000);
  }
}

/** What went wrong, without what was sent: the library's errors may carry the provider's answer. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { readonly code?: unknown }; // Because: the library's errors and the system's have one
  return typeof code === 'string' ? code : error.name;
}

/** Nothing came back: the provider is away. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed' ? true : reasonOf(error) === 'OAUTH_TIMEOUT';
}
