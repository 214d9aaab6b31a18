// Attacks on logins: another provider's login, another site's socket, made-up logout tokens, a logout during a renewal; and concurrent
// requests that all want one session's tokens replaced. Successful logins are in test/e2e/oidc.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { eventually } from '../../../test/support/eventually.ts';
import { type Answer, ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';
import { RedisStore } from '../../store/redis/redis-store.ts';
import type { Store } from '../../store/store.ts';
import { schema } from './config.ts';
import { oidcFilter } from './filter.ts';
import { RefreshTable, refreshTableNeed } from './refresh-table.ts';
import { accessTimes, type Session, wantsRefresh } from './session.ts';
import { CookieSessions, StoredSessions } from './session-keeper.ts';

const key = 'a key of at least thirty-two characters';

interface TestProvider {
  readonly issuer: string;
  readonly asked: string[];
  /** The next response of the token endpoint, used once; null refuses, `busy` gives 503. */
  tokens: object | 'busy' | null;
  /** The status of every response while the provider is broken; null otherwise. */
  broken: number | null;
  error: string;
  /** Called before a request for tokens is answered. */
  beforeTokens: () => Promise<unknown>;
  /** Metadata beside the required members. */
  metadata: object;
  /** How the gateway authenticated at the token endpoint, for each request. */
  readonly shown: { readonly head: string | undefined; readonly body: URLSearchParams }[];
  stop(): void;
}

/** A provider with metadata, a token endpoint and keys, and a record of the requests. */
async function startProvider(t: TestContext, keys: readonly object[] = []): Promise<TestProvider> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    const pieces: Buffer[] = [];
    request
      .on('data', (piece: Buffer) => pieces.push(piece))
      .on('end', () => {
        const body = new URLSearchParams(Buffer.concat(pieces).toString());
        if (request.url === '/token') provider.shown.push({ head: request.headers.authorization, body });
      });
    response.setHeader('content-type', 'application/json');
    if (provider.broken !== null) response.writeHead(provider.broken).end(`{"error":"${provider.error}"}`);
    else if (request.url === '/jwks') response.end(JSON.stringify({ keys }));
    else if (request.url === '/token' && provider.tokens === 'busy') response.writeHead(503).end('{}');
    else if (request.url === '/token' && provider.tokens !== null) {
      const tokens = JSON.stringify(provider.tokens);
      provider.tokens = null;
      void provider.beforeTokens().then(() => response.end(tokens));
    } else if (request.url === '/token') response.writeHead(400).end('{"error":"invalid_grant"}');
    else
      response.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          ...provider.metadata,
        }),
      );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // Because: it listens on TCP
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(stop);
  const beforeTokens = () => Promise.resolve();
  const standing = { tokens: null, broken: null, error: 'access_denied', beforeTokens, metadata: {}, shown: [] };
  const provider: TestProvider = { issuer, asked, ...standing, stop };
  return provider;
}

async function start(
  t: TestContext,
  issuer: string,
  more: object = {},
  stores = new Map<string, Store>(),
  tables = new Map<string, SharedArrayBuffer>(),
) {
  const config = {
    issuer,
    clientId: 'gateway',
    clientSecret: 's',
    session: { keys: [key] },
    failedLogins: 'off',
    ...more,
  };
  const gateway = await startFilterGateway(
    [written(oidcFilter, schema, config)],
    (request, response) => {
      response.setHeader('x-token', request.headers.authorization ?? '');
      const caching = request.headers['x-cache'];
      if (typeof caching === 'string' && caching !== '') response.setHeader('cache-control', caching);
      response.end('in');
    },
    {
      services: { stores, tables, needs: oidcFilter.needs!(schema.parse(config), undefined as never) },
      consumers: [{ name: '7', tenant: null, plan: null, groups: [], tags: {}, keys: [] }],
    },
  );
  t.after(() => gateway.stop());
  return gateway;
}

function refreshMemory() {
  return new SharedArrayBuffer(refreshTableNeed.bytes);
}

function cookieSessions(issuer: string) {
  return new CookieSessions([key], 'cardea_session', `${issuer} gateway`, new RefreshTable(refreshMemory()));
}

const now = () => Math.floor(Date.now() / 1_000);

function sessionOf(issuer: string): Session {
  const tokens = { accessToken: null, refreshToken: null, idToken: null, accessUntilS: 0 };
  return { of: `${issuer} gateway`, claims: { sub: 'u' }, scopes: [], ...tokens, startedS: now(), usedS: now() };
}

/** Sends a logout token as the provider does, and returns the status of the response. */
async function logOut(port: number, token: string): Promise<number> {
  const { status } = await ask(port, {
    method: 'POST',
    path: '/oidc/backchannel-logout',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `logout_token=${token}`,
  });
  return status;
}

/** A Redis of its own, and a store that uses it. */
async function startStore(t: TestContext) {
  const redis = await startRedis();
  const store = new RedisStore(redisSpec(redis.port));
  t.after(async () => {
    await store.close();
    await redis.stop();
  });
  return store;
}

test('a login that began with one provider is not finished with another, also where both filters share keys', async t => {
  const [one, other] = [await startProvider(t), await startProvider(t)];
  const [gatewayOne, gatewayOther] = [await start(t, one.issuer), await start(t, other.issuer)];
  const begun = await ask(gatewayOne.port, { path: '/', headers: { accept: 'text/html' } });
  assert.equal(begun.status, 302);
  const state = new URL(begun.headers.location!).searchParams.get('state')!;
  const cookie = valuesOf(begun, 'set-cookie')[0]!.split(';')[0]!;
  const path = `/oidc/callback?code=c&state=${state}`;
  assert.equal((await ask(gatewayOther.port, { path, headers: { cookie } })).status, 401);
  assert.ok(!other.asked.includes('/token'), 'the code of one provider was shown to another');
  await ask(gatewayOne.port, { path, headers: { cookie } });
  assert.ok(one.asked.includes('/token'), 'its own provider is asked');
});

/** The callback of the login that this response has begun; prepares what the provider gives for its code. */
async function callbackOf(begun: Answer, provider: TestProvider, signing: CryptoKey, claims: object) {
  const asked = new URL(begun.headers.location!).searchParams;
  const standard = { iss: provider.issuer, aud: 'gateway', sub: 'u', iat: now(), exp: now() + 120 };
  const idToken = await new SignJWT({ ...standard, nonce: asked.get('nonce'), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .sign(signing);
  provider.tokens = { access_token: 'a', token_type: 'bearer', expires_in: 600, id_token: idToken };
  const cookie = valuesOf(begun, 'set-cookie')[0]!.split(';')[0]!;
  return { path: `/oidc/callback?code=c&state=${asked.get('state')}`, headers: { cookie } };
}

async function signingProvider(t: TestContext) {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const provider = await startProvider(t, [{ ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'k' }]);
  return { provider, privateKey };
}

test('a provider that does not stop sending is not listened to', async t => {
  const provider = await startProvider(t);
  const gateway = await start(t, provider.issuer);
  const page = { path: '/', headers: { accept: 'text/html' } };
  provider.metadata = { service_documentation: 'x'.repeat(2_000_000) };
  assert.equal((await ask(gateway.port, page)).status, 503);
  provider.metadata = {};
  assert.equal((await ask(gateway.port, page)).status, 302);
});

test('one callback that comes many times is taken to the provider once at a time, and a bounded number of them together', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer);
  const waiting: (() => void)[] = [];
  provider.beforeTokens = () => new Promise<void>(resolve => waiting.push(resolve));
  const begin = async () => {
    const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
    return await callbackOf(begun, provider, privateKey, {});
  };
  const callback = await begin();
  const first = ask(gateway.port, callback);
  await eventually(() => waiting.length === 1, 'the provider is asked');
  for (let n = 0; n < 3; n++) assert.equal((await ask(gateway.port, callback)).status, 401);
  assert.equal(provider.shown.length, 1);
  const others: Promise<Answer>[] = [];
  while (waiting.length < 100) {
    const { length } = waiting;
    others.push(ask(gateway.port, await begin()));
    await eventually(() => waiting.length > length, 'the provider is asked for one more');
  }
  const answer = await ask(gateway.port, await begin());
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  assert.equal(provider.shown.length, 100);
  for (const goOn of waiting) goOn();
  for (const { status } of await Promise.all([first, ...others])) assert.equal(status, 302);
  provider.beforeTokens = () => Promise.resolve();
  assert.equal((await ask(gateway.port, await begin())).status, 302);
});

test('an ID token that is not of this login, or not of this provider, begins no session', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const { privateKey: strange } = await generateKeyPair('RS256');
  const gateway = await start(t, provider.issuer);
  const finished = async (signing: CryptoKey, claims: object) => {
    const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
    return await ask(gateway.port, await callbackOf(begun, provider, signing, claims));
  };
  const wrong: [what: string, signing: CryptoKey, claims: object][] = [
    ['the nonce of another login', privateKey, { nonce: 'of-another-login' }],
    ['no nonce', privateKey, { nonce: undefined }],
    ['a signature of somebody else', strange, {}],
    ['an audience that is another client', privateKey, { aud: 'other' }],
    ['another issuer', privateKey, { iss: 'https://other.example' }],
    ['an end that has passed', privateKey, { exp: now() - 600 }],
  ];
  for (const [what, signing, claims] of wrong) {
    const answer = await finished(signing, claims);
    assert.equal(answer.status, 401, what);
    assert.ok(!valuesOf(answer, 'set-cookie').some(line => line.startsWith('cardea_session=')), what);
  }
  assert.equal((await finished(privateKey, {})).status, 302);
});

test('the secret goes where the provider takes it: in the head, unless it says that it takes it in the body alone', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const [basic, post] = ['client_secret_basic', 'client_secret_post'];
  const cases: [methods: readonly string[] | undefined, isInBody: boolean][] = [
    [undefined, false],
    [[post, basic], false],
    [[post, 'private_key_jwt'], true],
  ];
  for (const [methods, isInBody] of cases) {
    provider.metadata = { token_endpoint_auth_methods_supported: methods };
    const gateway = await start(t, provider.issuer, { clientSecret: 'hush' });
    const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
    assert.equal((await ask(gateway.port, await callbackOf(begun, provider, privateKey, {}))).status, 302);
    const { head, body } = provider.shown.pop()!;
    const sent = [head, body.get('client_id'), body.get('client_secret')];
    const encoded = `Basic ${Buffer.from('gateway:hush').toString('base64')}`;
    assert.deepEqual(sent, isInBody ? [undefined, 'gateway', 'hush'] : [encoded, null, null]);
  }
});

test('a strict cookie is for a browser that a page of the site itself leads on, and whatever was there of it before is over', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer, { session: { keys: [key], sameSite: 'strict' } });
  const begun = await ask(gateway.port, { path: `/a?b='&c="`, headers: { accept: 'text/html' } });
  const answer = await ask(gateway.port, await callbackOf(begun, provider, privateKey, {}));
  assert.deepEqual([answer.status, answer.headers.location], [200, undefined]);
  assert.match(answer.body.toString(), /content='0;url="http:\/\/127\.0\.0\.1:\d+\/a\?b=(%27|&#39;)&amp;c=%22"'>/);
  const [kept, ...ended] = valuesOf(answer, 'set-cookie').filter(line => line.startsWith('cardea_session'));
  assert.match(kept!, /^cardea_session=.{100,}; SameSite=Strict/);
  // The last one ends the cookie of the login in progress.
  assert.equal(ended.length, 5);
  for (const line of ended) assert.match(line, /^cardea_session(\.[1-4]|_login_.{12})=; .*Max-Age=0;/);
});

test('a session of a level that does not suffice: a page is sent to log in higher, a program is told what is missing', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer, { acr: ['high', 'higher'] });
  const sessions = cookieSessions(issuer);
  const askAs = (acr: string | undefined, accept: string) => {
    const session = sessionOf(issuer);
    const cookie = `cardea_session=${sessions.keep({ ...session, claims: { ...session.claims, acr } })}`;
    return ask(gateway.port, { headers: { cookie, accept } });
  };
  for (const acr of ['low', undefined]) {
    const page = await askAs(acr, 'text/html');
    assert.equal(page.status, 302);
    assert.equal(new URL(page.headers.location!).searchParams.get('acr_values'), 'high higher');
    const call = await askAs(acr, 'application/json');
    assert.equal(call.status, 401);
    assert.deepEqual(valuesOf(call, 'www-authenticate'), [
      'Bearer error="insufficient_user_authentication", acr_values="high higher"',
    ]);
  }
  for (const acr of ['high', 'higher']) assert.equal((await askAs(acr, 'application/json')).status, 200);
});

test('a logout in a frame of the provider ends the session that it names, and no other', async t => {
  const { issuer } = await startProvider(t);
  const store = await startStore(t);
  const of = `${issuer} gateway`;
  const named = { ...sessionOf(issuer), claims: { sub: 'u', sid: 'one' } };
  const iss = encodeURIComponent(issuer);
  for (const keeper of [cookieSessions(issuer), new StoredSessions(store, [key], 'cardea_session', of)]) {
    const session = keeper instanceof StoredSessions ? { keys: [key], store: 'main', cache: '1ms' } : { keys: [key] };
    const gateway = await start(t, issuer, { session }, new Map([['main', store]]));
    const cookie = `cardea_session=${await keeper.keep(named, null, 60_000)}`;
    const inFrame = async (query: string, headers: Record<string, string> = { cookie }) => {
      const answer = await ask(gateway.port, { path: `/oidc/frontchannel-logout${query}`, headers });
      assert.deepEqual([answer.status, valuesOf(answer, 'cache-control')], [200, ['no-store']], query);
      return valuesOf(answer, 'set-cookie');
    };
    const others = ['', `?iss=${iss}`, '?sid=one', `?iss=${iss}&sid=two`, '?iss=https://other.example&sid=one'];
    for (const query of others) assert.deepEqual(await inFrame(query), [], query);
    const withoutId = `cardea_session=${await keeper.keep(sessionOf(issuer), null, 60_000)}`;
    assert.deepEqual(await inFrame(`?iss=${iss}&sid=`, { cookie: withoutId }), [], 'a session without an id');
    assert.deepEqual(await inFrame(`?iss=${iss}&sid=one`, {}), []);
    assert.equal((await ask(gateway.port, { headers: { cookie } })).status, 200);
    const [ended, ...more] = await inFrame(`?iss=${iss}&sid=one`);
    assert.match(ended!, /^cardea_session=; Path=\/; Max-Age=0;/);
    assert.deepEqual(more, []);
    if (keeper instanceof StoredSessions) assert.equal((await ask(gateway.port, { headers: { cookie } })).status, 401);
  }
});

test('a session ends when it was not used for long enough, and in any case when its life is over', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer, { session: { keys: [key], idle: '10m', life: '1h' } });
  const sessions = cookieSessions(issuer);
  const minute = 60;
  const cases: [startedAgo: number, usedAgo: number, status: number, isRenewed: boolean][] = [
    [59 * minute, minute, 200, false],
    [59 * minute, 9 * minute, 200, true],
    [30 * minute, 10 * minute + 1, 401, false],
    [60 * minute + 1, minute, 401, false],
  ];
  for (const [startedAgo, usedAgo, status, isRenewed] of cases) {
    const session = { ...sessionOf(issuer), startedS: now() - startedAgo, usedS: now() - usedAgo };
    const answer = await ask(gateway.port, { headers: { cookie: `cardea_session=${sessions.keep(session)}` } });
    assert.equal(answer.status, status, `begun ${startedAgo} s ago, used ${usedAgo} s ago`);
    if (status === 200) assert.equal(valuesOf(answer, 'set-cookie').length, isRenewed ? 1 : 0);
  }
});

test('a session in a store that goes on is given no cookie again: by the time of the answer the browser may have another', async t => {
  const { issuer } = await startProvider(t);
  const store = await startStore(t);
  const gateway = await start(
    t,
    issuer,
    { session: { keys: [key], store: 'main', idle: '10m' } },
    new Map([['main', store]]),
  );
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${issuer} gateway`);
  const usedS = now() - 540;
  const cookie = (await sessions.keep({ ...sessionOf(issuer), usedS }, null, 3_600_000))!;
  const answer = await ask(gateway.port, { headers: { cookie: `cardea_session=${cookie}` } });
  assert.deepEqual([answer.status, valuesOf(answer, 'set-cookie')], [200, []]);
  assert.ok((await sessions.find(cookie))!.usedS > usedS);
});

test('the consumer may be named by a path in the claims, and by a number', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer, { consumer: { claim: 'org.id', required: true } });
  for (const [id, status] of [
    [7, 200],
    ['7', 200],
    [8, 403],
  ] as const) {
    const session = { ...sessionOf(issuer), claims: { sub: 'u', org: { id } } };
    const headers = { cookie: `cardea_session=${cookieSessions(issuer).keep(session)}` };
    assert.equal((await ask(gateway.port, { headers })).status, status, JSON.stringify(id));
  }
});

test('tokens that a provider gives for another user replace none', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer, { upstreamToken: 'access' });
  const sessions = cookieSessions(provider.issuer);
  const tokens = { accessToken: 'old', refreshToken: 'r1', accessUntilS: now() + 10 };
  for (const [sub, expected] of [
    ['other', 'Bearer old'],
    ['u', 'Bearer new'],
  ] as const) {
    const claims = { iss: provider.issuer, aud: 'gateway', sub, iat: now(), exp: now() + 120 };
    const idToken = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey);
    provider.tokens = { access_token: 'new', token_type: 'bearer', expires_in: 600, id_token: idToken };
    const cookie = `cardea_session=${sessions.keep({ ...sessionOf(provider.issuer), ...tokens })}`;
    assert.equal((await ask(gateway.port, { headers: { cookie } })).headers['x-token'], expected);
  }
});

test('the level of a login is what the route asked for that began it, whichever serves the callback', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const [high, any] = [await start(t, provider.issuer, { acr: ['high'] }), await start(t, provider.issuer)];
  const page = { path: '/', headers: { accept: 'text/html' } };
  const finished = async (begin: typeof high, end: typeof high, acr: string) => {
    const callback = await callbackOf(await ask(begin.port, page), provider, privateKey, { acr });
    return (await ask(end.port, callback)).status;
  };
  assert.equal(await finished(high, any, 'low'), 403, 'the page would ask for the same login again, for ever');
  assert.equal(await finished(high, any, 'high'), 302);
  assert.equal(await finished(any, high, 'low'), 302, 'the page that it was for asks for no level');
});

test('a provider that is not well when the browser comes back: 503, and nobody is held to have guessed', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer);
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  const callback = await callbackOf(begun, provider, privateKey, {});
  for (const status of [500, 503, 429]) {
    provider.broken = status;
    assert.equal((await ask(gateway.port, callback)).status, 503);
  }
  provider.broken = 401;
  provider.error = 'invalid_client';
  assert.equal((await ask(gateway.port, callback)).status, 503, 'the secret was changed at the provider first');
  provider.broken = null;
  assert.equal((await ask(gateway.port, callback)).status, 302);
});

/** The callback of a provider that refuses, or that has no code to give. */
function refusedBy(begun: Answer, error: string, description = '') {
  const state = new URL(begun.headers.location!).searchParams.get('state');
  const cookie = valuesOf(begun, 'set-cookie')
    .filter(line => !line.includes('Max-Age=0'))[0]!
    .split(';')[0]!;
  return {
    path: `/oidc/callback?${new URLSearchParams({ error, error_description: description })}&state=${state}`,
    headers: { cookie },
  };
}

test('a browser that brings an error: what the provider said, and 503 where the provider is not well', async t => {
  const provider = await startProvider(t);
  const gateway = await start(t, provider.issuer);
  const answerTo = async (error: string) => {
    const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
    const { status, headers, body } = await ask(gateway.port, refusedBy(begun, error));
    return [status, JSON.parse(body.toString()).detail, headers['retry-after']];
  };
  const refused = (error: string) => [403, `The provider refused the login${error}.`, undefined];
  assert.deepEqual(await answerTo('access_denied'), refused(' (access_denied)'));
  assert.deepEqual(await answerTo('login_required'), refused(' (login_required)'));
  assert.deepEqual(await answerTo('<script>'), refused(''));
  for (const error of ['temporarily_unavailable', 'server_error'])
    assert.deepEqual((await answerTo(error)).toSpliced(1, 1), [503, '1']);
});

test('a login that was left alone too long at Keycloak begins once more, and not for ever', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer);
  const expired = ['temporarily_unavailable', 'authentication_expired'] as const;
  const begun = await ask(gateway.port, { path: '/page?x=1', headers: { accept: 'text/html' } });
  const again = await ask(gateway.port, refusedBy(begun, ...expired));
  assert.equal(again.status, 302);
  assert.ok(again.headers.location?.startsWith(`${provider.issuer}/auth?`));
  const ended = begun.headers['set-cookie']!.toString().split('=')[0]!;
  assert.ok(
    valuesOf(again, 'set-cookie').some(line => line.startsWith(`${ended}=;`)),
    'the first is over',
  );
  assert.equal((await ask(gateway.port, refusedBy(again, ...expired))).status, 503);
  const { path, headers } = await callbackOf(again, provider, privateKey, {});
  const finished = await ask(gateway.port, { path, headers: { ...headers, ...refusedBy(again, '').headers } });
  assert.equal(finished.status, 302);
  assert.ok(finished.headers.location?.endsWith('/page?x=1'), 'to the page that the first was for');
});

test('a login that began at a long address leaves no piece of its cookie behind', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer);
  const begun = await ask(gateway.port, { path: `/?q=${'x'.repeat(5_000)}`, headers: { accept: 'text/html' } });
  const pieces = valuesOf(begun, 'set-cookie').map(line => line.split(';')[0]!);
  assert.equal(pieces.length, 2);
  const { path } = await callbackOf(begun, provider, privateKey, {});
  const finished = await ask(gateway.port, { path, headers: { cookie: pieces.join('; ') } });
  assert.equal(finished.status, 302);
  const ended = valuesOf(finished, 'set-cookie').filter(line => line.includes('Max-Age=0'));
  assert.deepEqual(
    ended.map(line => line.split('=')[0]),
    pieces.map(line => line.split('=')[0]),
  );
});

test('a response that renews a session is for no shared cache; the others stay as they are', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer);
  const sessions = cookieSessions(issuer);
  for (const [usedS, said, sent] of [
    [now(), 'public, max-age=600', 'public, max-age=600'],
    [now() - 1_800, 'public, max-age=600', 'private, no-cache'],
    [now() - 1_800, 'private, max-age=600', 'private, max-age=600'],
    [now() - 1_800, 'private="x-user", max-age=600', 'private, no-cache'],
    [now() - 1_800, '', 'private, no-cache'],
  ] as const) {
    const cookie = `cardea_session=${sessions.keep({ ...sessionOf(issuer), usedS })}`;
    const answer = await ask(gateway.port, { headers: { cookie, 'x-cache': said } });
    assert.equal(valuesOf(answer, 'set-cookie').length, usedS === now() ? 0 : 1);
    assert.deepEqual(valuesOf(answer, 'cache-control'), [sent], said);
  }
});

test('a session that is too large for cookies: its own code', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer);
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  // Random, since a session is compressed.
  const roles = Array.from({ length: 1_000 }, () => randomBytes(16).toString('hex'));
  const answer = await ask(gateway.port, await callbackOf(begun, provider, privateKey, { roles }));
  assert.deepEqual([answer.status, JSON.parse(answer.body.toString()).code], [500, 'session_too_large']);
});

test('a callback that is loaded again, after the login or too late, is no guess; one with a made-up cookie is', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer, { failedLogins: '1/h' });
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  const callback = await callbackOf(begun, provider, privateKey, {});
  for (let i = 0; i < 3; i++) assert.equal((await ask(gateway.port, { path: callback.path })).status, 401);
  for (const query of ['', '?code=c', '?code=c&state=', '?code=c&state=made-up'])
    assert.equal((await ask(gateway.port, { path: `/oidc/callback${query}` })).status, 401);
  const forged = { path: callback.path, headers: { cookie: `${callback.headers.cookie.split('=')[0]}=made-up` } };
  assert.equal((await ask(gateway.port, callback)).status, 302);
  assert.equal((await ask(gateway.port, forged)).status, 401);
  assert.equal((await ask(gateway.port, forged)).status, 429);
});

test('a callback with another state than the login began with, or after its time, is not taken to the provider', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer);
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  const callback = await callbackOf(begun, provider, privateKey, {});
  // The cookie is named by the start of the state, which is the same.
  const state = new URL(begun.headers.location!).searchParams.get('state')!;
  const other = `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`;
  const guessed = { ...callback, path: callback.path.replace(state, other) };
  assert.notEqual(guessed.path, callback.path);
  assert.equal((await ask(gateway.port, guessed)).status, 401);
  const late = Date.now() + 601_000;
  t.mock.method(Date, 'now', () => late);
  // The two clocks are compared once a second.
  await new Promise(resolve => setTimeout(resolve, 1_050));
  assert.equal((await ask(gateway.port, callback)).status, 401);
  assert.ok(!provider.asked.includes('/token'));
});

test('a provider that takes no more requests for now, or does not know its client, ends no session that wants another token', async t => {
  const provider = await startProvider(t);
  const gateway = await start(t, provider.issuer, { upstreamToken: 'access' });
  assert.equal((await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } })).status, 302);
  const tokens = { accessToken: 'old', refreshToken: 'r1', accessUntilS: now() - 10 };
  const sessions = cookieSessions(provider.issuer);
  // Uses a new cookie each time: a session that was just checked is not due again.
  const answered = async () => {
    const cookie = `cardea_session=${sessions.keep({ ...sessionOf(provider.issuer), ...tokens })}`;
    return await ask(gateway.port, { headers: { cookie } });
  };
  provider.broken = 429;
  assert.equal((await answered()).headers['x-token'], 'Bearer old');
  for (const error of ['invalid_client', 'unauthorized_client']) {
    Object.assign(provider, { broken: 400, error });
    assert.equal((await answered()).headers['x-token'], 'Bearer old', `${error} is not the user's`);
  }
  provider.broken = null;
  assert.equal((await answered()).status, 401, 'one that says no does');
});

test('another site opens no socket in the name of who is logged in', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer);
  const cookie = `cardea_session=${cookieSessions(issuer).keep(sessionOf(issuer))}`;
  const socket = { cookie, connection: 'upgrade', upgrade: 'websocket' };
  assert.equal((await ask(gateway.port, { headers: { cookie } })).status, 200);
  const foreign = await ask(gateway.port, { headers: { ...socket, 'sec-fetch-site': 'cross-site' } });
  assert.equal(foreign.status, 403);
  const older = await ask(gateway.port, { headers: { ...socket, origin: 'https://evil.example' } });
  assert.equal(older.status, 403);
  const own = await ask(gateway.port, { headers: { ...socket, 'sec-fetch-site': 'same-origin' } });
  assert.equal(own.status, 200);
});

test('behind a proxy that ends TLS the site is that of publicUrl: sockets of its pages are its own', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer, { publicUrl: 'https://app.example.com/' });
  const cookie = `cardea_session=${cookieSessions(issuer).keep(sessionOf(issuer))}`;
  // As Chromium opens a WebSocket: with Origin, and without Sec-Fetch-Site.
  const statusFrom = async (origin: string) =>
    (await ask(gateway.port, { headers: { cookie, connection: 'upgrade', upgrade: 'websocket', origin } })).status;
  assert.equal(await statusFrom('https://app.example.com'), 200);
  assert.equal(await statusFrom('https://evil.example'), 403);
  assert.equal(await statusFrom(`http://127.0.0.1:${gateway.port}`), 403);
});

test('a session cookie may have a name by which browsers take it for the whole host alone', async t => {
  const { issuer } = await startProvider(t);
  const more = { publicUrl: 'https://app.example.com', session: { keys: [key], cookie: '__Host-session' } };
  const gateway = await start(t, issuer, more);
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  const line = valuesOf(begun, 'set-cookie')[0]!;
  assert.match(line, /^__Host-session_login_/);
  assert.match(line, /; Path=\/;.*; Secure$/, 'another path, and the browser throws it away');
});

test('below a path of another server, a login’s cookie is for the path at which the browser finds the callback', async t => {
  const { issuer } = await startProvider(t);
  const gateway = await start(t, issuer, { publicUrl: 'https://example.com/app/' });
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  const { searchParams } = new URL(valuesOf(begun, 'location')[0]!);
  assert.equal(searchParams.get('redirect_uri'), 'https://example.com/app/oidc/callback');
  assert.match(valuesOf(begun, 'set-cookie')[0]!, /; Path=\/app\/oidc\/callback;/);
});

test('many logout tokens that somebody made up cost one fetch of the provider’s keys', async t => {
  const { issuer, asked } = await startProvider(t);
  const store = new RedisStore(redisSpec(1));
  t.after(() => store.close());
  const more = { session: { keys: [key], store: 'main' }, paths: { backchannelLogout: '/oidc/backchannel-logout' } };
  const gateway = await start(t, issuer, more, new Map([['main', store]]));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (let i = 0; i < 5; i++) {
    const token = `${part({ alg: 'RS256', kid: `k${i}` })}.${part({ iss: issuer })}.c2ln`;
    assert.equal(await logOut(gateway.port, token), 400);
  }
  assert.equal(asked.filter(url => url === '/jwks').length, 1);
});

test('a login that a logout at the provider meets before the browser has its cookie begins once more', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const store = await startStore(t);
  const gateway = await start(
    t,
    provider.issuer,
    { session: { keys: [key], store: 'main' } },
    new Map([['main', store]]),
  );
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${provider.issuer} gateway`);
  const begun = await ask(gateway.port, { path: '/page', headers: { accept: 'text/html' } });
  const callback = await callbackOf(begun, provider, privateKey, {});
  const { command } = store;
  const met = t.mock.method(store, 'command', async (...args: Parameters<RedisStore['command']>) => {
    if (args[0] !== 'SET') return command.apply(store, args);
    met.mock.restore();
    const answer = await command.apply(store, args);
    assert.equal(await sessions.endAll({ sub: 'u' }), 1);
    return answer;
  });
  const again = await ask(gateway.port, callback);
  assert.equal(again.status, 302);
  assert.match(again.headers.location!, /\/auth\?/);
  assert.ok(!valuesOf(again, 'set-cookie').some(line => line.startsWith('cardea_session=')));
  // The first one ends the cookie of the login that was met.
  const cookie = valuesOf(again, 'set-cookie').at(-1)!.split(';')[0]!;
  const { path } = await callbackOf(again, provider, privateKey, {});
  const finished = await ask(gateway.port, { path, headers: { cookie } });
  assert.match(finished.headers.location!, /\/page$/);
});

test('what is kept of a user’s sessions to end them holds none that are over', async t => {
  const store = await startStore(t);
  const sessions = new StoredSessions(store, [key], 'cardea_session', 'i gateway');
  const begin = (agoS: number) => {
    const at = now() - agoS;
    return sessions.keep({ ...sessionOf('i'), startedS: at, usedS: at }, null, 60_000);
  };
  for (const agoS of [200, 100, 50, 0]) await begin(agoS);
  const [index] = (await store.command('KEYS', '*:of-sub:*')) as string[]; // Because: KEYS returns a list
  assert.equal(await store.command('ZCARD', index!), 2);
  assert.equal(await sessions.endAll({ sub: 'u' }), 2);
});

test('a logout at the provider finds every session, also when a reload made their life shorter or longer', async t => {
  const store = await startStore(t);
  const sessions = new StoredSessions(store, [key], 'cardea_session', 'i gateway');
  const long = (await sessions.keep(sessionOf('i'), null, 3_600_000))!;
  const short = (await sessions.keep(sessionOf('i'), null, 60_000))!;
  const [index] = (await store.command('KEYS', '*:of-sub:*')) as string[]; // Because: KEYS returns a list
  assert.ok(Number(await store.command('PTTL', index!)) > 3_500_000, 'the list lasts as long as the first session');
  await sessions.keep(sessionOf('i'), short, 7_200_000);
  assert.ok(Number(await store.command('PTTL', index!)) > 7_100_000, 'the list lasts as long as the renewed session');
  // Fifty minutes later, the first end of the renewed session is over: a new login must leave it in the list.
  await sessions.keep({ ...sessionOf('i'), startedS: now() + 3_000, usedS: now() + 3_000 }, null, 60_000);
  assert.equal(await sessions.endAll({ sub: 'u' }), 3);
  for (const cookie of [long, short]) assert.equal(await sessions.find(cookie), null);
});

test('a session that has ended is not brought back by a renewal that was under way', async t => {
  const store = await startStore(t);
  const sessions = new StoredSessions(store, [key], 'cardea_session', 'i gateway');
  const session = sessionOf('i');
  const cookie = (await sessions.keep(session, null, 60_000))!;
  assert.equal(await sessions.keep({ ...session, usedS: now() }, cookie, 60_000), cookie);
  await sessions.end(cookie);
  assert.equal(await sessions.keep({ ...session, usedS: now() }, cookie, 60_000), null);
  assert.equal(await sessions.find(cookie), null);
});

test('gateways that share sessions show a refresh token once, however many requests come together', async t => {
  const provider = await startProvider(t);
  const redis = await startRedis();
  const stores = [new RedisStore(redisSpec(redis.port)), new RedisStore(redisSpec(redis.port))];
  t.after(async () => {
    for (const store of stores) await store.close();
    await redis.stop();
  });
  for (const store of stores) await store.open();
  const more = { session: { keys: [key], store: 'main' }, upstreamToken: 'access' };
  const gateways = await Promise.all(
    stores.map(store => start(t, provider.issuer, more, new Map<string, Store>([['main', store]]))),
  );
  const sessions = new StoredSessions(stores[0]!, [key], 'cardea_session', `${provider.issuer} gateway`);
  for (const leftS of [10, -10]) {
    provider.asked.length = 0;
    provider.tokens = { access_token: `new ${leftS}`, token_type: 'bearer', refresh_token: 'r2', expires_in: 600 };
    const tokens = { accessToken: 'old', refreshToken: 'r1', accessUntilS: now() + leftS };
    const cookie = (await sessions.keep({ ...sessionOf(provider.issuer), ...tokens }, null, 60_000))!;
    const asking = [0, 1, 2]
      .flatMap(() => gateways)
      .map(({ port }) => ask(port, { headers: { cookie: `cardea_session=${cookie}` } }));
    for (const { status, headers } of await Promise.all(asking)) {
      assert.equal(status, 200);
      // An access token that is still good is used while another is fetched.
      if (leftS < 0) assert.equal(headers['x-token'], `Bearer new ${leftS}`);
    }
    assert.equal(provider.asked.filter(url => url === '/token').length, 1);
    assert.equal((await sessions.find(cookie))?.refreshToken, 'r2');
  }
});

/** Three workers of one gateway that keeps sessions in cookies, and such a cookie whose access token expires in `leftS` seconds. */
async function startWorkers(t: TestContext, leftS: number) {
  const provider = await startProvider(t);
  const tables = new Map([[refreshTableNeed.name, refreshMemory()]]);
  const workers = await Promise.all(
    // One of them is for a route with other settings.
    [{}, {}, { crossSite: 'allow' }].map(own =>
      start(t, provider.issuer, { upstreamToken: 'access', ...own }, new Map(), tables),
    ),
  );
  const tokens = { accessToken: 'old', refreshToken: 'r1', accessUntilS: now() + leftS };
  const cookie = `cardea_session=${cookieSessions(provider.issuer).keep({ ...sessionOf(provider.issuer), ...tokens })}`;
  const shown = () => provider.asked.filter(url => url === '/token').length;
  return { provider, workers, cookie, shown };
}

test('workers show the refresh token of a cookie once, and whoever brings the old cookie is given the new one', async t => {
  for (const leftS of [10, -10]) {
    const { provider, workers, cookie, shown } = await startWorkers(t, leftS);
    provider.tokens = { access_token: 'new', token_type: 'bearer', refresh_token: 'r2', expires_in: 600 };
    const askAll = () =>
      Promise.all([0, 1, 2].flatMap(() => workers).map(({ port }) => ask(port, { headers: { cookie } })));
    for (const answer of await askAll()) {
      assert.equal(answer.status, 200);
      // An access token that is still good is used while another is fetched.
      if (leftS < 0) assert.equal(answer.headers['x-token'], 'Bearer new');
    }
    const given = new Set<string>();
    for (const answer of await askAll()) {
      assert.equal(answer.headers['x-token'], 'Bearer new', 'by a page that was loaded before');
      given.add(valuesOf(answer, 'set-cookie')[0]!.split(';')[0]!);
    }
    assert.equal(shown(), 1);
    assert.equal(given.size, 1, 'all are given the same cookie');
    const [next] = given;
    for (const { port } of workers) {
      const answer = await ask(port, { headers: { cookie: next! } });
      assert.equal(answer.headers['x-token'], 'Bearer new');
      assert.deepEqual(valuesOf(answer, 'set-cookie'), []);
    }
  }
});

test('a session that the provider ends has ended on every worker, and one that it could not answer for is asked about again', async t => {
  const { provider, workers, cookie, shown } = await startWorkers(t, -10);
  provider.tokens = 'busy';
  const [one, other, third] = workers;
  const statusOf = async ({ port }: { readonly port: number }) => (await ask(port, { headers: { cookie } })).status;
  assert.equal(await statusOf(one!), 200);
  provider.tokens = null;
  assert.deepEqual([await statusOf(other!), shown()], [401, 2]);
  assert.deepEqual([await statusOf(third!), shown()], [401, 2]);
});

test('tokens of a short life are not replaced in the second of the login, but in the second half of their life', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const gateway = await start(t, provider.issuer, { upstreamToken: 'access' });
  const begun = await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } });
  const callback = await callbackOf(begun, provider, privateKey, {});
  const login = provider.tokens as object; // Because: `callbackOf` has just set them.
  provider.tokens = { ...login, refresh_token: 'r1', expires_in: 20 };
  const done = await ask(gateway.port, callback);
  const cookie = valuesOf(done, 'set-cookie').find(line => line.startsWith('cardea_session='))!;
  const page = await ask(gateway.port, { headers: { cookie: cookie.split(';')[0]! } });
  assert.equal(page.headers['x-token'], 'Bearer a');
  assert.equal(provider.asked.filter(url => url === '/token').length, 1);

  for (const [lifeS, aheadS] of [
    [1, 0],
    [20, 10],
    [60, 30],
    [3_600, 30],
  ] as const) {
    const session = { ...sessionOf(provider.issuer), refreshToken: 'r1', ...accessTimes(1_000, lifeS) };
    assert.equal(wantsRefresh(session, 1_000 + lifeS - aheadS - 1), false, `${lifeS} s`);
    assert.equal(wantsRefresh(session, 1_000 + lifeS - aheadS), true, `${lifeS} s`);
  }
});

test('tokens that are due again at once are replaced again, from whichever cookie', async t => {
  const { provider, workers, cookie, shown } = await startWorkers(t, -10);
  const due = (access: string, refresh: string, seconds: number) => {
    provider.tokens = { access_token: access, token_type: 'bearer', refresh_token: refresh, expires_in: seconds };
  };
  const asked = async (at: number) => {
    const answer = await ask(workers[at]!.port, { headers: { cookie } });
    assert.equal(answer.status, 200);
    return [answer.headers['x-token'], shown()];
  };
  due('second', 'r2', 0);
  assert.deepEqual(await asked(0), ['Bearer second', 1]);
  due('third', 'r3', 600);
  assert.deepEqual(await asked(1), ['Bearer third', 2]);
});

/** A gateway that keeps sessions in Redis, and a session there whose access token expires at `accessUntilS`. */
async function startDue(t: TestContext, accessUntilS: number) {
  const provider = await startProvider(t);
  const store = await startStore(t);
  const more = { session: { keys: [key], store: 'main' } };
  const gateway = await start(t, provider.issuer, more, new Map<string, Store>([['main', store]]));
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${provider.issuer} gateway`);
  const tokens = { accessToken: 'old', refreshToken: 'r1', accessUntilS };
  const session = { ...sessionOf(provider.issuer), ...tokens };
  const cookie = (await sessions.keep(session, null, 60_000))!;
  return { provider, gateway, sessions, session, cookie };
}

test('while the provider is away nobody waits for one who tries', async t => {
  const { provider, gateway, sessions, session, cookie } = await startDue(t, now() - 10);
  provider.stop();
  const headers = { cookie: `cardea_session=${cookie}` };
  for (let i = 0; i < 3; i++) assert.equal((await ask(gateway.port, { headers })).status, 200);
  assert.notEqual(await sessions.claimRefresh(session, 1_000), null, 'it was released');
});

test('a Redis that gives sessions and takes none ends nobody’s, as long as the access token is good', async t => {
  const { issuer } = await startProvider(t);
  const store = await startStore(t);
  const more = { session: { keys: [key], store: 'main' } };
  const gateway = await start(t, issuer, more, new Map<string, Store>([['main', store]]));
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${issuer} gateway`);
  const cookieOf = async (changes: Partial<Session>) =>
    `cardea_session=${await sessions.keep({ ...sessionOf(issuer), ...changes }, null, 3_600_000)}`;
  const longUsed = await cookieOf({ usedS: now() - 900 });
  const tokens = { accessToken: 'a', refreshToken: 'r', usedS: now() };
  const due = await cookieOf({ ...tokens, accessUntilS: now() + 20 });
  const over = await cookieOf({ ...tokens, accessUntilS: now() - 20 });
  await store.command('CONFIG', 'SET', 'maxmemory', '1');
  const status = async (cookie: string) => (await ask(gateway.port, { headers: { cookie } })).status;
  for (let n = 0; n < 2; n++)
    assert.deepEqual([await status(longUsed), await status(due), await status(over)], [200, 200, 503]);
});

test('new tokens that Redis does not accept are used and stored later: the refresh token is shown once', async t => {
  const provider = await startProvider(t);
  const store = await startStore(t);
  const more = { session: { keys: [key], store: 'main', cache: '1ms' }, upstreamToken: 'access' };
  const stores = new Map<string, Store>([['main', store]]);
  const [one, other] = [await start(t, provider.issuer, more, stores), await start(t, provider.issuer, more, stores)];
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${provider.issuer} gateway`);
  const tokens = { accessToken: 'old', refreshToken: 'r1', accessUntilS: now() - 10 };
  const cookie = (await sessions.keep({ ...sessionOf(provider.issuer), ...tokens }, null, 60_000))!;
  const headers = { cookie: `cardea_session=${cookie}` };
  provider.tokens = { access_token: 'new', token_type: 'bearer', refresh_token: 'r2', expires_in: 600 };
  provider.beforeTokens = () => store.command('CONFIG', 'SET', 'maxmemory', '1');
  for (let n = 0; n < 3; n++) {
    const answer = await ask(one.port, { headers });
    assert.deepEqual([answer.status, answer.headers['x-token']], [200, 'Bearer new']);
  }
  assert.equal((await sessions.find(cookie))?.refreshToken, 'r1', 'Redis still has the old tokens');
  await store.command('CONFIG', 'SET', 'maxmemory', '0');
  await eventually(async () => (await sessions.find(cookie))?.refreshToken === 'r2', 'the new tokens are stored');
  for (const { port } of [one, other]) {
    const answer = await ask(port, { headers });
    assert.deepEqual([answer.status, answer.headers['x-token']], [200, 'Bearer new']);
  }
  assert.equal(provider.asked.filter(url => url === '/token').length, 1);
});

test('tokens that were replaced elsewhere and are due again are shown by whoever has claimed those', async t => {
  const { provider, gateway, sessions, session, cookie } = await startDue(t, now() + 10);
  const headers = { cookie: `cardea_session=${cookie}` };
  provider.tokens = 'busy';
  const asked = () => provider.asked.filter(url => url === '/token').length;
  // From here on, the gateway has the first tokens cached, and nobody has claimed their refresh.
  assert.equal((await ask(gateway.port, { headers })).status, 200);
  assert.equal(asked(), 1);
  const next = { ...session, refreshToken: 'r2', accessUntilS: now() + 20 };
  await sessions.keep(next, cookie, 60_000);
  assert.notEqual(await sessions.claimRefresh(next, 60_000), null);
  assert.equal((await ask(gateway.port, { headers })).status, 200);
  assert.equal(asked(), 1);
});

test('cookies that somebody made up are refused without asking Redis', async t => {
  const { issuer } = await startProvider(t);
  const store = await startStore(t);
  const gateway = await start(t, issuer, { session: { keys: [key], store: 'main' } }, new Map([['main', store]]));
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${issuer} gateway`);
  const cookie = (await sessions.keep(sessionOf(issuer), null, 60_000))!;
  const statusWith = async (value: string) =>
    (await ask(gateway.port, { headers: { cookie: `cardea_session=${value}` } })).status;
  const gets = async () =>
    Number(/cmdstat_get:calls=(\d+)/.exec(String(await store.command('INFO', 'commandstats')))?.[1] ?? 0);
  assert.equal(await statusWith(cookie), 200);
  const asked = await gets();
  assert.equal(asked, 1);
  for (let i = 0; i < 20; i++) {
    assert.equal(await statusWith(randomBytes(40).toString('base64url')), 401);
    assert.equal(await statusWith(`${cookie}${i}`), 401);
    assert.equal(await statusWith(`${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`), 401);
  }
  assert.equal(await gets(), asked);
  // An id that the gateway made is looked up, also when its session has ended.
  await sessions.end(cookie);
  const ended = (await sessions.keep(sessionOf(issuer), null, 60_000))!;
  await sessions.end(ended);
  assert.equal(await statusWith(ended), 401);
  assert.equal(await gets(), asked + 1);
});

test('a logout token ends what it names, and is none unless the provider made it for this client, lately, and for that', async t => {
  const { provider, privateKey } = await signingProvider(t);
  const { privateKey: strange } = await generateKeyPair('RS256');
  const store = await startStore(t);
  const more = { session: { keys: [key], store: 'main' }, paths: { backchannelLogout: '/oidc/backchannel-logout' } };
  const gateway = await start(t, provider.issuer, more, new Map([['main', store]]));
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${provider.issuer} gateway`);
  const begin = async (sub: string, sid: string) =>
    (await sessions.keep({ ...sessionOf(provider.issuer), claims: { sub, sid } }, null, 60_000))!;
  const [one, other, another] = [await begin('u', 'one'), await begin('u', 'other'), await begin('v', 'another')];
  const live = async () => {
    const found = await Promise.all([one, other, another].map(cookie => sessions.find(cookie)));
    return found.map(session => session !== null);
  };
  let sent = 0;
  const send = async (claims: object, signing = privateKey) => {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const standard = { iss: provider.issuer, aud: 'gateway', iat: now(), jti: `${sent++}`, sid: 'one', events };
    const token = await new SignJWT({ ...standard, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'logout+jwt' })
      .sign(signing);
    return logOut(gateway.port, token);
  };
  const wrong: [what: string, claims: object, signing?: CryptoKey][] = [
    ['an ID token', { events: undefined }],
    ['another event', { events: { 'https://example.com/event': {} } }],
    ['with a nonce', { nonce: 'n' }],
    ['of another client', { aud: 'other' }],
    ['of another provider', { iss: 'https://other.example' }],
    ['signed by somebody else', {}, strange],
    ['too old', { iat: now() - 660 }],
    ['made in times to come', { iat: now() + 60 }],
    ['ended', { exp: now() - 60 }],
    ['without an id', { jti: undefined }],
    ['without anybody', { sid: undefined }],
  ];
  for (const [what, claims, signing] of wrong) assert.equal(await send(claims, signing), 400, what);
  assert.deepEqual(await live(), [true, true, true]);
  assert.equal(await send({ sub: 'u' }), 200);
  assert.deepEqual(await live(), [false, true, true], 'a session that is named is the only one');
  assert.equal(await send({ sub: 'u', sid: undefined, iat: now() + 10 }), 200, 'clocks may differ');
  assert.deepEqual(await live(), [false, false, true], 'all of the user');
});

test('a logout token whose work could not be done is not spent: the provider tries again', async t => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const provider = await startProvider(t, [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k' }]);
  const store = await startStore(t);
  let failing = '';
  // Because: a real server cannot be made to fail in the middle and recover at will.
  const flaky = new Proxy(store, {
    get(target, name) {
      if (name === 'command') {
        return (verb: string, ...more: string[]) =>
          verb === failing ? Promise.reject(new Error('gone')) : target.command(verb, ...more);
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const more = { session: { keys: [key], store: 'main' }, paths: { backchannelLogout: '/oidc/backchannel-logout' } };
  const gateway = await start(t, provider.issuer, more, new Map([['main', flaky]]));
  const sessions = new StoredSessions(store, [key], 'cardea_session', `${provider.issuer} gateway`);
  const cookie = (await sessions.keep(sessionOf(provider.issuer), null, 60_000))!;
  const token = await new SignJWT({ sub: 'u', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'logout+jwt' })
    .setIssuer(provider.issuer)
    .setAudience('gateway')
    .setIssuedAt()
    .setExpirationTime('2m')
    .setJti('once')
    .sign(privateKey);
  const send = () => logOut(gateway.port, token);
  provider.broken = 500;
  assert.equal(await send(), 503, 'its metadata cannot be had');
  provider.broken = null;
  assert.equal((await ask(gateway.port, { path: '/', headers: { accept: 'text/html' } })).status, 302);
  provider.broken = 500;
  assert.equal(await send(), 503, 'its keys cannot be had');
  provider.broken = null;
  for (const verb of ['EXISTS', 'ZRANGE', 'DEL']) {
    failing = verb;
    assert.equal(await send(), 503, verb);
    assert.notEqual(await sessions.find(cookie), null);
  }
  failing = 'SET';
  assert.equal(await send(), 503);
  failing = '';
  assert.equal(await sessions.find(cookie), null);
  assert.equal(await send(), 200);
  const again = (await sessions.keep(sessionOf(provider.issuer), null, 60_000))!;
  assert.equal(await send(), 400, 'a token is good once');
  assert.notEqual(await sessions.find(again), null);
});
