// Credentials that no gateway may accept, to be sent where a good one is asked for. Signed by keys that nobody knows.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface BadCredential {
  /** What is wrong with it. */
  readonly name: string;
  readonly fields: readonly (readonly [string, string])[];
}

/** None, malformed ones, expired ones, from a wrong issuer, and with `alg: none`; `headers` are further fields where keys are looked for. */
export function badCredentials(headers: readonly string[]): BadCredential[] {
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
  return [
    { name: 'no credential', fields: [] },
    ...tokens.map(([name, token]) => ({ name, fields: [['authorization', `Bearer ${token}`] as const] })),
    { name: 'a wrong password', fields: [['authorization', `Basic ${Buffer.from('audit:audit').toString('base64')}`]] },
    {
      name: 'two Authorization fields',
      fields: [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer b'],
      ],
    },
    ...headers.map(header => ({
      name: `a made-up key in ${header}`,
      fields: [[header, randomBytes(24).toString('base64url')] as const],
    })),
    {
      name: 'forged identity headers',
      fields: [
        ['x-consumer-name', 'audit'],
        ['x-consumer-groups', 'admin'],
        ['x-forwarded-client-cert', 'Subject="CN=audit"'],
      ],
    },
  ];
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
