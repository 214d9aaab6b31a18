// What an exchange owes its browser: cookies to set with the response, redirects, and the address by which the browser reaches this
// gateway.

import type { Exchange } from '../../exchange/exchange.ts';
import { keepFromSharedCaches } from '../../http/cache-control.ts';
import type { OidcConfig } from './config.ts';
import { type CookieSettings, endCookie, PIECES_MAX, piecesOf, writeCookie } from './cookie-jar.ts';

const noStore = ['Cache-Control', 'no-store'] as const;

export class BrowserSide {
  private readonly config: OidcConfig;
  private readonly slot: number;
  /** `publicUrl` without a trailing slash; undefined when it is not configured. */
  private readonly publicUrl: string | undefined;
  /** The path of the callback as the browser sees it: a proxy in front may serve the gateway below a path, which `publicUrl` names. */
  readonly callbackPath: string;

  /** `slot` is the filter's cell, in which cookies wait for the response. */
  constructor(config: OidcConfig, slot: number) {
    this.config = config;
    this.slot = slot;
    const { callback } = config.paths;
    this.publicUrl = config.publicUrl?.replace(/\/+$/, '');
    this.callbackPath = this.publicUrl === undefined ? callback : new URL(this.publicUrl + callback).pathname;
  }

  /** The gateway's scheme and host as the browser sees them, without a trailing slash. */
  base({ client, request }: Exchange): string {
    return this.publicUrl ?? `${client.scheme}://${request.authority}`;
  }

  cookieSettings(exchange: Exchange): CookieSettings {
    return { sameSite: this.config.session.sameSite, secure: this.base(exchange).startsWith('https:'), path: '/' };
  }

  /** Collects Set-Cookie lines for the response, whichever response that will be. */
  addCookies(exchange: Exchange, lines: readonly string[]): void {
    exchange.state[this.slot] = [...this.cookies(exchange), ...lines];
  }

  /** Adds the collected Set-Cookie lines to the response. Whoever got them from a cache would have the session of another user. */
  sendCookies(exchange: Exchange): void {
    const lines = this.cookies(exchange);
    if (lines.length === 0) return;
    const { headers } = exchange.response!;
    for (const line of lines) headers.append('Set-Cookie', line);
    keepFromSharedCaches(headers);
  }

  /** Sets the session cookie; `before` is the value that the browser sent. False when the value is too large for a browser. */
  setSession(exchange: Exchange, cookie: string, before: string | null): boolean {
    const { session } = this.config;
    const settings = this.cookieSettings(exchange);
    // Because: browsers do not send a strict cookie to the callback, so it is unknown how many pieces they have.
    const had = before === null && session.sameSite === 'strict' ? PIECES_MAX : piecesOf(before);
    const lines = writeCookie(session.cookie, cookie, Math.ceil(session.life / 1_000), settings, had);
    if (lines !== null) this.addCookies(exchange, lines);
    return lines !== null;
  }

  endSession(exchange: Exchange, cookie: string): void {
    const { session } = this.config;
    this.addCookies(exchange, endCookie(session.cookie, this.cookieSettings(exchange), piecesOf(cookie)));
  }

  redirect(exchange: Exchange, url: string): void {
    this.reply(exchange, 302, ['Location', url], '');
  }

  /** Leads the browser from the callback to a page that needs the session cookie. */
  returnTo(exchange: Exchange, url: string): void {
    if (this.config.session.sameSite !== 'strict') this.redirect(exchange, url);
    // Because: browsers send a strict cookie only when a page of this site leads them on, and this redirect began at the provider.
    else this.reply(exchange, 200, ['Content-Type', 'text/html; charset=utf-8'], pageBefore(url));
  }

  /**
   * Puts the collected cookies into the reply itself, and clears them so that `onResponse` does not add them again. When an anyOf withdraws
   * the reply, it withdraws the cookies as well.
   */
  private reply(exchange: Exchange, status: number, field: readonly [string, string], body: string): void {
    const cookies = this.cookies(exchange).map(line => ['Set-Cookie', line] as const);
    exchange.state[this.slot] = undefined;
    exchange.reply({ status, headers: [field, noStore, ...cookies], body });
  }

  private cookies(exchange: Exchange): readonly string[] {
    // Because: only this filter writes its cell.
    return (exchange.state[this.slot] as readonly string[] | undefined) ?? [];
  }
}

/** A page that leads to another one immediately. */
function pageBefore(url: string): string {
  // Escapes the characters that a URL may contain and HTML interprets; quotes and angle brackets are percent-encoded in a URL already.
  const href = new URL(url).href.replaceAll('&', '&amp;').replaceAll("'", '&#39;');
  return `<!doctype html><meta http-equiv="refresh" content='0;url="${href}"'><a href="${href}">Continue</a>`;
}
