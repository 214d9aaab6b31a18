// The jwt filter: takes the token, uses the cached verdict or verifies it, and passes the verdict to the login desk. The files beside it
// define which tokens are valid.

import { discoveryUrl } from '../../base/discovery-url.ts';
import { Fault } from '../../base/fault.ts';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { wallMs } from '../../base/wall-time.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { CredentialReader, MALFORMED } from '../../exchange/identity/credential.ts';
import { IdentityLines } from '../../exchange/identity/identity-lines.ts';
import { LoginDesk, loginEvents, loginNeeds } from '../../exchange/identity/login-desk.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import type { FeedNeed } from '../../store/feed.ts';
import { type JwksValue, jwksNeed } from '../../store/jwks/jwks-feed.ts';
import { revocationNeed } from '../../store/revocation/revocation-feed.ts';
import type { StoreSpec } from '../../store/store-spec.ts';
import type { JwtConfig } from './config.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { Revocations } from './revocations.ts';
import { TokenCache } from './token-cache.ts';
import { TokenVerifier } from './token-verifier.ts';
import type { VerifiedToken } from './verified-token.ts';

const scopeFault = new Fault('access_denied', 'The token does not have the scopes that this route requires.');

export const jwtFilter: FilterDefinition<JwtConfig> = {
  name: 'jwt',
  events: loginEvents,
  needs(config, context) {
    const feeds = [keyFeed(config), revocationFeed(config, context.store)].filter(feed => feed !== null);
    return { ...loginNeeds(config), feeds };
  },
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build: (config, services) => new JwtFilter(config, services),
};

/** Keys and verified tokens, shared by all routes with the same settings, and kept over reloads. */
interface Knowledge {
  readonly keys: IssuerKeys;
  readonly tokens: TokenCache;
  readonly verifier: TokenVerifier;
}

function knowledgeOf(config: JwtConfig, worker: WorkerServices): Knowledge {
  // A token is the same on a route that requires one and on a route that does not.
  return worker.lasting(`jwt ${JSON.stringify({ ...config, optional: false })}`, () => {
    const need = keyFeed(config);
    return {
      keys: new IssuerKeys(config, need === null ? null : worker.feed<JwksValue>(need)),
      tokens: new TokenCache(config.cache),
      verifier: new TokenVerifier(config),
    };
  });
}

function keyFeed(config: JwtConfig): FeedNeed | null {
  const { keys, issuer = '', refresh, keyLife, coolDown, fetchTimeout, allowHttp } = config;
  const pace = { refreshMs: refresh, lifeMs: keyLife, coolDownMs: coolDown, timeoutMs: fetchTimeout, allowHttp };
  if (keys === undefined) return jwksNeed({ url: discoveryUrl(issuer), issuer, ...pace });
  if ('discovery' in keys) return jwksNeed({ url: keys.discovery, issuer, ...pace });
  return 'url' in keys ? jwksNeed({ url: keys.url, issuer: '', ...pace }) : null;
}

function revocationFeed({ revocation }: JwtConfig, storeSpec: (name: string) => StoreSpec): FeedNeed | null {
  if (revocation === undefined) return null;
  const store = storeSpec(revocation.store);
  if (store.kind !== 'redis' && store.kind !== 'redisCluster')
    throw new TypeError(`revocation: the store "${revocation.store}" is no Redis`);
  return revocationNeed({ store, syncMs: revocation.sync });
}

class JwtFilter implements Filter {
  private readonly config: JwtConfig;
  private readonly worker: WorkerServices;
  private readonly reader: CredentialReader;
  private readonly desk: LoginDesk;
  private readonly knowledge: Knowledge;
  private readonly revocations: Revocations | null;
  private readonly scopeChallenge: string;
  readonly strangers: LoginDesk;
  readonly credentialPlaces: readonly CredentialPlace[];

  constructor(config: JwtConfig, services: FilterServices) {
    const { failedLogins, forward, consumer, scopes, optional } = config;
    // Because: a store of another kind gave this filter no tables either, and what the first of them says would be told in its place.
    const feed = revocationFeed(config, name => services.storeSpec(name));
    this.config = config;
    this.worker = services.worker;
    this.credentialPlaces = config.from;
    this.reader = new CredentialReader(config.from, config.tokenSize);
    this.desk = new LoginDesk(
      {
        filter: 'jwt',
        challenge: 'Bearer realm="cardea"',
        challengeInvalid: 'Bearer realm="cardea", error="invalid_token"',
        failedLogins,
        forward,
        consumerRequired: consumer?.required ?? false,
        optional,
      },
      services,
    );
    this.strangers = this.desk;
    this.knowledge = knowledgeOf(config, services.worker);
    this.revocations =
      feed === null ? null : new Revocations(services.worker.feed(feed), config.revocation?.startWithout === 'allow');
    this.scopeChallenge = `Bearer realm="cardea", error="insufficient_scope", scope="${scopes.join(' ')}"`;
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const token = this.reader.take(exchange);
    if (token === null) return this.desk.missing(exchange);
    if (token === MALFORMED) return this.desk.malformed(exchange);
    const { keys, tokens } = this.knowledge;
    const set = keys.current();
    const known = tokens.get(token);
    if (known !== undefined) {
      if (known.generation !== keys.generation && set?.has(known.key) === true) known.generation = keys.generation;
      if (known.generation === keys.generation && known.goodUntilMs > wallMs(this.worker.clock.now)) {
        return this.accept(exchange, known);
      }
      tokens.delete(token);
    }
    return this.verify(exchange, token, true);
  }

  withhold(exchange: Exchange, of: readonly CredentialPlace[]): void {
    if (!this.config.forward.keepCredential) this.reader.dropBeside(exchange, of);
  }

  private verify(exchange: Exchange, token: string, mayWait: boolean): void | Promise<void> {
    const { desk } = this;
    const { keys, tokens, verifier } = this.knowledge;
    if (desk.isThrottled(exchange)) return undefined;
    const set = keys.current();
    const verdict = verifier.verify(token, set, keys.generation, Date.now());
    if (mayWait && (verdict === 'unknownKey' || verdict === 'mismatch')) {
      // Because: an issuer may give its next key the id of the last one, or give its keys no ids.
      const renewed = keys.renewed();
      if (renewed !== null) return this.verifyAfter(renewed, exchange, token);
    }
    if (verdict === 'unknownKey') return set === null ? desk.unavailable(exchange) : desk.invalid(exchange, 'unknown');
    if (typeof verdict === 'string') return desk.invalid(exchange, verdict);
    tokens.set(verdict);
    return this.accept(exchange, verdict);
  }

  private async verifyAfter(renewed: Promise<void>, exchange: Exchange, token: string): Promise<void> {
    await renewed;
    if (!exchange.ended) void this.verify(exchange, token, false);
  }

  private accept(exchange: Exchange, token: VerifiedToken): void {
    const { desk, config, revocations } = this;
    const status = revocations === null ? 'good' : revocations.statusOf(token);
    if (status === 'revoked') desk.invalid(exchange, 'revoked');
    else if (status === 'unknown') desk.unavailable(exchange);
    else if (!token.suffices) desk.forbid(exchange, scopeFault, this.scopeChallenge);
    else if (desk.admit(exchange, token.login) && !config.forward.keepCredential) this.reader.drop(exchange);
  }
}
