// Nanoseconds that the jwt filter adds to a request: with one of 1,000 remembered tokens, and with a token that has to be verified,
// compared with the bare signature check of node:crypto. Run: `node bench/micro/jwt.ts`.

import { generateKeyPairSync, verify } from 'node:crypto';
import { exportJWK, type JWK, SignJWT } from 'jose';
import { Clock } from '../../src/base/clock.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Filter } from '../../src/exchange/filter.ts';
import { loginEvents } from '../../src/exchange/identity/login-desk.ts';
import { schema } from '../../src/filters/jwt/config.ts';
import { jwtFilter } from '../../src/filters/jwt/filter.ts';
import { HeaderNameSet } from '../../src/http/header-name-set.ts';
import { filterServices } from '../../test/support/filter-services.ts';
import { client, headOf } from './received-head.ts';

const TOKENS = 1_000;
const TURNS = 60;
/** Many short turns, so that other work of the machine interrupts few of them. */
const MISS_TURNS = 300;
/** Calls in a turn in which every token is verified. */
const CALLS = 50;
const issuer = 'https://idp.example.com';

const makers = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
} as const;

async function tokensOf(alg: keyof typeof makers, count: number): Promise<string[]> {
  const now = Math.floor(Date.now() / 1_000);
  return Promise.all(
    Array.from({ length: count }, (_, n) =>
      new SignJWT({
        ...{ iss: issuer, aud: 'api', sub: `user-${n}`, iat: now, exp: now + 3600, jti: crypto.randomUUID() },
        ...{
          scope: 'read write',
          email: `user-${n}@example.com`,
          azp: 'web',
          realm_access: { roles: ['staff', 'user'] },
        },
      })
        .setProtectedHeader({ alg, kid: 'key-2026-11', typ: 'JWT' })
        .sign(makers[alg].privateKey),
    ),
  );
}

function sentWith(token: string): Buffer {
  return Buffer.from(
    'GET /api/users/42 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n' +
      `Accept: application/json\r\nAccept-Language: en\r\nAuthorization: Bearer ${token}\r\nCookie: a=0123456789abcdef\r\n\r\n`,
  );
}

const clock = new Clock();
const consumers = { consumer: () => undefined };

/** An exchange with only the parts that the filter uses, and with a head of its own, parsed as far as the head of every request is. */
function exchange(received: Buffer): Exchange {
  const request = headOf(received);
  const members = { client, request, consumer: null, identity: null, snapshot: { consumers }, ended: false };
  const refuse = (fault: { code: string }) => {
    throw new Error(fault.code);
  };
  // Because: everything else of an exchange belongs to the hot path and would be measured with it.
  return { ...members, refuse } as never;
}

async function jwkOf(alg: keyof typeof makers): Promise<JWK> {
  return { ...(await exportJWK(makers[alg].publicKey)), alg, kid: 'key-2026-11' };
}

/** A filter that remembers no token yet. */
function filterOf(jwk: JWK, config: object): Filter {
  const whole = schema.parse({
    issuer,
    audience: 'api',
    keys: { set: { keys: [jwk] } },
    failedLogins: 'off',
    ...config,
  });
  const cells = new Float64Array(loginEvents.length);
  return jwtFilter.build(whole, filterServices({ clock, events: loginEvents, cells }));
}

/**
 * Nanoseconds of one call of each function. The functions run in short turns one after the other, and the best turn of each counts,
 * because a disturbance of the machine can only add time.
 */
function leastOf<Name extends string>(
  turns: Readonly<Record<Name, (n: number) => void>>,
  calls: number,
  turnCount = TURNS,
): Record<Name, number> {
  // Because: the keys are those of `turns`.
  const names = Object.keys(turns) as Name[];
  const least = Object.fromEntries(names.map(name => [name, Infinity])) as Record<Name, number>;
  for (let turn = 0; turn < turnCount; turn++) {
    for (const name of names) {
      const run = turns[name];
      const startedAt = performance.now();
      for (let n = 0; n < calls; n++) run(turn * calls + n);
      least[name] = Math.min(least[name], ((performance.now() - startedAt) * 1e6) / calls);
    }
  }
  return least;
}

function show(label: string, nanoseconds: number, note = ''): void {
  console.log(`${label.padEnd(36)}${nanoseconds.toFixed(0).padStart(8)} ns   ${note}`);
}

const tokens = await tokensOf('RS256', TOKENS);
const heads = tokens.map(sentWith);
const stripped = new HeaderNameSet(['x-user-email'], ['x-consumer-']);
const silent = filterOf(await jwkOf('RS256'), { forward: { consumer: 'off' } });
const telling = filterOf(await jwkOf('RS256'), {});
const turn = (filter: Filter | null, strips: boolean) => (n: number) => {
  const each = exchange(heads[(n * 7) % TOKENS]!);
  if (strips) each.request.headers.removeNamed(stripped);
  if (filter !== null) void filter.onRequest!(each);
  // The log reads a field of every request, so that the text of the head is made in any case.
  void each.request.headers.get('user-agent');
};
const hits = leastOf(
  { bare: turn(null, false), strip: turn(null, true), silent: turn(silent, true), telling: turn(telling, true) },
  5_000,
);
show('bare head', hits.bare);
show('identity fields taken out', hits.strip - hits.bare);
show(
  'remembered, nothing forwarded',
  hits.silent - hits.bare,
  `with the line above; ${TOKENS} tokens of ${tokens[0]!.length} letters`,
);
show('remembered, consumer fields', hits.telling - hits.bare, 'as above');

for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
  const [first, ...few] = await tokensOf(alg, CALLS + 1);
  const fewHeads = few.map(sentWith);
  const jwk = await jwkOf(alg);
  const fresh = Array.from({ length: MISS_TURNS }, () => filterOf(jwk, {}));
  // What the tokens of an issuer have in common is parsed with its first token.
  for (const filter of fresh) void filter.onRequest!(exchange(sentWith(first!)));
  const { publicKey } = makers[alg];
  const input = alg === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey;
  const parts = few.map(token => {
    const at = token.lastIndexOf('.');
    return [Buffer.from(token.slice(0, at)), Buffer.from(token.slice(at + 1), 'base64url')] as const;
  });
  const check = (n: number) => {
    const [data, signature] = parts[n % CALLS]!;
    if (!verify(alg === 'EdDSA' ? null : 'sha256', data, input, signature)) throw new Error('does not hold');
  };
  const { raw, both, whole } = leastOf(
    {
      raw: check,
      // After a signature check, which fills the processor's caches, a head is parsed more slowly. This is not a cost of the filter.
      both(n) {
        void exchange(fewHeads[n % CALLS]!).request.headers.get('user-agent');
        check(n);
      },
      whole: n => void fresh[(n / CALLS) | 0]!.onRequest!(exchange(fewHeads[n % CALLS]!)),
    },
    CALLS,
    MISS_TURNS,
  );
  const miss = raw + whole - both;
  show(`${alg} verified`, miss, `${(miss / raw).toFixed(2)} times crypto.verify (${raw.toFixed(0)} ns)`);
}
