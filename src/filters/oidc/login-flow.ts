// The way to the provider and back (RFC 6749 section 4.1 with PKCE, RFC 7636): what is kept until the browser returns, and what the browser
// brings.

import { timingSafeEqual } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { LoginDesk } from '../../exchange/identity/login-desk.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { queryValue } from '../../http/query.ts';
import type { BrowserSide } from './browser-side.ts';
import type { OidcConfig } from './config.ts';
import {
  COOKIE_CHARACTERS_MAX,
  type CookieSettings,
  endCookie,
  piecesOf,
  readCookie,
  TOO_LARGE,
  writeCookie,
} from './cookie-jar.ts';
import { type LoginSecrets, Provider } from './provider.ts';
import { isUnreachable, oauthErrorOf, reasonOf, wantsNewLogin } from './provider-trouble.ts';
import { SealedBox } from './sealed-box.ts';
import { type Session, textClaim } from './session.ts';
import type { SessionDesk } from './session-desk.ts';

/** How long a browser may take for the login at the provider, in seconds. */
const LOGIN_LIFE_S = 600;

const lateFault = new Fault(
  'credentials_invalid',
  'The login took too long, was finished before, or began in another browser. Open the page again.',
);
const levelFault = new Fault(
  'access_denied',
  'The login does not have the authentication level that this route requires.',
);

/** What the browser keeps, sealed, until it returns from the provider. */
interface Attempt extends LoginSecrets {
  readonly returnTo: string;
  /** The levels that the starting route requires. The callback may be served by another route with other levels. */
  readonly acr: readonly string[];
  readonly atS: number;
  /** The provider asked for this login in place of an earlier one. */
  readonly again: boolean;
}

export interface LoginFlowParts {
  readonly config: OidcConfig;
  readonly worker: WorkerServices;
  readonly desk: LoginDesk;
  readonly sessions: SessionDesk;
  readonly browser: BrowserSide;
}

export class LoginFlow {
  private readonly parts: LoginFlowParts;
  private readonly box: SealedBox;

  constructor(parts: LoginFlowParts) {
    const { session } = parts.config;
    this.parts = parts;
    // Because: a login that began with one provider must not be finished with another (mix-up, RFC 9700 section 4.4).
    this.box = new SealedBox(session.keys, `login ${session.cookie} ${Provider.identityOf(parts.config)}`);
  }

  /** Sends the browser to the provider. Rejects when the provider cannot be reached. */
  start(exchange: Exchange): Promise<void> {
    const { path, query, hasQuery } = exchange.request;
    const { acr } = this.parts.config;
    return this.begin(exchange, { returnTo: hasQuery ? `${path}?${query}` : path, acr, again: false });
  }

  private async begin(exchange: Exchange, wanted: Pick<Attempt, 'returnTo' | 'acr' | 'again'>): Promise<void> {
    const { config, sessions, browser } = this.parts;
    const callback = browser.base(exchange) + config.paths.callback;
    const { url, secrets } = await sessions.provider.login(callback, wanted.acr);
    const attempt: Attempt = { ...secrets, ...wanted, atS: sessions.nowS() };
    const sealed = this.box.seal(JSON.stringify(attempt));
    const lines = writeCookie(this.cookieOf(secrets.state), sealed, LOGIN_LIFE_S, this.cookieSettings(exchange), 0);
    browser.addCookies(exchange, lines ?? []);
    browser.redirect(exchange, url);
  }

  /** Handles the callback. True when a session has begun. */
  async finish(exchange: Exchange): Promise<boolean> {
    const { config, desk, sessions, browser } = this.parts;
    const { request } = exchange;
    if (request.method !== 'GET') {
      exchange.refuse(new Fault('method_not_allowed'), [['Allow', 'GET']]);
      return false;
    }
    if (desk.isThrottled(exchange)) return false;
    const state = queryValue(request.query, 'state') ?? '';
    const attempt = this.open(exchange, state);
    if (typeof attempt === 'string') {
      desk.invalid(exchange, attempt, '', attempt === 'expired' ? lateFault : undefined);
      return false;
    }
    const { provider } = sessions;
    // Because: failures slow a source down only once they are known. Until then it could send one callback any number of times, and each would
    // hold a connection to the provider.
    if (provider.redeems(attempt)) {
      desk.invalid(exchange, 'expired', '', lateFault);
      return false;
    }
    if (provider.isBusy) {
      desk.unavailable(exchange);
      return false;
    }
    const base = browser.base(exchange);
    const session = await this.redeem(exchange, new URL(`${base}${config.paths.callback}?${request.query}`), attempt);
    if (session === null || exchange.ended) return false;
    // Because: a redirect would lead to the same login again, without end.
    if (attempt.acr.length > 0 && !attempt.acr.includes(textClaim(session, 'acr'))) {
      desk.forbid(exchange, levelFault);
      return false;
    }
    const cookie = await sessions.begin(session);
    if (exchange.ended) return false;
    if (cookie === null) {
      await this.startAgain(exchange, attempt);
      return false;
    }
    if (!browser.setSession(exchange, cookie, readCookie(exchange, config.session.cookie))) {
      this.parts.worker.log('error', TOO_LARGE, { characters: cookie.length, charactersMax: COOKIE_CHARACTERS_MAX });
      exchange.refuse(new Fault('session_too_large'));
      return false;
    }
    this.endAttempt(exchange, state);
    browser.returnTo(exchange, base + attempt.returnTo);
    return true;
  }

  private async startAgain(exchange: Exchange, { returnTo, acr, state }: Attempt): Promise<void> {
    this.endAttempt(exchange, state);
    await this.begin(exchange, { returnTo, acr, again: true });
  }

  /** Redeems the code for a session; null when the exchange was refused or ended. */
  private async redeem(exchange: Exchange, callback: URL, attempt: Attempt): Promise<Session | null> {
    const { worker, desk, sessions } = this.parts;
    try {
      return await sessions.provider.redeem(callback, attempt, sessions.nowS());
    } catch (error) {
      if (exchange.ended) return null;
      // Because: once only; a provider that never succeeds must not send the browser in circles.
      if (wantsNewLogin(error) && !attempt.again) {
        await this.startAgain(exchange, attempt);
        return null;
      }
      worker.log('warn', 'oidc login failed', { reason: reasonOf(error) });
      if (isUnreachable(error)) desk.unavailable(exchange);
      else if (callback.searchParams.has('error')) desk.forbid(exchange, deniedFault(oauthErrorOf(error)));
      else desk.invalid(exchange, 'unknown');
      return null;
    }
  }

  /** What was kept for this login, or why there is nothing: the browser did not start it here, or started it too long ago. */
  private open(exchange: Exchange, state: string): Attempt | 'expired' | 'mismatch' {
    // Because: the browser has dropped the cookie, as it expired or the callback was loaded before; without it there is nothing to guess.
    // A state of another form has none either. Any page can have such a callback loaded, and must not lock out those behind one address.
    const sealed = /^[A-Za-z0-9_-]{43}$/.test(state) ? readCookie(exchange, this.cookieOf(state)) : null;
    if (sealed === null) return 'expired';
    const text = this.box.open(sealed);
    if (text === null) return 'mismatch';
    // Because: only this filter seals such texts; a gateway of an earlier version may have sealed it without `acr` and `again`.
    const read = JSON.parse(text) as Omit<Attempt, 'acr' | 'again'> & Partial<Attempt>;
    const attempt: Attempt = { ...read, acr: read.acr ?? [], again: read.again ?? false };
    if (this.parts.sessions.nowS() > attempt.atS + LOGIN_LIFE_S) return 'expired';
    return timingSafeEqual(Buffer.from(attempt.state), Buffer.from(state)) ? attempt : 'mismatch';
  }

  /** Ends the cookie of an attempt. It has several pieces when the address of the page is long. */
  private endAttempt(exchange: Exchange, state: string): void {
    const name = this.cookieOf(state);
    const pieces = piecesOf(readCookie(exchange, name));
    this.parts.browser.addCookies(exchange, endCookie(name, this.cookieSettings(exchange), pieces));
  }

  private cookieOf(state: string): string {
    return `${this.parts.config.session.cookie}_login_${state.slice(0, 12)}`;
  }

  /** Always lax: the browser returns from another site, and would not send a strict cookie. */
  private cookieSettings(exchange: Exchange): CookieSettings {
    const { browser, config } = this.parts;
    // Because: browsers reject a cookie whose name begins with `__Host-` and whose path is not `/` (RFC 6265bis 4.1.3.2).
    const path = /^__Host-/i.test(config.session.cookie) ? '/' : browser.callbackPath;
    return { ...browser.cookieSettings(exchange), sameSite: 'lax', path };
  }
}

function deniedFault(said: string): Fault {
  return new Fault('access_denied', `The provider refused the login${said === '' ? '' : ` (${said})`}.`);
}
