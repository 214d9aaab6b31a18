// The jwt filter in a gateway, against tokens signed by `jose`: which pass, which do not, and what each caller is told.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { KeySet } from '../../base/jose/key-set.ts';
import type { ListedConsumer } from '../../exchange/identity/consumer-directory.ts';
import { type LoginEvent, loginEvents } from '../../exchange/identity/login-desk.ts';
import type { Feed } from '../../store/feed.ts';
import { feedKey } from '../../store/feed.ts';
import type { JwksValue } from '../../store/jwks/jwks-feed.ts';
import { schema } from './config.ts';
import { jwtFilter } from './filter.ts';
import { TokenVerifier } from './token-verifier.ts';

const issuer = 'https://idp.example.com';
const pairs = {
  one: await generateKeyPair('RS256', { extractable: true }),
  two: await generateKeyPair('ES256', { extractable: true }),
};
const jwks = {
  one: { ...(await exportJWK(pairs.one.publicKey)), kid: 'one', alg: 'RS256' },
  two: { ...(await exportJWK(pairs.two.publicKey)), kid: 'two', alg: 'ES256' },
};

function token(claims: Record<string, unknown> = {}, header: object = {}, by: 'one' | 'two' = 'one'): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: issuer, aud: 'api', sub: 'ann', iat: now, exp: now + 300, ...claims })
    .setProtectedHeader({ alg: jwks[by].alg, kid: by, ...header })
    .sign(pairs[by].privateKey);
}

/** A feed that the test controls, with a record of its nudges. */
function playedFeed(value: JwksValue | undefined) {
  const listeners = new Set<(value: JwksValue) => void>();
  const asked: string[] = [];
  const feed = {
    value,
    onChange(listener: (value: JwksValue) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    nudge: (hint: string) => void asked.push(hint),
  };
  const become = (next: JwksValue) => {
    feed.value = next;
    for (const listener of listeners) listener(next);
  };
  return { feed, asked, become, listeners };
}

interface Setup {
  readonly config?: object;
  readonly feed?: Feed<JwksValue>;
  readonly consumers?: readonly ListedConsumer[];
}

async function gateway(t: TestContext, { config = {}, feed, consumers = [] }: Setup = {}) {
  const keys = feed === undefined ? { keys: { set: { keys: [jwks.one, jwks.two] } } } : {};
  const whole = { issuer, audience: 'api', failedLogins: 'off', ...keys, ...config };
  const cells = new Float64Array(loginEvents.length);
  const needs = jwtFilter.needs!(schema.parse(whole), { store: () => assert.fail() });
  const feeds = new Map(feed === undefined ? [] : [[feedKey(needs.feeds![0]!), feed as Feed<unknown>]]);
  const started = await startFilterGateway(
    [written(jwtFilter, schema, whole)],
    (request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })),
    { services: { events: loginEvents, cells, needs, feeds }, consumers },
  );
  t.after(() => started.stop());
  const bring = async (credential?: string, path = '/', headers: Record<string, string> = {}) => {
    const answer = await ask(started.port, {
      headers: credential === undefined ? headers : { ...headers, authorization: `Bearer ${credential}` },
      path,
    });
    return { ...answer, json: JSON.parse(answer.body.toString()) };
  };
  return { bring, count: (event: LoginEvent) => cells[loginEvents.indexOf(event)]!, log: started.log };
}

test('a token that holds passes, again and again, and the upstream learns whose it is', async t => {
  const { bring, count } = await gateway(t, { config: { forward: { claims: { 'x-email': 'email' } } } });
  const good = await token({ email: 'ann@example.com', scope: 'read write' });
  for (let n = 0; n < 3; n++) {
    const { status, json } = await bring(good, '/', { 'x-email': 'root@example.com', 'x-consumer-subject': 'root' });
    assert.equal(status, 200);
    assert.equal(json.headers['x-consumer-subject'], 'ann');
    assert.equal(json.headers['x-consumer-scopes'], 'read write');
    assert.equal(json.headers['x-email'], 'ann@example.com');
    assert.equal(json.headers.authorization, `Bearer ${good}`);
  }
  assert.equal(count('admitted'), 3);
  assert.equal((await bring(await token({}, {}, 'two'))).status, 200);
});

test('an address that is throttled is told so whatever it sends, but a token that was verified before passes', async t => {
  const { bring, count } = await gateway(t, { config: { failedLogins: '2/h' } });
  const good = await token();
  assert.equal((await bring(good)).status, 200);
  const oversized = 'x'.repeat(9_000);
  for (const wrong of ['x', oversized]) assert.equal((await bring(wrong)).status, 401);
  for (const late of ['x', oversized, await token({ sub: 'bob' })]) {
    const { status, json } = await bring(late);
    assert.deepEqual([status, json.code], [429, 'too_many_failed_logins'], late.slice(0, 5));
  }
  assert.equal((await bring(good)).status, 200);
  assert.deepEqual([count('throttled'), count('malformed')], [3, 2]);
});

test('no token: 401 that asks for one', async t => {
  const { bring } = await gateway(t);
  const { status, json, headers } = await bring();
  assert.deepEqual(
    [status, json.code, headers['www-authenticate']],
    [401, 'credentials_missing', 'Bearer realm="cardea"'],
  );
});

test('what does not hold gets one and the same 401, and is counted by its reason', async t => {
  const { bring, count } = await gateway(t);
  const now = Math.floor(Date.now() / 1000);
  const good = await token();
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const encoded = (value: unknown) => base64url.encode(JSON.stringify(value));
  const cases: [LoginEvent, string][] = [
    ['malformed', 'x'],
    ['malformed', `${head}.${payload}`],
    ['malformed', `${good}.x`],
    ['malformed', `${head}.${base64url.encode('[1]')}.${signature}`],
    ['malformed', 'x'.repeat(9000)],
    ['malformed', await token({ pad: 'x'.repeat(6_000) })],
    ['malformed', await token({}, { typ: 'logout+jwt' })],
    ['malformed', await token({}, { cty: 'JWT' })],
    ['malformed', `${encoded({ alg: 'RS256', kid: 'one', crit: ['x'], x: 1 })}.${payload}.${signature}`],
    ['unknown', `${encoded({ alg: 'none' })}.${payload}.${signature}`],
    ['unknown', `${encoded({ alg: 'HS256', kid: 'one' })}.${payload}.${signature}`],
    ['unknown', await token({}, { kid: 'two' })],
    ['unknown', await token({}, { kid: 'three' })],
    ['mismatch', `${head}.${payload}.${(signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)}`],
    ['mismatch', `${head}.${encoded({ iss: issuer, aud: 'api', sub: 'root', exp: now + 60 })}.${signature}`],
    ['expired', await token({ exp: now - 31 })],
    ['notYetValid', await token({ nbf: now + 60 })],
    ['notYetValid', await token({ iat: now + 60 })],
    ['wrongIssuer', await token({ iss: `${issuer}/` })],
    ['wrongAudience', await token({ aud: ['other', 'apis'] })],
    ['wrongAudience', await token({ aud: 'other' })],
    ['wrongClaims', await token({ exp: undefined })],
  ];
  const texts = new Set<string>();
  for (const [reason, credential] of cases) {
    const before = count(reason);
    const { status, json, headers } = await bring(credential);
    assert.equal(status, 401, `${reason}: ${credential.slice(0, 80)}`);
    assert.equal(count(reason), before + 1, `${reason}: ${credential.slice(0, 80)}`);
    texts.add(JSON.stringify({ ...json, requestId: '', challenge: headers['www-authenticate'] }));
  }
  assert.equal(texts.size, 1);
  assert.match([...texts].join(), /invalid_token/);
  assert.equal(count('admitted'), 0);
});

test('claims, scopes, age and types that are asked for', async t => {
  const now = Math.floor(Date.now() / 1000);
  const strict = await gateway(t, {
    config: {
      audience: ['api', 'api2'],
      types: ['at+jwt'],
      maxAge: '10m',
      scopes: ['read', 'write'],
      claims: { email_verified: true, 'realm.roles': ['admin', 'staff'], tenant: '*' },
    },
  });
  const claims = {
    aud: ['x', 'api2'],
    email_verified: true,
    realm: { roles: ['staff'] },
    tenant: 1,
    scp: ['write', 'read'],
  };
  const header = { typ: 'application/AT+JWT' };
  const statusOf = async (change: Record<string, unknown>, with_ = header) =>
    (await strict.bring(await token({ ...claims, ...change }, with_))).status;
  assert.equal(await statusOf({}), 200);
  assert.equal(await statusOf({}, { typ: 'JWT' }), 401);
  assert.equal(await statusOf({ email_verified: 'true' }), 401);
  assert.equal(await statusOf({ realm: { roles: ['user'] } }), 401);
  assert.equal(await statusOf({ tenant: null }), 401);
  assert.equal(await statusOf({ iat: now - 700 }), 401);
  assert.equal(await statusOf({ iat: undefined }), 401);
  const insufficient = await strict.bring(await token({ ...claims, scp: undefined, scope: 'read' }, header));
  assert.equal(insufficient.status, 403);
  assert.equal(insufficient.json.code, 'access_denied');
  assert.equal(
    insufficient.headers['www-authenticate'],
    'Bearer realm="cardea", error="insufficient_scope", scope="read write"',
  );
});

test('from a cookie or the query, and out of what the upstream sees', async t => {
  const { bring } = await gateway(t, {
    config: { from: [{ cookie: 'session' }, { query: 'access_token' }], forward: { keepCredential: false } },
  });
  const good = await token();
  const byCookie = await bring(undefined, '/', { cookie: `a=1; session=${good}` });
  assert.deepEqual([byCookie.status, byCookie.json.headers.cookie], [200, 'a=1']);
  const byQuery = await bring(undefined, `/x?access_token=${good}&y=2`);
  assert.deepEqual([byQuery.status, byQuery.json.url], [200, '/x?y=2']);
  assert.equal((await bring(good)).status, 401, 'the Authorization header is not among the places');
});

test('a claim names the consumer', async t => {
  const consumers = [{ name: 'acme', tenant: 't-1', plan: null, groups: ['a'], tags: {}, keys: [] }];
  const open = await gateway(t, { config: { consumer: { claim: 'azp' } }, consumers });
  assert.equal((await open.bring(await token({ azp: 'acme' }))).json.headers['x-consumer-name'], 'acme');
  assert.equal((await open.bring(await token({ azp: 'other' }))).json.headers['x-consumer-name'], undefined);
  const strict = await gateway(t, { config: { consumer: { claim: 'azp', required: true } }, consumers });
  assert.equal((await strict.bring(await token({ azp: 'acme' }))).status, 200);
  assert.equal((await strict.bring(await token({ azp: 'other' }))).status, 403);
  assert.equal((await strict.bring(await token())).status, 403);
});

test('a token that was verified costs no cryptography again, whatever is tried between', async t => {
  const { bring, count } = await gateway(t, { config: { cache: '8KiB' } });
  const verified: string[] = [];
  const { verify } = TokenVerifier.prototype;
  t.mock.method(TokenVerifier.prototype, 'verify', function (this: TokenVerifier, ...args: Parameters<typeof verify>) {
    verified.push(args[0]);
    return verify.apply(this, args);
  });
  const good = await token();
  const [head, payload, signature] = good.split('.');
  for (let n = 0; n < 100; n++) {
    if (n % 20 === 0) assert.equal((await bring(good)).status, 200);
    // Half of the tokens have other claims; the others have the good one's last letters, by which the cache looks tokens up.
    const forged = `${head}.${payload}.${String(n).padStart(signature!.length - 8, 'A')}${signature!.slice(-8)}`;
    const wrong = n % 2 === 0 ? await token({ aud: 'other', n }) : forged;
    assert.equal((await bring(wrong)).status, 401);
  }
  assert.deepEqual([count('admitted'), verified.length], [5, 101]);
  assert.equal(verified.filter(each => each === good).length, 1);
});

test('clocks may differ by `clockSkew`, ahead and behind', async t => {
  const now = Math.floor(Date.now() / 1000);
  const early = await token({ nbf: now + 20 });
  const issuedAhead = await token({ iat: now + 20 });
  const over = await token({ iat: now - 300, exp: now - 20 });
  const old = await token({ iat: now - 320 });
  const { bring } = await gateway(t, { config: { maxAge: '5m' } });
  const { bring: bringExact } = await gateway(t, { config: { maxAge: '5m', clockSkew: '0s' } });
  for (const [name, credential] of Object.entries({ early, issuedAhead, over, old })) {
    assert.equal((await bring(credential)).status, 200, name);
    assert.equal((await bringExact(credential)).status, 401, name);
  }
});

test('a token is forgotten when it expires', async t => {
  const { bring } = await gateway(t, { config: { clockSkew: '0s' } });
  const { bring: bringYoung } = await gateway(t, { config: { clockSkew: '0s', maxAge: '1m' } });
  const now = Date.now() / 1000;
  const short = await token({ exp: Math.ceil(now) + 1 });
  const old = await token({ iat: Math.ceil(now) + 1 - 60 });
  assert.equal((await bring(short)).status, 200);
  assert.equal((await bringYoung(old)).status, 200);
  await new Promise(resolve => setTimeout(resolve, (Math.ceil(now) + 1 - Date.now() / 1000) * 1000 + 20));
  assert.equal((await bring(short)).status, 401);
  assert.equal((await bringYoung(old)).status, 401, 'older than maxAge');
});

test('a token that ended while the machine slept is not taken for what was left of its life', async t => {
  const { bring } = await gateway(t);
  const short = await token();
  assert.equal((await bring(short)).status, 200);
  const slept = Date.now() + 3_600_000;
  t.mock.method(Date, 'now', () => slept);
  // The two clocks are compared once a second.
  await new Promise(resolve => setTimeout(resolve, 1_050));
  assert.equal((await bring(short)).status, 401);
});

test('ids that are numbers are known by their digits, and no token that no revocation could name passes where some can', async t => {
  const { bring } = await gateway(t);
  assert.equal((await bring(await token({ sub: 42 }))).json.headers['x-consumer-subject'], '42');
  assert.equal((await bring(await token({ sub: 1e20 }))).status, 200);
  const config = { issuer, audience: 'api', keys: { set: { keys: [jwks.one] } } };
  const set = KeySet.of([jwks.one], { rsa: 'RS256', oct: 'HS256' });
  const verdict = async (claims: Record<string, unknown>, more: object = { revocation: { store: 'main' } }) =>
    new TokenVerifier(schema.parse({ ...config, ...more })).verify(await token(claims), set, 1, Date.now());
  const numbered = await verdict({ jti: 7, sub: 42 });
  assert.ok(typeof numbered === 'object');
  assert.deepEqual([numbered.jti, numbered.login.identity.subject], ['7', '42']);
  const now = Math.floor(Date.now() / 1_000);
  const timed = await verdict({ iat: now - 5, exp: now + 60 });
  assert.ok(typeof timed === 'object');
  assert.deepEqual([timed.issuedAtS, timed.goodUntilMs], [now - 5, (now + 60 + 30) * 1_000]);
  const untimed = await verdict({ iat: undefined });
  assert.ok(
    typeof untimed === 'object' && untimed.issuedAtS === Number.NEGATIVE_INFINITY,
    'issued before every revocation',
  );
  for (const claims of [{ jti: 1e20 }, { jti: ['a'] }, { sub: { a: 1 } }, { sub: 1.5 }])
    assert.equal(await verdict(claims), 'wrongClaims');
  for (const claims of [{}, { jti: null }, { jti: 'a', sub: '' }])
    assert.equal(typeof (await verdict(claims)), 'object');
  assert.equal(typeof (await verdict({ jti: 1e20 }, {})), 'object');
});

test('HS with a shared secret; PEM; algorithms that are not wanted', async t => {
  const secret = 's'.repeat(40);
  const now = Math.floor(Date.now() / 1000);
  const sign = (alg: string) =>
    new SignJWT({ aud: 'api', exp: now + 60 }).setProtectedHeader({ alg }).sign(Buffer.from(secret));
  const bySecret = await gateway(t, { config: { issuer: undefined, keys: { secret } } });
  assert.equal((await bySecret.bring(await sign('HS256'))).status, 200);
  assert.equal((await bySecret.bring(await sign('HS512'))).status, 401);
  const pem = String(
    (await import('node:crypto')).KeyObject.from(pairs.one.publicKey).export({ format: 'pem', type: 'spki' }),
  );
  const byPem = await gateway(t, { config: { keys: { pem, algorithm: 'RS256' } } });
  assert.equal((await byPem.bring(await token())).status, 200);
  assert.equal((await byPem.bring(await token({}, {}, 'two'))).status, 401);
  const onlyEs = await gateway(t, { config: { algorithms: ['ES256'] } });
  assert.equal((await onlyEs.bring(await token())).status, 401);
  assert.equal((await onlyEs.bring(await token({}, {}, 'two'))).status, 200);
});

test('without keys nothing passes, and what is wrong anyway is told as wrong', async t => {
  const { feed, asked } = playedFeed(undefined);
  const { bring, count } = await gateway(t, { feed });
  const { status, json } = await bring(await token());
  assert.deepEqual([status, json.code], [503, 'identity_unavailable']);
  assert.equal((await bring('x')).status, 401);
  assert.equal((await bring(await token({ iss: 'other' }))).status, 401);
  assert.equal(count('unavailable'), 1);
  assert.deepEqual(asked, [], 'the source is trying already');
});

test('keys that change: tokens of keys that stay are remembered, those of others are not', async t => {
  const played = playedFeed({ version: 1, keys: [jwks.one, jwks.two], checkedAtMs: Date.now() });
  const { bring } = await gateway(t, { feed: played.feed });
  const [byOne, byTwo] = await Promise.all([token(), token({}, {}, 'two')]);
  assert.deepEqual([(await bring(byOne)).status, (await bring(byTwo)).status], [200, 200]);
  played.become({ version: 2, keys: [jwks.two], checkedAtMs: Date.now() });
  assert.deepEqual([(await bring(byOne)).status, (await bring(byTwo)).status], [401, 200]);
  played.become({ version: 3, keys: [], checkedAtMs: Date.now() });
  assert.deepEqual([(await bring(byOne)).status, (await bring(byTwo)).status], [503, 503]);
  played.become({ version: 4, keys: [jwks.one, jwks.two], checkedAtMs: Date.now() });
  assert.deepEqual([(await bring(byOne)).status, (await bring(byTwo)).status], [200, 200]);
  played.feed.value = undefined;
  assert.deepEqual([(await bring(byOne)).status, (await bring(byTwo)).status], [503, 503], 'the feed starts anew');
});

test('an unknown key is looked for also after the clock was set back', async t => {
  const played = playedFeed({ version: 1, keys: [jwks.one], checkedAtMs: Date.now() + 7_200_000 });
  const { bring } = await gateway(t, { feed: played.feed });
  const waiting = bring(await token({}, {}, 'two'));
  let answered = false;
  void waiting.then(() => {
    answered = true;
  });
  while (!answered && played.listeners.size === 0) await new Promise(resolve => setImmediate(resolve));
  played.become({ version: 2, keys: [jwks.one, jwks.two], checkedAtMs: Date.now() });
  assert.equal((await waiting).status, 200);
});

test('an unknown key: all who bring it wait for one look, which helps or does not', async t => {
  const long = Date.now() - 3_600_000;
  const played = playedFeed({ version: 1, keys: [jwks.one], checkedAtMs: long });
  const { bring } = await gateway(t, { feed: played.feed });
  const byTwo = await token({}, {}, 'two');
  const waiting = Array.from({ length: 5 }, () => bring(byTwo));
  while (played.listeners.size === 0) await new Promise(resolve => setImmediate(resolve));
  assert.equal((await bring(await token())).status, 200, 'a key that is known waits for nothing');
  played.become({ version: 2, keys: [jwks.one, jwks.two], checkedAtMs: Date.now() });
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  assert.equal(played.asked.length, 1);
  const storm = await Promise.all(Array.from({ length: 20 }, async (_, n) => bring(await token({}, { kid: `k${n}` }))));
  assert.ok(storm.every(({ status }) => status === 401));
  assert.equal(played.asked.length, 1, 'asked lately');
  assert.equal(played.listeners.size, 0);
});

test('an issuer may give its next key the name of the last one, or no names at all: it is looked for as an unknown one is', async t => {
  const next = await generateKeyPair('RS256', { extractable: true });
  const other = { ...(await exportJWK(next.publicKey)), kid: 'one', alg: 'RS256' };
  const { kid: _, ...nameless } = jwks.two;
  const { kid: __, ...namelessBefore } = jwks.one;
  const rotations: [what: string, before: object, after: object, fresh: string][] = [
    ['a name that stays', other, jwks.one, await token()],
    ['no names, another algorithm', namelessBefore, nameless, await token({}, { kid: undefined }, 'two')],
  ];
  for (const [what, before, after, fresh] of rotations) {
    const played = playedFeed({ version: 1, keys: [{ ...before }], checkedAtMs: Date.now() - 3_600_000 });
    const { bring, count } = await gateway(t, { feed: played.feed });
    const waiting = bring(fresh);
    while (played.listeners.size === 0) await new Promise(resolve => setImmediate(resolve));
    played.become({ version: 2, keys: [{ ...after }], checkedAtMs: Date.now() });
    assert.equal((await waiting).status, 200, what);
    const forged = `${fresh.slice(0, -8)}${fresh.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    assert.equal((await bring(forged)).status, 401);
    assert.deepEqual([count('mismatch'), played.asked.length], [1, 1], 'asked lately');
  }
});

test('configurations that cannot work', () => {
  const messageOf = (config: object) =>
    schema
      .safeParse({ issuer, audience: 'api', ...config })
      .error?.issues.map(({ message }) => message)
      .join() ?? '';
  assert.match(messageOf({ audience: undefined }), /aud/);
  assert.match(messageOf({ issuer: undefined }), /expected what `iss` must be/);
  assert.match(messageOf({ issuer: 'http://idp.example.com' }), /without TLS can be forged/);
  assert.equal(messageOf({ issuer: 'http://idp.example.com', allowHttp: true }), '');
  assert.equal(messageOf({ issuer: 'http://127.0.0.1:3000' }), '');
  assert.match(messageOf({ keys: { url: 'https://a:b@idp.example.com' } }), /password has no place|expected one of/);
  assert.match(messageOf({ keys: { secret: 'short' } }), /expected one of|32/);
  assert.match(messageOf({ issuer: 'acme', keys: undefined }), /no URL/);
  assert.match(messageOf({ keyLife: '1m' }), /expire before/);
  assert.match(messageOf({ algorithms: ['none'] }), /./);
  assert.match(messageOf({ clockSkew: '1h' }), /5m/);
});
