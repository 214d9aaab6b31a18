// Credentials that no gateway may accept, to be sent where a good one is asked for. Signed by keys that nobody knows.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface BadCredential {
  /** What is wrong with it. */
  readonly name: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Goes behind the query of the request; empty for none. */
  readonly query: string;
}

/** Where keys and tokens are looked for beside Authorization. */
export interface KeyPlaces {
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly queries: readonly string[];
}

/** None, malformed ones, expired ones, from a wrong issuer, and with `alg: none`; made-up keys wherever keys are looked for. */
export function badCredentials({ headers, cookies, queries }: KeyPlaces): BadCredential[] {
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
  const tokens: [string, string][] = [
    ['a malformed token', 'audit'],
    ['an expired token', rsa({ ...good, iat: nowS - 7_200, exp: nowS - 3_600 })],
    ['a token from a wrong issuer', rsa(good)],
    ['a token signed by a guessed secret', hmac(good)],
    ['a token with alg none', `${part({ alg: 'none', typ: 'JWT' })}.${part(good)}.`],
  ];
  const madeUp = () => randomBytes(24).toString('base64url');
  const byFields = (name: string, ...fields: [string, string][]): BadCredential => ({ name, fields, query: '' });
  return [
    byFields('no credential'),
    ...tokens.map(([name, token]) => byFields(name, ['authorization', `Bearer ${token}`])),
    byFields('a wrong password', ['authorization', `Basic ${Buffer.from('audit:audit').toString('base64')}`]),
    byFields('two Authorization fields', ['authorization', 'Bearer a'], ['authorization', 'Bearer b']),
    ...headers.flatMap(header => [
      byFields(`a made-up key in ${header}`, [header, madeUp()]),
      byFields(`two made-up keys in ${header}`, [header, madeUp()], [header, madeUp()]),
    ]),
    ...cookies.map(cookie => byFields(`a made-up key in the cookie ${cookie}`, ['cookie', `${cookie}=${madeUp()}`])),
    ...queries.map(query => ({
      ...byFields(`a made-up key in the parameter ${query}`),
      query: `${encodeURIComponent(query)}=${madeUp()}`,
    })),
    byFields(
      'forged identity headers',
      ['x-consumer-name', 'audit'],
      ['x-consumer-groups', 'admin'],
      ['x-forwarded-client-cert', 'Subject="CN=audit"'],
    ),
  ];
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
