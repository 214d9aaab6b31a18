// The introspect filter against a server that responds as in RFC 7662 and records requests. A real provider is in test/e2e.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { type LoginEvent, loginEvents } from '../../exchange/identity/login-desk.ts';
import { schema } from './config.ts';
import { introspectFilter } from './filter.ts';

type Answer = { status?: number; body?: unknown; hold?: Promise<void> };

/** A server that responds to each token with the result of `says`. */
async function startServer(t: TestContext, says: (token: string, request: IncomingMessage) => Answer) {
  const asked: string[] = [];
  const heads: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', piece => {
      text += piece;
    });
    request.on('end', async () => {
      const token = new URLSearchParams(text).get('token') ?? '';
      asked.push(token);
      heads.push(request.headers.authorization);
      const { status = 200, body = { active: false }, hold } = says(token, request);
      await hold;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  };
  t.after(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`, asked, heads, stop };
}

async function gateway(t: TestContext, url: string, config: object = {}) {
  const whole = { url, client: { id: 'gate way', secret: 's:e&c' }, failedLogins: 'off', ...config };
  const needs = introspectFilter.needs!(schema.parse(whole), { store: () => assert.fail('it names no store') });
  const cells = new Float64Array(loginEvents.length);
  const lines: string[] = [];
  const log = (_level: string, message: string, fields?: object) => lines.push(message + JSON.stringify(fields));
  const consumers = ['web', '7'].map(name => ({ name, tenant: null, plan: 'gold', groups: [], tags: {}, keys: [] }));
  const started = await startFilterGateway(
    [written(introspectFilter, schema, whole)],
    (request, response) => response.end(JSON.stringify(request.headers)),
    { services: { needs, events: loginEvents, cells, log }, consumers },
  );
  t.after(() => started.stop());
  const bring = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await ask(started.port, { headers });
    return { ...answer, json: JSON.parse(answer.body.toString()) };
  };
  const inFlight = () => started.gateway.inFlight;
  return { bring, lines, inFlight, count: (event: LoginEvent) => cells[loginEvents.indexOf(event)]! };
}

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

test('an active token passes, asked once; the upstream learns whose it is', async t => {
  const server = await startServer(t, () => ({
    body: { active: true, sub: 'ann', client_id: 'web', scope: 'read write', exp: inAnHour(), email: 'a@x' },
  }));
  const { bring } = await gateway(t, server.url, {
    consumer: { claim: 'client_id' },
    forward: { claims: { 'x-email': 'email' } },
  });
  for (let n = 0; n < 3; n++) {
    const { status, json } = await bring('good');
    assert.equal(status, 200);
    assert.deepEqual(
      [json['x-consumer-name'], json['x-consumer-subject'], json['x-consumer-scopes'], json['x-email']],
      ['web', 'ann', 'read write', 'a@x'],
    );
  }
  assert.deepEqual(server.asked, ['good']);
  assert.equal(server.heads[0], `Basic ${Buffer.from('gate+way:s%3Ae%26c').toString('base64')}`);
});

test('servers that number what should have a name, list scopes, and write null for what is not there are understood', async t => {
  const server = await startServer(t, () => ({
    body: { active: true, sub: 42, org: { id: 7 }, scope: ['read', 'write'], exp: null, nbf: null, iss: null },
  }));
  const { bring } = await gateway(t, server.url, { consumer: { claim: 'org.id' }, scopes: ['read'], issuer: 'me' });
  const { status, json } = await bring('one');
  assert.equal(status, 200);
  assert.deepEqual(
    [json['x-consumer-subject'], json['x-consumer-name'], json['x-consumer-scopes']],
    ['42', '7', 'read write'],
  );
});

test('a server that ends a connection as it is used again is asked once more', async t => {
  const served = new WeakMap<Socket, number>();
  let ended = 0;
  const server = await startServer(t, (_token, { socket }) => {
    served.set(socket, (served.get(socket) ?? 0) + 1);
    if (served.get(socket)! > 1 && ended === 0) {
      ended++;
      socket.destroy();
    }
    return { body: { active: true } };
  });
  const { bring } = await gateway(t, server.url);
  for (let n = 0; n < 4; n++) assert.equal((await bring(`t${n}`)).status, 200);
  assert.equal(ended, 1);
});

test('many at once ask once', async t => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = await startServer(t, () => ({ body: { active: true }, hold: promise }));
  const { bring, inFlight } = await gateway(t, server.url, { cacheFor: '0s' });
  const all = Array.from({ length: 10 }, () => bring('same'));
  await eventually(() => inFlight() === all.length, 'all of them wait');
  resolve();
  assert.deepEqual([...new Set((await Promise.all(all)).map(({ status }) => status))], [200]);
  assert.equal(server.asked.length, 1);
  await bring('same');
  assert.equal(server.asked.length, 2, 'nothing is remembered with cacheFor 0s');
});

test('a token that the server has just made is good though its clock is ahead', async t => {
  const nbf = Math.floor(Date.now() / 1000) + 10;
  const server = await startServer(t, () => ({ body: { active: true, sub: 'ann', nbf, exp: inAnHour() } }));
  const { bring } = await gateway(t, server.url);
  assert.equal((await bring('fresh')).status, 200);
});

test('what does not hold gets one and the same 401, and is not asked for again', async t => {
  const now = Math.floor(Date.now() / 1000);
  const answers: readonly (readonly [LoginEvent, object])[] = [
    ['unknown', { active: false }],
    ['expired', { active: true, exp: now - 1, aud: 'api' }],
    ['notYetValid', { active: true, nbf: now + 60, aud: 'api' }],
    ['wrongIssuer', { active: true, iss: 'other', aud: 'api' }],
    ['wrongAudience', { active: true, aud: ['other'] }],
    ['wrongClaims', { active: true, exp: 'soon', aud: 'api' }],
  ];
  const byToken = new Map<string, object>(answers);
  const server = await startServer(t, token => ({ body: byToken.get(token) }));
  const { bring, count } = await gateway(t, server.url, { audience: 'api', issuer: 'me' });
  const texts = new Set<string>();
  for (const [reason] of [...answers, ...answers]) {
    const { status, json, headers } = await bring(reason);
    assert.equal(status, 401);
    texts.add(JSON.stringify({ ...json, requestId: '', challenge: headers['www-authenticate'] }));
    assert.ok(count(reason) > 0, reason);
  }
  assert.equal(texts.size, 1);
  assert.equal(server.asked.length, 6);
  assert.equal((await bring('not,a,token')).status, 401);
  assert.equal((await bring()).json.code, 'credentials_missing');
  assert.equal(server.asked.length, 6, 'what is no token is not asked for');
});

test('active refresh and ID tokens are no access tokens', async t => {
  // As Keycloak and, in the last two, Hydra write it.
  const answers: Readonly<Record<string, object>> = {
    access: { token_type: 'Bearer', typ: 'Bearer' },
    bound: { token_type: 'DPoP' },
    refresh: { token_type: 'Refresh', typ: 'Refresh' },
    offline: { token_type: 'Offline' },
    id: { token_type: 'ID' },
    hydra: { token_type: 'Bearer', token_use: 'access_token' },
    hydraRefresh: { token_type: 'Bearer', token_use: 'refresh_token' },
  };
  const server = await startServer(t, token => ({ body: { active: true, sub: 'ann', ...answers[token] } }));
  const { bring, count } = await gateway(t, server.url);
  const statuses: Record<string, number> = {};
  for (const token of Object.keys(answers)) statuses[token] = (await bring(token)).status;
  const [yes, no] = [200, 401];
  const expected = { access: yes, bound: yes, refresh: no, offline: no, id: no, hydra: yes, hydraRefresh: no };
  assert.deepEqual(statuses, expected);
  assert.equal(count('wrongClaims'), 4);
});

test('an address that is throttled is told so whatever it sends: malformed, refused before, or new', async t => {
  const server = await startServer(t, () => ({ body: { active: false } }));
  const { bring, count } = await gateway(t, server.url, { failedLogins: '3/h' });
  assert.deepEqual([(await bring('a')).status, (await bring('a')).status, (await bring('?')).status], [401, 401, 401]);
  for (const token of ['?', 'x'.repeat(5_000), 'a', 'b']) {
    const { status, json } = await bring(token);
    assert.deepEqual([status, json.code], [429, 'too_many_failed_logins'], token.slice(0, 5));
  }
  assert.deepEqual([count('throttled'), count('malformed'), server.asked.length], [4, 1, 1]);
});

test('a token that was active is asked for whatever others at its address tried, and is no guess once it is over', async t => {
  let active = true;
  const server = await startServer(t, token => ({ body: { active: active && token === 'good' } }));
  const config = { cacheFor: '0s', refusedFor: '1ms', failedLogins: '2/h' };
  const { bring, count } = await gateway(t, server.url, config);
  assert.equal((await bring('good')).status, 200);
  const guesses = [(await bring('a')).status, (await bring('b')).status, (await bring('c')).status];
  assert.deepEqual(guesses, [401, 401, 429]);
  assert.equal((await bring('good')).status, 200);
  active = false;
  assert.equal((await bring('good')).status, 401);
  assert.deepEqual([count('expired'), count('unknown')], [1, 2]);
  const fresh = await gateway(t, server.url, config);
  active = true;
  assert.equal((await fresh.bring('good')).status, 200);
  active = false;
  for (let n = 0; n < 5; n++) assert.equal((await fresh.bring('good')).status, 401);
  assert.deepEqual([fresh.count('expired'), fresh.count('unknown')], [5, 0]);
});

test('too few scopes: 403 that names those that are asked for', async t => {
  const server = await startServer(t, () => ({ body: { active: true, scope: 'read' } }));
  const { bring } = await gateway(t, server.url, { scopes: ['read', 'write'] });
  const { status, headers } = await bring('few');
  assert.equal(status, 403);
  assert.match(String(headers['www-authenticate']), /insufficient_scope", scope="read write"/);
});

test('a server that is away or talks nonsense: 503, told once, nothing of the token in the log', async t => {
  const answers: Answer[] = [{ status: 500 }, { body: 'nonsense' }, { body: { active: 'yes' } }, { body: [] }];
  const server = await startServer(t, token => answers[Number(token.slice(-1))]!);
  const { bring, lines } = await gateway(t, server.url);
  for (const n of [0, 1, 2, 3]) {
    const { status, json } = await bring(`secret-token-${n}`);
    assert.deepEqual([status, json.code], [503, 'identity_unavailable']);
  }
  assert.equal(lines.length, 1);
  assert.ok(!lines.join().includes('secret-token') && !lines.join().includes('s:e&c'));
});

test('with whenAway stale those pass who were active lately, and nobody else', async t => {
  const server = await startServer(t, () => ({ body: { active: true } }));
  const stale = await gateway(t, server.url, { whenAway: 'stale', cacheFor: '0s' });
  const strict = await gateway(t, server.url, { cacheFor: '0s' });
  assert.deepEqual([(await stale.bring('known')).status, (await strict.bring('known')).status], [200, 200]);
  await server.stop();
  assert.deepEqual([(await stale.bring('known')).status, (await strict.bring('known')).status], [200, 503]);
  assert.equal((await stale.bring('new')).status, 503);
});

test('a token that ended while the machine slept is not believed, whether the server can be asked or not', async t => {
  const server = await startServer(t, () => ({ body: { active: true, exp: inAnHour() } }));
  const { bring } = await gateway(t, server.url, { cacheFor: '1h', whenAway: 'stale' });
  assert.equal((await bring('good')).status, 200);
  await server.stop();
  assert.equal((await bring('good')).status, 200);
  const slept = Date.now() + 7_200_000;
  t.mock.method(Date, 'now', () => slept);
  // The two clocks are compared once a second.
  await new Promise(resolve => setTimeout(resolve, 1_050));
  assert.equal((await bring('good')).status, 503);
});

test('a slow server is not waited for beyond the timeout, nor by more than so many', async t => {
  const { promise, resolve } = Promise.withResolvers<void>();
  t.after(() => resolve());
  const server = await startServer(t, () => ({ hold: promise }));
  const { bring } = await gateway(t, server.url, { timeout: '100ms', concurrency: 2 });
  const askedAt = performance.now();
  const all = await Promise.all(['a', 'b', 'c', 'd'].map(token => bring(token)));
  assert.ok(performance.now() - askedAt < 5_000);
  assert.deepEqual([...new Set(all.map(({ status }) => status))], [503]);
  assert.equal(server.asked.length, 2);
});

test('a server without TLS is refused', () => {
  const config = { url: 'http://idp.example.com/introspect', client: { id: 'a', secret: 'b' } };
  assert.match(String(schema.safeParse(config).error?.issues[0]?.message), /without TLS/);
  assert.ok(schema.safeParse({ ...config, allowHttp: true }).success);
});
