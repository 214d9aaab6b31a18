// jwt and introspect in the gateway as users run it, with a real OpenID Connect provider and a real Redis. At the end the logs of all
// gateways are searched for every token and secret that was used.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';
import { RedisStore } from '../../../src/store/redis/redis-store.ts';
import { eventually } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { freePort } from '../../support/free-port.ts';
import { type GatewayOptions, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { startRedis } from '../../support/redis.ts';
import { findSecrets } from '../../support/secret-search.ts';
import { redisSpec } from '../../support/store-spec.ts';

const clientSecret = 'the-client-secret-of-the-gateway';

/** Two providers of one issuer, each with its own keys: for clients, switching between them is a key rotation. */
let server: Server;
let issuer: string;
let serving: 'none' | 'first' | 'second' = 'first';
const fetches: string[] = [];
const keys: Record<string, { private: CryptoKey; jwk: JWK }> = {};
let backend: Awaited<ReturnType<typeof startNodeBackend>>;
/** Everything that no log may contain. */
const secrets = new Set<string>([clientSecret]);
const gateways: RunningGateway[] = [];

before(async () => {
  backend = await startNodeBackend();
  for (const kid of ['first', 'second']) {
    const pair = await generateKeyPair('RS256', { extractable: true });
    keys[kid] = {
      private: pair.privateKey,
      jwk: { ...(await exportJWK(pair.privateKey)), kid, alg: 'RS256', use: 'sig' },
    };
  }
  const handles: Record<string, ReturnType<Provider['callback']>> = {};
  server = createServer((request, response) => {
    fetches.push(String(request.url));
    const handle = handles[serving];
    if (handle === undefined) request.socket.destroy();
    else handle(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handles.first = provider([keys.first!.jwk]);
  handles.second = provider([keys.second!.jwk, keys.first!.jwk]);
});

after(async () => {
  try {
    await Promise.all(gateways.map(gateway => gateway.stop()));
  } finally {
    server.closeAllConnections();
    server.close();
    await backend.stop();
  }
});

function provider(jwks: JWK[]): ReturnType<Provider['callback']> {
  const client = {
    client_id: 'robot',
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  };
  return new Provider(issuer, {
    clients: [client],
    jwks: { keys: jwks },
    scopes: ['read', 'write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read write',
          audience: 'api',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  }).callback();
}

async function fromProvider(path: string, form: Record<string, string>): Promise<Record<string, unknown>> {
  const response = await fetch(`${issuer}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`robot:${clientSecret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(form).toString(),
  });
  const text = await response.text();
  return text === '' ? {} : JSON.parse(text);
}

async function accessToken(form: Record<string, string>): Promise<string> {
  const { access_token: token } = await fromProvider('/token', { grant_type: 'client_credentials', ...form });
  assert.equal(typeof token, 'string');
  secrets.add(String(token));
  return String(token);
}

const jwtFromProvider = () => accessToken({ resource: 'https://api.example.com', scope: 'read' });

async function ownToken(claims: Record<string, unknown> = {}, kid = 'first', by = kid): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({ iss: issuer, aud: 'api', sub: 'ann', iat: now, exp: now + 600, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(keys[by]!.private);
  secrets.add(token);
  return token;
}

async function run(config: string, options: GatewayOptions = {}): Promise<RunningGateway> {
  const gateway = await startGateway(
    `accessLog: { path: stdout }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
${config}`,
    options,
  );
  gateways.push(gateway);
  return gateway;
}

const jwtRoutes = (settings = '') => `
routes:
  - name: api
    match: { path: /api/* }
    filters: [{ jwt: { issuer: "${issuer}", audience: api, failedLogins: off${settings} } }]
    to: backend
  - { name: open, match: { path: /open/* }, public: true, to: backend }
`;

async function statusOf(gateway: RunningGateway, token?: string, path = '/api/x'): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await ask(gateway.port, { path, headers })).status;
}

async function readiness(gateway: RunningGateway): Promise<{ status: number; text: string }> {
  const answer = await ask(gateway.adminPort, { path: '/health/ready' });
  return { status: answer.status, text: answer.body.toString() };
}

test('tokens of a real provider by discovery; its keys change; it goes away', { timeout: 40_000 }, async () => {
  serving = 'first';
  const gateway = await run(jwtRoutes(', coolDown: 500ms, scopes: [read]'), { workers: 2 });
  const token = await jwtFromProvider();
  assert.equal(await statusOf(gateway, token), 200);
  assert.equal(await statusOf(gateway), 401);
  assert.equal(await statusOf(gateway, await ownToken({ scope: 'read', aud: 'other' })), 401);
  assert.equal(await statusOf(gateway, await ownToken()), 403);

  serving = 'second';
  await delay(600);
  const rotated = await jwtFromProvider();
  assert.deepEqual(
    await Promise.all(Array.from({ length: 10 }, () => statusOf(gateway, rotated))),
    Array(10).fill(200),
    'the first requests with a new key wait for it',
  );
  assert.equal(await statusOf(gateway, token), 200, 'the key before is still among them');

  await delay(600);
  const asked = fetches.length;
  const unknown = await Promise.all(Array.from({ length: 60 }, (_, n) => ownToken({}, `no-such-key-${n}`, 'first')));
  assert.ok((await Promise.all(unknown.map(each => statusOf(gateway, each)))).every(status => status === 401));
  const looks = fetches.slice(asked).filter(path => path.includes('well-known'));
  assert.ok(looks.length <= 1, `a storm of unknown keys was ${looks.length} fetches`);

  serving = 'none';
  await delay(600);
  assert.equal(await statusOf(gateway, await ownToken({}, 'no-such-key', 'first')), 401);
  assert.equal(await statusOf(gateway, token), 200);
  assert.equal(await statusOf(gateway, await ownToken({ scope: 'read', jti: 'fresh' })), 200, 'keys are there');
  await eventually(async () => (await readiness(gateway)).text.includes('jwks'), 'ready tells of the keys');
  assert.equal((await readiness(gateway)).status, 200);
});

test('a provider that is away at the start: served without, told, nothing let through; then it is there', {
  timeout: 40_000,
}, async () => {
  serving = 'none';
  const gateway = await run(jwtRoutes());
  const token = await ownToken();
  assert.equal(await statusOf(gateway, token), 503);
  assert.equal(await statusOf(gateway, 'nonsense'), 401);
  assert.equal(await statusOf(gateway, undefined, '/open/x'), 200);
  const { status, text } = await readiness(gateway);
  assert.equal(status, 200);
  assert.match(text, /jwks/);
  assert.match(gateway.stderr(), /feed is not up to date/);
  serving = 'first';
  await eventually(async () => (await statusOf(gateway, token)) === 200, 'the token is good');
  await eventually(async () => !(await readiness(gateway)).text.includes('jwks'), 'ready no longer tells of the keys');
});

test('keys in a file are those that stand in it, also once it has changed', { timeout: 40_000 }, async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-jwks-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'keys.json');
  const publicJwk = ({ kty, n, e, kid, alg, use }: JWK) => ({ kty, n, e, kid, alg, use });
  const publish = (...kids: string[]) =>
    writeFileSync(file, JSON.stringify({ keys: kids.map(kid => publicJwk(keys[kid]!.jwk)) }));
  publish('first');
  const gateway = await run(jwtRoutes(`, keys: { set: "\${file:${file}}" }`), { workers: 2 });
  const [first, second] = [await ownToken(), await ownToken({}, 'second')];
  const statuses = async () => [await statusOf(gateway, first), await statusOf(gateway, second)].join();
  assert.equal(await statuses(), '200,401');
  publish('first', 'second');
  await eventually(async () => (await statuses()) === '200,200', 'the new key counts');
  publish('second');
  await eventually(async () => (await statuses()) === '401,200', 'the old one does not');
  assert.equal(await statuses(), '401,200');
});

test('opaque tokens by introspection, until they are revoked', { timeout: 40_000 }, async () => {
  serving = 'first';
  const gateway = await run(
    `
routes:
  - name: api
    match: { path: /api/* }
    filters:
      - introspect:
          url: "${issuer}/token/introspection"
          client: { id: robot, secret: "\${env:INTROSPECT_SECRET}" }
          cacheFor: 200ms
          scopes: [read]
          failedLogins: off
    to: backend
`,
    { environment: { INTROSPECT_SECRET: clientSecret } },
  );
  const token = await accessToken({ scope: 'read' });
  assert.ok(!token.includes('.'), 'an opaque one');
  assert.equal(await statusOf(gateway, token), 200);
  assert.equal(await statusOf(gateway, token), 200);
  assert.equal(await statusOf(gateway, await accessToken({ scope: 'write' })), 403);
  assert.equal(await statusOf(gateway, 'made-up-token'), 401);
  await fromProvider('/token/revocation', { token });
  await eventually(async () => (await statusOf(gateway, token)) === 401, 'the token is no longer good');
  serving = 'none';
  assert.equal(await statusOf(gateway, 'another-made-up-token'), 503);
  serving = 'first';
});

test('an introspection server that is away, or does not know the gateway, is told of from the start on', async () => {
  serving = 'none';
  const gateway = await run(
    `
routes:
  - name: api
    match: { path: /api/* }
    filters: [{ introspect: { url: "${issuer}/token/introspection", client: { id: robot, secret: "\${env:INTROSPECT_SECRET}" } } }]
    to: backend
`,
    { environment: { INTROSPECT_SECRET: clientSecret } },
  );
  const ready = async () => (await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`)).text();
  const isTold = async () =>
    /"provider".*no opaque token can be verified: .*\/token\/introspection /s.test(await ready());
  await eventually(isTold, 'ready tells of it');
  assert.match(gateway.stderr(), /feed is not up to date.*no opaque token can be verified/);
  serving = 'first';
  await eventually(async () => !(await ready()).includes('no opaque token'), 'ready no longer tells of it');
  assert.equal(await statusOf(gateway, 'made-up-token'), 401);
  const stranger = await run(`
routes:
  - name: api
    match: { path: /api/* }
    filters: [{ introspect: { url: "${issuer}/token/introspection", client: { id: nobody, secret: not-the-secret-of-anybody } } }]
    to: backend
`);
  await eventually(() => /no opaque token can be verified: .* answered 40[01]/.test(stranger.stderr()), 'it is told');
  assert.equal(await statusOf(stranger), 401);
});

test('revoked by id, subject and time, on all workers at once; Redis comes late and goes', {
  timeout: 40_000,
}, async () => {
  serving = 'first';
  const port = await freePort();
  const stores = `stores: { main: { url: "redis://127.0.0.1:${port}" } }\n`;
  const [closed, open] = await Promise.all([
    run(stores + jwtRoutes(', revocation: { store: main }'), { workers: 2 }),
    run(stores + jwtRoutes(', revocation: { store: main, startWithout: allow }')),
  ]);
  const now = Math.floor(Date.now() / 1000);
  const [one, two] = [await ownToken({ jti: 'id-1' }), await ownToken({ jti: 'id-2', sub: 'bob', iat: now - 100 })];
  assert.deepEqual([await statusOf(closed, one), await statusOf(open, one)], [503, 200]);

  const redis = await startRedis({ port });
  const store = new RedisStore(redisSpec(port));
  try {
    await eventually(async () => (await statusOf(closed, one)) === 200, 'one is good');
    assert.equal(await statusOf(closed, two), 200);
    await store.command('ZADD', 'cardea:revoked:jti', now + 600, 'id-1');
    await store.command('PUBLISH', 'cardea:revocations', JSON.stringify({ jti: 'id-1', exp: now + 600 }));
    await eventually(async () => (await statusOf(closed, one)) === 401, 'one is revoked');
    assert.deepEqual(await Promise.all(Array.from({ length: 8 }, () => statusOf(closed, one))), Array(8).fill(401));
    assert.equal(await statusOf(closed, two), 200);
    await store.command('ZADD', 'cardea:revoked:sub', now - 50, 'bob');
    await store.command('PUBLISH', 'cardea:revocations', JSON.stringify({ sub: 'bob', before: now - 50 }));
    await eventually(async () => (await statusOf(closed, two)) === 401, 'two is revoked');
    assert.equal(await statusOf(closed, await ownToken({ jti: 'id-3', sub: 'bob' })), 200, 'made after that time');
    const old = await ownToken({ jti: 'id-5', sub: 'eve', iat: now - 100 });
    assert.equal(await statusOf(closed, old), 200);
    await store.command('SET', 'cardea:revoked:before', now - 60);
    await store.command('PUBLISH', 'cardea:revocations', JSON.stringify({ before: now - 60 }));
    await eventually(async () => (await statusOf(closed, old)) === 401, 'all of before are revoked');
    assert.equal(await statusOf(closed, await ownToken({ jti: 'id-6', sub: 'eve' })), 200, 'made after that time');
    await eventually(async () => (await statusOf(open, one)) === 401, 'one is revoked where Redis was away');
  } finally {
    await store.close();
    await redis.stop();
  }
  await eventually(async () => (await readiness(closed)).text.includes('revocation'), 'ready tells of revocation');
  assert.equal(await statusOf(closed, one), 401, 'the last list counts');
  assert.equal(await statusOf(closed, await ownToken({ jti: 'id-4' })), 200);
});

test('no token or key in any log or on any admin page', async () => {
  assert.ok(secrets.size > 60 && gateways.length >= 4);
  for (const gateway of gateways) {
    const pages = await Promise.all(
      ['/metrics', '/config', '/routes', '/upstreams', '/health/ready'].map(async path =>
        (await ask(gateway.adminPort, { path })).body.toString(),
      ),
    );
    // The last lines are written when the gateway ends.
    await gateway.stop();
    const texts = [gateway.stdout(), gateway.stderr(), ...pages];
    assert.match(texts.join(), /"status":(200|401)/, 'there is a log to search');
    assert.deepEqual(findSecrets(texts, secrets), []);
  }
});

test('self-check: what is in a log is found, whole or in part', () => {
  const token = [...secrets].find(each => each.includes('.'))!;
  assert.equal(findSecrets([`x ${token} y`], secrets).length, 1);
  assert.equal(findSecrets([`x ${token.split('.')[2]} y`], secrets).length, 1, 'its signature alone');
  assert.equal(findSecrets([`"${clientSecret}"`], secrets).length, 1);
  assert.equal(findSecrets(['nothing'], secrets).length, 0);
});
