// The apiKey filter: takes a key from the request, asks the key book for its owner, and checks what the key permits. The stores keep the
// keys.

import { Fault } from '../../base/fault.ts';
import { wallMs } from '../../base/wall-time.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { CredentialReader, MALFORMED } from '../../exchange/identity/credential.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { LoginDesk, loginEvents, loginNeeds } from '../../exchange/identity/login-desk.ts';
import { keyStoreIn } from '../../store/keys/key-store.ts';
import type { ApiKeyConfig } from './config.ts';
import { KeyBook, KeysUnavailable } from './key-book.ts';
import type { KnownKey } from './known-key.ts';

const KEY_BYTES_MAX = 512;
/** Printable ASCII: what headers, cookies and queries can all carry. */
const legalKey = /^[\x21-\x7e]+$/;

const routeFault = new Fault('access_denied', 'The API key is not for this route.');
const scopeFault = new Fault('access_denied', 'The API key lacks a scope.');

/**
 * One book per store and settings, for all routes of a worker. By store, or by worker where there is none; a book lives as long as its
 * owner.
 */
const books = new WeakMap<object, Map<string, KeyBook>>();

function bookFor(
  { store: name, cache, keepWhenAway, forward }: ApiKeyConfig,
  { worker, store: storeOf }: FilterServices,
): KeyBook {
  const store = name === undefined ? null : storeOf(name);
  const owner = store ?? worker;
  let ofOwner = books.get(owner);
  if (ofOwner === undefined) books.set(owner, (ofOwner = new Map()));
  // Because: the fields for the upstream are kept with a login, and another route may send different ones, or none.
  const manner = `${cache} ${keepWhenAway} ${forward.consumer} ${forward.key ?? ''}`;
  let book = ofOwner.get(manner);
  if (book === undefined) {
    book = new KeyBook(store === null ? null : keyStoreIn(store), {
      cacheBytes: cache,
      keepWhenAwayMs: keepWhenAway,
      clock: worker.clock,
      onAway: reason =>
        reason === null
          ? worker.log('info', 'the key store is back', { store: name! })
          : worker.log('warn', 'the key store is away', { store: name!, reason }),
    });
    ofOwner.set(manner, book);
  }
  return book;
}

export const apiKeyFilter: FilterDefinition<ApiKeyConfig> = {
  name: 'apiKey',
  events: loginEvents,
  needs: loginNeeds,
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build(config, services) {
    const { worker } = services;
    const { from, scopes, forward, failedLogins, optional } = config;
    const reader = new CredentialReader(from, KEY_BYTES_MAX);
    const dropped = forward.keepCredential ? from.filter(({ kind }) => kind === 'query' && !config.keepInQuery) : from;
    const dropper = dropped.length === 0 ? null : new CredentialReader(dropped, KEY_BYTES_MAX);
    const challenge = `${from.some(({ kind }) => kind === 'bearer') ? 'Bearer' : 'ApiKey'} realm="cardea"`;
    const challengeInvalid = challenge.startsWith('Bearer') ? `${challenge}, error="invalid_token"` : challenge;
    const desk = new LoginDesk(
      { filter: 'apiKey', challenge, challengeInvalid, failedLogins, forward, optional },
      services,
    );
    const book = bookFor(config, services);

    function decide(exchange: Exchange, key: KnownKey | null): void {
      if (key === null) desk.invalid(exchange, 'unknown');
      else if (key.disabled) desk.invalid(exchange, 'revoked');
      else if (key.expiresAtMs !== Infinity && key.expiresAtMs < wallMs(worker.clock.now))
        desk.invalid(exchange, 'expired');
      else if (key.routes !== null && !key.routes.has(exchange.routeName)) desk.forbid(exchange, routeFault);
      else if (scopes.length > 0 && !scopes.every(scope => key.scopes.includes(scope)))
        desk.forbid(exchange, scopeFault);
      else if (desk.admit(exchange, key.login) && dropper !== null) dropper.drop(exchange);
    }

    function giveUp(exchange: Exchange, error: unknown): void {
      if (!(error instanceof KeysUnavailable)) throw error;
      desk.unavailable(exchange);
    }

    function lookUp(exchange: Exchange, text: string): void | Promise<void> {
      const { consumers } = exchange.snapshot;
      if (!book.knows(text) && desk.isThrottled(exchange)) return;
      if (!legalKey.test(text)) {
        desk.invalid(exchange, 'malformed');
        return;
      }
      try {
        const found = book.find(text, consumers);
        if (found instanceof Promise)
          return found.then(
            key => decide(exchange, key),
            (error: unknown) => giveUp(exchange, error),
          );
        decide(exchange, found);
      } catch (error) {
        giveUp(exchange, error);
      }
    }

    return {
      strangers: desk,
      onRequest(exchange) {
        const taken = reader.take(exchange);
        if (taken === null) desk.missing(exchange);
        else if (taken === MALFORMED) desk.malformed(exchange);
        else {
          const key = book.ready(taken, exchange.snapshot.consumers);
          if (key === undefined) return lookUp(exchange, taken);
          decide(exchange, key);
        }
      },
      credentialPlaces: from,
      withhold: (exchange, of) => dropper?.dropBeside(exchange, of),
    };
  },
};
