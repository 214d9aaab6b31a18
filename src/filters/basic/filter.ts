// The basic filter: takes user and password from Authorization, asks the password desk whether they are right, and identifies the user.

import { createHash } from 'node:crypto';
import { parsePasswordHash } from '../../base/password-hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { MALFORMED, takeScheme } from '../../exchange/identity/credential.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { Login } from '../../exchange/identity/login.ts';
import { LoginDesk, loginEvents, loginNeeds } from '../../exchange/identity/login-desk.ts';
import { sourceOf } from '../../exchange/identity/login-source.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { BasicConfig } from './config.ts';
import { type Attempt, DeskFull, PasswordDesk } from './password-desk.ts';

const CREDENTIAL_BYTES_MAX = 1_024;

/** User and password; null for a text that RFC 7617 does not allow. */
export function parseBasic(text: string): readonly [user: string, password: string] | null {
  if (text.length > CREDENTIAL_BYTES_MAX) return null;
  const bytes = Buffer.from(text, 'base64');
  // Because: a lenient decoder accepts many texts for the same bytes.
  if (bytes.length === 0 || bytes.toString('base64') !== text) return null;
  const pair = bytes.toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1 || /[\0-\x1f\x7f\ufffd]/.test(pair)) return null;
  return [pair.slice(0, colon), pair.slice(colon + 1)];
}

/** The key of the object that routes with the same users share. Hashed, since the text contains the password hashes. */
function deskKey(config: BasicConfig): string {
  const { users, checksAtOnce, checksWaiting, cachedLogins, cacheFor } = config;
  const text = JSON.stringify([users, checksAtOnce, checksWaiting, cachedLogins, cacheFor]);
  return `basic ${createHash('sha256').update(text).digest('hex')}`;
}

export const basicFilter: FilterDefinition<BasicConfig> = {
  name: 'basic',
  events: loginEvents,
  needs: loginNeeds,
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build: (config, services) => new Basic(config, services),
};

class Basic implements Filter {
  readonly strangers: LoginDesk;
  private readonly desk: LoginDesk;
  private readonly keepsCredential: boolean;
  private readonly logins: ReadonlyMap<string, Login>;
  private readonly passwords: PasswordDesk;

  constructor(config: BasicConfig, services: FilterServices) {
    const { users, realm, failedLogins, forward, optional, checksAtOnce, checksWaiting, cachedLogins, cacheFor } =
      config;
    const { worker } = services;
    const challenge = `Basic realm="${realm}", charset="UTF-8"`;
    this.keepsCredential = forward.keepCredential;
    this.desk = new LoginDesk(
      { filter: 'basic', challenge, challengeInvalid: challenge, failedLogins, forward, optional, guessable: true },
      services,
    );
    this.strangers = this.desk;
    this.logins = new Map(
      users.map(({ name, scopes, consumer }) => [
        name,
        new Login({ by: 'basic', subject: name, keyId: '', scopes, claims: null }, consumer ?? null),
      ]),
    );
    this.passwords = worker.lasting(
      deskKey(config),
      () =>
        new PasswordDesk({
          // Because: the schema has parsed each of them.
          hashes: new Map(users.map(({ name, password }) => [name, parsePasswordHash(password)!])),
          checksAtOnce,
          checksWaiting,
          cachedLogins,
          cacheForMs: cacheFor,
          clock: worker.clock,
        }),
    );
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const { desk, passwords } = this;
    const taken = takeScheme(exchange, 'basic');
    if (taken === null) {
      desk.missing(exchange);
      return;
    }
    const pair = taken === MALFORMED ? null : parseBasic(taken);
    if (pair !== null) return this.logIn(exchange, passwords.attempt(sourceOf(exchange.client.ip), ...pair));
    desk.malformed(exchange);
  }

  withhold(exchange: Exchange): void {
    if (!this.keepsCredential && takeScheme(exchange, 'basic') !== null)
      exchange.request.headers.removeById(HeaderId.authorization);
  }

  private logIn(exchange: Exchange, attempt: Attempt): void | Promise<void> {
    const { desk, passwords } = this;
    const remembered = passwords.remembered(attempt);
    // Because: a caller that logged in from here continues at the next check, whatever others behind the address have tried.
    const isNoGuess = passwords.wasRight(attempt);
    if (!isNoGuess && desk.isThrottled(exchange)) return;
    if (remembered === undefined)
      return passwords.check(attempt).then(
        holds => this.decideLate(exchange, attempt, isNoGuess, holds),
        (error: unknown) => {
          if (!(error instanceof DeskFull)) throw error;
          desk.unavailable(exchange);
        },
      );
    this.decide(exchange, attempt, remembered);
  }

  private decide(exchange: Exchange, { user }: Attempt, holds: boolean): void {
    const { desk } = this;
    const login = this.logins.get(user);
    if (login === undefined) desk.invalid(exchange, 'unknown');
    else if (!holds) desk.invalid(exchange, 'mismatch');
    else if (desk.admit(exchange, login) && !this.keepsCredential)
      exchange.request.headers.removeById(HeaderId.authorization);
  }

  /**
   * Applies the result of a check. Many guesses may have been admitted to the check together: once too many of them have failed, none of
   * the others learns whether it was right.
   */
  private decideLate(exchange: Exchange, attempt: Attempt, isNoGuess: boolean, holds: boolean): void {
    if (isNoGuess || !this.desk.isThrottled(exchange)) this.decide(exchange, attempt, holds);
    else if (holds) this.passwords.forget(attempt);
  }
}
