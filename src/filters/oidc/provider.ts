// The provider, by means of the certified client library: discovery, login, tokens, logout. Knows no cookies and no exchanges.

import { createHash, randomBytes } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import type {
  ClientAuth,
  Configuration,
  IDToken,
  TokenEndpointResponse,
  TokenEndpointResponseHelpers,
} from 'openid-client';
import type { OidcConfig } from './config.ts';
import { fetchBounded } from './fetch-bounded.ts';
import { isUnreachable } from './provider-trouble.ts';
import { accessTimes, type Session } from './session.ts';

type Library = typeof import('openid-client');
type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** The secrets of one login, kept until the browser returns. */
export interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** How long the metadata is used before it is fetched again. */
const METADATA_LIFE_MS = 24 * 3_600_000;
/** How many logins one worker completes at once. Each holds a connection to the provider, and anybody may have begun as many as he likes. */
const REDEEMED_AT_ONCE = 100;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LOGOUT_TOKEN_AGE = '10m';
/** How far the provider's clock may be off: the same as the client library allows for ID tokens. */
const CLOCK_TOLERANCE_S = 30;

interface Known {
  readonly library: Library;
  readonly configuration: Configuration;
  readonly atMs: number;
}

export class Provider {
  private readonly config: OidcConfig;
  private known: Known | null = null;
  private asking: Promise<Known> | null = null;
  /** The logins that are being completed, by state. */
  private readonly redeemed = new Set<string>();
  private logoutKeys: { readonly url: string; readonly set: JWTVerifyGetKey } | null = null;

  constructor(config: OidcConfig) {
    this.config = config;
  }

  /** Issuer and client, as one text: to which login a session belongs. */
  static identityOf({ issuer, clientId }: Pick<OidcConfig, 'issuer' | 'clientId'>): string {
    return `${issuer} ${clientId}`;
  }

  /**
   * The URL to which a browser is sent to log in, and the secrets to keep until it returns. Rejects when the provider cannot be reached.
   */
  async login(redirectUri: string, acr: readonly string[]): Promise<{ url: string; secrets: LoginSecrets }> {
    const { library, configuration } = await this.discovered();
    const secrets = { state: random(), nonce: random(), verifier: random() };
    const url = library.buildAuthorizationUrl(configuration, {
      ...this.config.authorize,
      redirect_uri: redirectUri,
      scope: this.config.scopes.join(' '),
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: createHash('sha256').update(secrets.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(acr.length > 0 && { acr_values: acr.join(' ') }),
    });
    return { url: url.href, secrets };
  }

  /** Whether this login is being completed by another request: its code is valid once. */
  redeems({ state }: LoginSecrets): boolean {
    return this.redeemed.has(state);
  }

  /** Whether no further login can be completed now. */
  get isBusy(): boolean {
    return this.redeemed.size >= REDEEMED_AT_ONCE;
  }

  /** Redeems the code for a session. Rejects when any part of the response is wrong: state, nonce, signature, issuer, audience, times. */
  async redeem(callback: URL, secrets: LoginSecrets, nowS: number): Promise<Session> {
    this.redeemed.add(secrets.state);
    try {
      return await this.redeemNow(callback, secrets, nowS);
    } finally {
      this.redeemed.delete(secrets.state);
    }
  }

  private async redeemNow(callback: URL, { state, nonce, verifier }: LoginSecrets, nowS: number): Promise<Session> {
    const { library, configuration } = await this.discovered();
    const tokens = await library.authorizationCodeGrant(configuration, callback, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    // Because: with `idTokenExpected`, a missing ID token is an error.
    const claims = tokens.claims()!;
    const more = this.config.userInfo
      ? await library.fetchUserInfo(configuration, tokens.access_token, claims.sub)
      : {};
    return this.sessionOf(tokens, claims, { ...more, ...claims }, nowS);
  }

  /** The session with new tokens. Rejects when the provider refuses (`isRefusal`) or cannot be reached. */
  async refresh(session: Session, nowS: number): Promise<Session> {
    const { library, configuration } = await this.discovered();
    const tokens = await library.refreshTokenGrant(configuration, session.refreshToken!);
    const claims = tokens.claims();
    // OpenID Connect Core section 12.2: a new ID token must be for the same user.
    if (claims !== undefined && claims.sub !== session.claims['sub'])
      throw new TypeError('the new token belongs to another user');
    return {
      ...session,
      claims: claims === undefined ? session.claims : { ...session.claims, ...ownClaims(claims) },
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token ?? session.refreshToken,
      idToken: tokens.id_token ?? session.idToken,
      ...accessTimes(nowS, tokens.expires_in),
      usedS: nowS,
    };
  }

  /** The URL at which the browser ends its session at the provider; null when the provider has no such page. */
  async endSession(idToken: string | null, returnTo: string): Promise<string | null> {
    const { library, configuration } = await this.discovered();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
    const hint = idToken === null ? {} : { id_token_hint: idToken };
    return library.buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo, ...hint }).href;
  }

  /**
   * The session and user that a logout token names (OpenID Connect Back-Channel Logout section 2.6). Rejects when the token is not valid.
   */
  async readLogoutToken(token: string): Promise<{ readonly sid: string; readonly sub: string; readonly jti: string }> {
    const { configuration } = await this.discovered();
    const { jwks_uri: jwks, issuer } = configuration.serverMetadata();
    const { createRemoteJWKSet, customFetch, jwtVerify } = await import('jose');
    if (jwks === undefined) throw new TypeError('the provider publishes no keys');
    if (this.logoutKeys?.url !== jwks) {
      // Because: anybody may send tokens; whatever keys they name, this set fetches the provider's keys only once in a while.
      const options = { timeoutDuration: this.config.timeout, [customFetch]: fetchBounded };
      this.logoutKeys = { url: jwks, set: createRemoteJWKSet(new URL(jwks), options) };
    }
    const { payload } = await jwtVerify(token, this.logoutKeys.set, {
      issuer,
      audience: this.config.clientId,
      maxTokenAge: LOGOUT_TOKEN_AGE,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['iat', 'jti', 'events'],
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    });
    const { events, nonce, sid, sub, jti } = payload;
    const named = typeof events === 'object' && events !== null && Object.hasOwn(events, LOGOUT_EVENT);
    if (!named || nonce !== undefined) throw new TypeError('it is not a logout token');
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    if (text(sid) === '' && text(sub) === '') throw new TypeError('it names neither a session nor a user');
    return { sid: text(sid), sub: text(sub), jti: text(jti) };
  }

  /** Whether the provider itself refused, rather than failed to respond. */
  async isRefusal(error: unknown): Promise<boolean> {
    const { library } = await this.discovered();
    if (isUnreachable(error)) return false;
    return error instanceof library.ResponseBodyError || error instanceof library.AuthorizationResponseError;
  }

  private async discovered(): Promise<Known> {
    const { known } = this;
    if (known !== null && performance.now() - known.atMs < METADATA_LIFE_MS) return known;
    this.asking ??= this.discover().finally(() => {
      this.asking = null;
    });
    if (known === null) return await this.asking;
    // Because: day-old metadata is better than none while the provider is away.
    return await this.asking.catch(() => known);
  }

  private async discover(): Promise<Known> {
    const library = await import('openid-client');
    const { issuer, clientId, clientSecret, timeout } = this.config;
    const insecure = issuer.startsWith('http:') ? [library.allowInsecureRequests] : [];
    const configuration = await library.discovery(
      new URL(issuer),
      clientId,
      undefined,
      clientSecret === undefined ? library.None() : secretBy(library, clientSecret),
      // Because: the library relies on TLS, and checks the signature of an ID token only when told to.
      {
        execute: [...insecure, library.enableNonRepudiationChecks],
        timeout: timeout / 1_000,
        [library.customFetch]: fetchBounded,
      },
    );
    this.known = { library, configuration, atMs: performance.now() };
    return this.known;
  }

  private sessionOf(tokens: Tokens, idToken: IDToken, claims: object, nowS: number): Session {
    return {
      of: Provider.identityOf(this.config),
      claims: ownClaims({ ...claims, sub: idToken.sub }),
      scopes: (tokens.scope ?? this.config.scopes.join(' ')).split(' ').filter(scope => scope !== ''),
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token ?? null,
      idToken: tokens.id_token ?? null,
      ...accessTimes(nowS, tokens.expires_in),
      startedS: nowS,
      usedS: nowS,
    };
  }
}

/**
 * Sends the secret in the Authorization header, the default when the provider names no method (OpenID Connect Discovery section 3), or in
 * the body when the provider accepts it only there.
 */
function secretBy(library: Library, secret: string): ClientAuth {
  const [inHead, inBody] = [library.ClientSecretBasic(secret), library.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const isBodyOnly = methods.includes('client_secret_post') && !methods.includes('client_secret_basic');
    (isBodyOnly ? inBody : inHead)(server, ...rest);
  };
}

/** The claims about the user, without those about the token itself. */
function ownClaims(claims: object): Readonly<Record<string, unknown>> {
  const protocol = new Set(['nonce', 'at_hash', 'c_hash', 's_hash', 'aud', 'azp', 'exp', 'iat', 'jti']);
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !protocol.has(name)));
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
