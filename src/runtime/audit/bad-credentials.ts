// Credentials that no gateway may accept, to be sent where a good credential is required. Tokens are signed with fresh random keys.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';

export interface BadCredential {
  /** What is wrong with the credential. */
  readonly name: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Appended to the query of the request; empty for nothing. */
  readonly query: string;
}

/** Where the configuration's filters look for keys and tokens, apart from the Authorization header. */
export interface KeyPlaces {
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly queries: readonly string[];
  /** The same places by the name of the route whose own filters use them; the empty name stands for the global chain. */
  readonly ofRoutes: ReadonlyMap<string, readonly CredentialPlace[]>;
}

export const noCredential = byFields('no credential');

/** Pairs of a description and a token: malformed, expired, from a wrong issuer, signed by a guessed secret, and unsigned. */
export function badTokens(): [what: string, token: string][] {
  const nowS = Math.floor(Date.now() / 1_000);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const rsa = (claims: object) => {
    const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'audit' })}.${part(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  };
  const hmac = (claims: object) => {
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
    return `${signed}.${createHmac('sha256', randomBytes(32)).update(signed).digest('base64url')}`;
  };
  const good = { iss: 'https://audit.invalid', aud: 'audit', sub: 'audit', iat: nowS, exp: nowS + 600 };
  return [
    ['a malformed token', 'audit'],
    ['an expired token', rsa({ ...good, iat: nowS - 7_200, exp: nowS - 3_600 })],
    ['a token from a wrong issuer', rsa(good)],
    ['a token signed by a guessed secret', hmac(good)],
    ['a token with alg none', `${part({ alg: 'none', typ: 'JWT' })}.${part(good)}.`],
  ];
}

/** What is sent to every route: no credential, each of `tokens` as a bearer token, and made-up keys in every place for keys. */
export function badCredentials(
  { headers, cookies, queries }: KeyPlaces,
  tokens: readonly (readonly [what: string, token: string])[],
): BadCredential[] {
  return [
    noCredential,
    ...tokens.map(([name, token]) => credentialAt(name, token, { kind: 'bearer', name: '' })),
    wrongPassword(),
    byFields('two Authorization fields', ['authorization', 'Bearer a'], ['authorization', 'Bearer b']),
    ...headers.flatMap(name => [
      credentialAt('a made-up key', madeUp(), { kind: 'header', name }),
      byFields(`two made-up keys in ${name}`, [name, madeUp()], [name, madeUp()]),
    ]),
    ...cookies.map(name => credentialAt('a made-up key', madeUp(), { kind: 'cookie', name })),
    ...queries.map(name => credentialAt('a made-up key', madeUp(), { kind: 'query', name })),
    byFields(
      'forged identity headers',
      ['x-consumer-name', 'audit'],
      ['x-consumer-groups', 'admin'],
      ['x-forwarded-client-cert', 'Subject="CN=audit"'],
    ),
  ];
}

/** Wrong credentials of the kind that a filter looks for in this place. The whole Authorization is the place of a password. */
export function badCredentialsAt(
  place: CredentialPlace,
  tokens: readonly (readonly [what: string, token: string])[],
): BadCredential[] {
  if (place.kind === 'header' && place.name === 'authorization') return [wrongPassword()];
  return tokens.map(([what, token]) => credentialAt(what, token, place));
}

export function credentialAt(what: string, credential: string, { kind, name }: CredentialPlace): BadCredential {
  if (kind === 'bearer') return byFields(what, ['authorization', `Bearer ${credential}`]);
  if (kind === 'header') return byFields(`${what} in ${name}`, [name, credential]);
  if (kind === 'cookie') return byFields(`${what} in the cookie ${name}`, ['cookie', `${name}=${credential}`]);
  return { ...byFields(`${what} in the parameter ${name}`), query: `${encodeURIComponent(name)}=${credential}` };
}

function wrongPassword(): BadCredential {
  return byFields('a wrong password', ['authorization', `Basic ${Buffer.from('audit:audit').toString('base64')}`]);
}

function byFields(name: string, ...fields: [string, string][]): BadCredential {
  return { name, fields, query: '' };
}

function madeUp(): string {
  return randomBytes(24).toString('base64url');
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
