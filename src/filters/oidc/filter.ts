// The oidc filter: admits callers with a session, sends other browsers to log in, and serves its own paths. Files beside it do each of
// these.

import { discoveryUrl } from '../../base/discovery-url.ts';
import { Fault } from '../../base/fault.ts';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { LoginDesk, loginEvents, loginNeeds } from '../../exchange/identity/login-desk.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { HeaderId } from '../../http/header-names.ts';
import { providerNeed } from '../../store/provider/provider-feed.ts';
import type { RedisStore } from '../../store/redis/redis-store.ts';
import { BrowserSide } from './browser-side.ts';
import { isCrossSite, isPage, isSafe } from './caller-kind.ts';
import type { OidcConfig } from './config.ts';
import { dropCookies, readCookie, TOO_LARGE } from './cookie-jar.ts';
import { LoginFlow } from './login-flow.ts';
import { backchannelLogout, frontchannelSid } from './own-pages.ts';
import { Provider } from './provider.ts';
import { reasonOf } from './provider-trouble.ts';
import { RefreshTable, refreshTableNeed } from './refresh-table.ts';
import { textClaim } from './session.ts';
import { SessionDesk } from './session-desk.ts';
import { CookieSessions, type SessionKeeper, StoredSessions } from './session-keeper.ts';
import type { KnownSession } from './session-memo.ts';

const crossSiteFault = new Fault('access_denied', 'The request comes from another site.');
const ownEvents = ['loginStarted', 'loggedIn', 'loggedOut', 'crossSite', 'stepUp'] as const;

export const oidcFilter: FilterDefinition<OidcConfig> = {
  name: 'oidc',
  events: [...loginEvents, ...ownEvents],
  needs(config) {
    const { issuer, timeout, session } = config;
    const login = loginNeeds(config);
    return {
      tables: [...(login.tables ?? []), ...(session.store === undefined ? [refreshTableNeed] : [])],
      feeds: [
        providerNeed({
          url: discoveryUrl(issuer),
          timeoutMs: timeout,
          consequence: 'nobody can log in',
          question: null,
        }),
      ],
    };
  },
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build: (config, services) => new OidcFilter(config, services),
};

/** The store for sessions; null when sessions are kept in cookies. */
function storeOf({ session }: OidcConfig, services: FilterServices): RedisStore | null {
  if (session.store === undefined) return null;
  const store = services.store(session.store);
  if (store.kind === 'redis') return store;
  throw new TypeError(`sessions are kept in Redis, and the store "${session.store}" is not one`);
}

function keeperOf({ session, ...config }: OidcConfig, store: RedisStore | null, worker: WorkerServices): SessionKeeper {
  const providerAndClient = Provider.identityOf(config);
  if (store === null) {
    const refreshes = new RefreshTable(worker.sharedTable(refreshTableNeed.name));
    return new CookieSessions(session.keys, session.cookie, providerAndClient, refreshes);
  }
  return new StoredSessions(store, session.keys, session.cookie, providerAndClient);
}

class OidcFilter implements Filter {
  private readonly config: OidcConfig;
  private readonly desk: LoginDesk;
  private readonly keeper: SessionKeeper;
  private readonly sessions: SessionDesk;
  private readonly browser: BrowserSide;
  private readonly logins: LoginFlow;
  private readonly services: FilterServices;
  private readonly cells: Readonly<Record<(typeof ownEvents)[number], number>>;
  /** The token that this filter gives the upstream. */
  readonly credentialPlaces: readonly CredentialPlace[];

  constructor(config: OidcConfig, services: FilterServices) {
    const { failedLogins, forward, consumer } = config;
    const { worker, slot } = services;
    const challenge = 'Bearer realm="cardea"';
    this.config = config;
    this.credentialPlaces = config.upstreamToken === 'none' ? [] : [{ kind: 'bearer', name: '' }];
    this.services = services;
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
    const store = storeOf(config, services);
    this.keeper = keeperOf(config, store, worker);
    this.browser = new BrowserSide(config, slot);
    // Shared by all routes with the same settings, and kept over reloads for as long as the store is the same object: a removed store is
    // closed.
    this.sessions = worker.lasting(
      `oidc ${JSON.stringify(config)}`,
      () => new SessionDesk(config, worker, this.keeper, new Provider(config)),
      store ?? undefined,
    );
    const { desk, sessions, browser } = this;
    this.logins = new LoginFlow({ config, worker, desk, sessions, browser });
    this.cells = eventCells(ownEvents, services);
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const { paths, session, crossSite } = this.config;
    const { path } = exchange.request;
    if (path === paths.callback) return this.guarded(exchange, this.callback(exchange));
    if (path === paths.logout) return this.guarded(exchange, this.logout(exchange));
    if (path === paths.backchannelLogout) return this.guarded(exchange, this.logoutByProvider(exchange));
    if (path === paths.frontchannelLogout) return this.guarded(exchange, this.logoutInFrame(exchange));
    const cookie = readCookie(exchange, session.cookie);
    if (cookie === null) return this.withoutSession(exchange);
    if (crossSite === 'reject' && !isSafe(exchange) && isCrossSite(exchange, this.browser.base(exchange))) {
      this.count('crossSite');
      exchange.refuse(crossSiteFault);
      return;
    }
    const known = this.sessions.ready(cookie);
    return known === null ? this.guarded(exchange, this.look(exchange, cookie)) : this.admit(exchange, known);
  }

  /**
   * Whether the request is for this filter's own paths. A logout counts only with a session cookie: of two providers, it is for the one
   * that logged in.
   */
  serves(exchange: Exchange): boolean {
    const { paths, session } = this.config;
    const { path } = exchange.request;
    if (path === paths.callback || path === paths.backchannelLogout) return true;
    const endsSession = path === paths.logout || path === paths.frontchannelLogout;
    return endsSession && readCookie(exchange, session.cookie) !== null;
  }

  withhold(exchange: Exchange): void {
    dropCookies(exchange, this.config.session.cookie);
  }

  onResponse(exchange: Exchange): void {
    this.browser.sendCookies(exchange);
  }

  private async look(exchange: Exchange, cookie: string): Promise<void> {
    const found = await this.sessions.find(cookie);
    if (exchange.ended) return;
    if (found.known === null) {
      if (found.ended) this.browser.endSession(exchange, cookie);
      return this.withoutSession(exchange);
    }
    if (found.cookie !== cookie && !this.browser.setSession(exchange, found.cookie, cookie)) {
      this.services.worker.log('error', TOO_LARGE);
    }
    return this.admit(exchange, found.known);
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

  /** Requests a login with a higher authentication level (by RFC 9470 for programs). */
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

  private async startLogin(exchange: Exchange): Promise<void> {
    this.count('loginStarted');
    await this.logins.start(exchange);
  }

  private async callback(exchange: Exchange): Promise<void> {
    if (await this.logins.finish(exchange)) this.count('loggedIn');
  }

  // ---- Logout ----------------------------------------------------------------------------------------------------

  private async logout(exchange: Exchange): Promise<void> {
    if (isCrossSite(exchange, this.browser.base(exchange))) {
      this.count('crossSite');
      exchange.refuse(crossSiteFault);
      return;
    }
    const { session, afterLogout } = this.config;
    const cookie = readCookie(exchange, session.cookie);
    const ended = cookie === null ? null : await this.sessions.end(cookie);
    if (cookie !== null) this.browser.endSession(exchange, cookie);
    const home = this.browser.base(exchange) + afterLogout;
    // Because: a provider that is away must not keep anybody logged in here.
    const url = ended === null ? null : await this.sessions.provider.endSession(ended.idToken, home).catch(() => null);
    this.count('loggedOut');
    this.browser.redirect(exchange, url ?? home);
  }

  private async logoutByProvider(exchange: Exchange): Promise<void> {
    const reply = await backchannelLogout(exchange, this.sessions.provider, this.keeper, () => {
      this.sessions.forget();
      this.count('loggedOut');
    });
    exchange.reply(reply);
  }

  private async logoutInFrame(exchange: Exchange): Promise<void> {
    const sid = frontchannelSid(exchange, this.config);
    const cookie = readCookie(exchange, this.config.session.cookie);
    const found = cookie === null ? null : await this.keeper.find(cookie);
    if (cookie !== null && found !== null && sid !== null && textClaim(found, 'sid') === sid) {
      await this.sessions.end(cookie);
      this.browser.endSession(exchange, cookie);
      this.count('loggedOut');
    }
    const headers = [['Content-Type', 'text/html; charset=utf-8'] as const, ['Cache-Control', 'no-store'] as const];
    exchange.reply({ status: 200, headers, body: '<!doctype html>' });
  }

  /** Runs `work`, and turns an unavailable provider or store into a 503. */
  private async guarded(exchange: Exchange, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (exchange.ended) return;
      this.services.worker.log('warn', 'oidc request failed', { reason: reasonOf(error) });
      this.desk.unavailable(exchange);
    }
  }

  private count(event: (typeof ownEvents)[number]): void {
    this.services.worker.cells[this.cells[event]]!++;
  }
}
