// What an exchange owes its browser: cookies to set with the answer, redirects, and how the browser reaches this gateway.

import type { Exchange } from '../../exchange/exchange.ts';
import type { OidcConfig } from './config.ts';
import { type CookieSettings, endCookie, PIECES_MAX, piecesOf, writeCookie } from './cookie-jar.ts';

const noStore = ['Cache-Control', 'no-store'] as const;

export class BrowserSide {
  private readonly config: OidcConfig;
  private readonly slot: number;

  /** `slot` is the filter's cell, in which cookies wait for the answer. */
  constructor(config: OidcConfig, slot: number) {
    this.config = config;
    this.slot = slot;
  }

  /** Scheme and host as the browser has them. */
  base({ client, request }: Exchange): string {
    return this.config.publicUrl?.replace(/\/+$/, '') ?? `${client.scheme}://${request.authority}`;
  }

  cookieSettings(exchange: Exchange): CookieSettings {
    return { sameSite: this.config.session.sameSite, secure: this.base(exchange).startsWith('https:'), path: '/' };
  }

  /** Set-Cookie lines that go with whatever answer there will be. */
  addCookies(exchange: Exchange, lines: readonly string[]): void {
    exchange.state[this.slot] = [...this.cookies(exchange), ...lines];
  }

  /** Adds them to the answer. */
  sendCookies(exchange: Exchange): void {
    for (const line of this.cookies(exchange)) exchange.response!.headers.append('Set-Cookie', line);
  }

  /** The session's cookie. False when it does not fit into a browser's. */
  setSession(exchange: Exchange, cookie: string, before: string | null): boolean {
    const { session } = this.config;
    const settings = this.cookieSettings(exchange);
    // Because: a strict cookie does not come along to the callback, whatever the browser has.
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

  /** Back from the provider to a page that wants the session's cookie. */
  returnTo(exchange: Exchange, url: string): void {
    if (this.config.session.sameSite !== 'strict') this.redirect(exchange, url);
    // Because: browsers keep a strict cookie to themselves until a page of this site leads them on; the redirect is the provider's doing.
    else this.reply(exchange, 200, ['Content-Type', 'text/html; charset=utf-8'], pageBefore(url));
  }

  /** The cookies go with the reply itself: inside anyOf nobody asks the filter about the answer. */
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

/** A page that is left at once for another. */
function pageBefore(url: string): string {
  // What a URL may hold and HTML reads as its own; quotes and angle brackets are escaped in it already.
  const href = new URL(url).href.replaceAll('&', '&amp;').replaceAll("'", '&#39;');
  return `<!doctype html><meta http-equiv="refresh" content='0;url="${href}"'><a href="${href}">Continue</a>`;
}
