// One of several credentials is enough, and the refusal is the most helpful one: over real requests.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway, valuesOf } from '../../../test/support/filter-gateway.ts';
import { filterServices } from '../../../test/support/filter-services.ts';
import { Fault } from '../../base/fault.ts';
import { hashPassword } from '../../base/password-hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, WrittenFilter } from '../../exchange/filter.ts';
import { loginEvents, strangerFault } from '../../exchange/identity/login-desk.ts';
import type { RefusalTally } from '../../exchange/identity/refusal-tally.ts';
import type { Reply } from '../../exchange/response.ts';
import { allOfFilter } from '../all-of/filter.ts';
import { schema as keySchema } from '../api-key/config.ts';
import { apiKeyFilter } from '../api-key/filter.ts';
import { schema as basicSchema } from '../basic/config.ts';
import { basicFilter } from '../basic/filter.ts';
import { schema as jwtSchema } from '../jwt/config.ts';
import { jwtFilter } from '../jwt/filter.ts';
import { anyOfFilter } from './filter.ts';

/** An identity filter by one header: `good` is its consumer, other values are invalid, and no header means no credentials. */
function byHeader(header: string, consumer: string, { waits = false, ended = [] as string[] } = {}): WrittenFilter {
  const decide = (exchange: Exchange): void => {
    const credential = exchange.request.headers.get(header);
    if (credential === undefined) {
      exchange.refuse(new Fault('credentials_missing'), [['WWW-Authenticate', `${header} realm="r"`]]);
    } else if (credential !== 'good')
      exchange.refuse(new Fault('credentials_invalid'), [['WWW-Authenticate', `${header} error`]]);
    else {
      exchange.consumer = { name: consumer, tenant: null, plan: null, groups: [], tags: {} };
      exchange.identity = { by: header, subject: consumer, keyId: '', scopes: [header], claims: null };
    }
  };
  const config: Filter = {
    onRequest: waits
      ? async exchange => {
          await new Promise(resolve => setImmediate(resolve));
          decide(exchange);
        }
      : decide,
    onEnd() {
      ended.push(header);
    },
  };
  return { name: header, config };
}

/** Stands in for a login in the browser. */
const login: WrittenFilter = {
  name: 'login',
  config: {
    onRequest: exchange => exchange.reply({ status: 302, headers: [['Location', '/login']] }),
  } satisfies Filter,
};

const keyDefaults = { scopes: [], routes: null, plan: null, expiresAtMs: null, disabled: false };

interface TestContext {
  after(fn: () => Promise<void>): void;
}

async function start(t: TestContext, kind: typeof anyOfFilter, written: readonly WrittenFilter[]) {
  const who: Filter = {
    onRequest: exchange =>
      exchange.reply({ status: 200, body: `${exchange.consumer?.name} ${exchange.identity?.scopes.join('+')}` }),
  };
  const gateway = await startFilterGateway(
    [
      { definition: kind, schema: z.any(), config: written },
      { definition: { name: 'who', build: () => who }, schema: z.any(), config: null },
    ],
    (_request, response) => response.end(),
    // Because: these tests write the filters themselves where a document would contain their settings.
    { services: { inner: ({ config }) => config as Filter } },
  );
  t.after(() => gateway.stop());
  return async (headers: Record<string, string>) => {
    const answer = await ask(gateway.port, { headers });
    return { ...answer, text: answer.body.toString() };
  };
}

for (const waits of [false, true]) {
  test(`the first that recognises the caller decides${waits ? ', also when they wait' : ''}`, async t => {
    const ended: string[] = [];
    const send = await start(t, anyOfFilter, [
      byHeader('x-key', 'k', { waits, ended }),
      byHeader('x-token', 't', { waits, ended }),
    ]);
    assert.equal((await send({ 'x-key': 'good' })).text, 'k x-key');
    assert.deepEqual(ended, ['x-key']);
    assert.equal((await send({ 'x-token': 'good' })).text, 't x-token');
    assert.equal((await send({ 'x-key': 'bad', 'x-token': 'good' })).text, 't x-token');
    assert.equal((await send({ 'x-key': 'good', 'x-token': 'bad' })).text, 'k x-key');
    const none = await send({});
    assert.equal(none.status, 401);
    assert.match(none.text, /credentials_missing/);
    assert.deepEqual(valuesOf(none, 'www-authenticate'), ['x-key realm="r"', 'x-token realm="r"']);
    const bad = await send({ 'x-token': 'bad' });
    assert.match(bad.text, /credentials_invalid/);
    assert.deepEqual(valuesOf(bad, 'www-authenticate'), ['x-token error']);
  });
}

test('a login page stands in for missing credentials, not for wrong ones', async t => {
  const send = await start(t, anyOfFilter, [byHeader('x-key', 'k'), login]);
  assert.equal((await send({})).status, 302);
  assert.equal((await send({ 'x-key': 'bad' })).status, 401);
  assert.equal((await send({ 'x-key': 'good' })).text, 'k x-key');
});

test('a caller who may not, or cannot be verified now, is not told that his credential does not hold', async t => {
  const refusing = (name: string, fault: Fault): WrittenFilter => ({
    name,
    config: { onRequest: exchange => exchange.refuse(fault, [['x-of', name]]) } satisfies Filter,
  });
  const invalid = refusing('invalid', new Fault('credentials_invalid'));
  const away = refusing('away', new Fault('identity_unavailable'));
  const denied = refusing('denied', new Fault('access_denied'));
  const stranger = refusing('stranger', strangerFault('a certificate of somebody else'));
  for (const [ways, status] of [
    [[invalid, denied], 403],
    [[invalid, away], 503],
    [[away, invalid], 503],
    [[away, denied], 403],
    [[invalid, login], 401],
    [[invalid, stranger], 401],
    [[stranger, denied], 403],
  ] as const) {
    const send = await start(t, anyOfFilter, ways);
    assert.equal((await send({})).status, status, ways.map(({ name }) => name).join());
  }
});

test('a refused way leaves no identity behind', async t => {
  const half: WrittenFilter = {
    name: 'half',
    config: {
      onRequest(exchange) {
        exchange.consumer = { name: 'forged', tenant: null, plan: null, groups: [], tags: {} };
        exchange.refuse(new Fault('access_denied'));
      },
    } satisfies Filter,
  };
  const send = await start(t, anyOfFilter, [half, byHeader('x-key', 'k')]);
  assert.equal((await send({ 'x-key': 'good' })).text, 'k x-key');
  assert.equal((await send({})).status, 403);
});

test('allOf asks for every credential, of one consumer', async t => {
  const send = await start(t, allOfFilter, [byHeader('x-key', 'one'), byHeader('x-token', 'one', { waits: true })]);
  assert.equal((await send({ 'x-key': 'good', 'x-token': 'good' })).text, 'one x-key+x-token');
  assert.equal((await send({ 'x-key': 'good' })).status, 401);
  assert.equal((await send({ 'x-token': 'good' })).status, 401);
  assert.equal((await send({ 'x-key': 'good', 'x-token': 'bad' })).status, 401);
  const other = await start(t, allOfFilter, [byHeader('x-key', 'one'), byHeader('x-token', 'two')]);
  const answer = await other({ 'x-key': 'good', 'x-token': 'good' });
  assert.equal(answer.status, 403);
  assert.match(answer.text, /access_denied/);
});

test('filters that change answers cannot stand inside', () => {
  const changing = { name: 'changing', config: { onResponseBody: () => {} } };
  const services = { slot: 0, inner: ({ config }: WrittenFilter) => config as Filter } as never; // Because: nothing else is asked of them
  for (const kind of [anyOfFilter, allOfFilter]) {
    assert.throws(() => kind.build([changing, changing], services), /changing changes responses/);
  }
});

test('a credential that another way takes is no failure of the ways before it, and held against nobody', async t => {
  const events = [...loginEvents, ...loginEvents.map(event => `key ${event}`)];
  const cells = new Float64Array(events.length);
  const jwt = jwtSchema.parse({
    issuer: 'https://idp.example',
    audience: 'any',
    keys: { secret: 's'.repeat(32), algorithm: 'HS256' },
    failedLogins: '2/min',
  });
  const key = keySchema.parse({ from: ['bearer'], failedLogins: '100/min' });
  const needs = jwtFilter.needs!(jwt, {} as never); // Because: keys of the configuration need no context
  const gateway = await startFilterGateway(
    [{ definition: anyOfFilter, schema: z.any(), config: [{ name: 'jwt' }, { name: 'apiKey' }] }],
    (_request, response) => response.end('in'),
    {
      consumers: [
        {
          ...{ name: 'acme', tenant: null, plan: null, groups: [], tags: {} },
          keys: [{ id: 'k', hash: `sha256:${createHash('sha256').update('ck_good').digest('hex')}`, ...keyDefaults }],
        },
      ],
      services: {
        needs,
        events,
        cells,
        inner({ name }, tally) {
          const services = filterServices({ needs, events, cells, ...(tally !== undefined && { tally }) });
          if (name === 'jwt') return jwtFilter.build(jwt, services);
          return apiKeyFilter.build(key, { ...services, eventCell: event => events.indexOf(`key ${event}`) });
        },
      },
    },
  );
  t.after(() => gateway.stop());
  const counted = () =>
    Object.fromEntries(events.flatMap((event, at) => (cells[at] === 0 ? [] : [[event, cells[at]]])));
  const send = async (token: string) =>
    (await ask(gateway.port, { headers: { authorization: `Bearer ${token}` } })).status;
  for (let n = 0; n < 5; n++) assert.equal(await send('ck_good'), 200);
  assert.deepEqual(counted(), { 'key admitted': 5 });
  for (let n = 0; n < 2; n++) assert.equal(await send('ck_wrong'), 401);
  assert.deepEqual(counted(), { malformed: 2, 'key admitted': 5, 'key unknown': 2 });
  // Too many tokens were wrong by now, which does not affect a valid key.
  assert.equal(await send('ck_wrong'), 429);
  assert.equal(await send('ck_good'), 200);
  assert.deepEqual(counted(), { malformed: 2, throttled: 1, 'key admitted': 6, 'key unknown': 3 });
});

test('of a caller whom one way recognises and refuses, no other way counts a failure', async t => {
  const counted: string[] = [];
  const noting = (name: string, code: 'credentials_invalid' | 'access_denied', tally: RefusalTally): Filter => ({
    onRequest(exchange) {
      tally.note(exchange, () => counted.push(name), false);
      exchange.refuse(new Fault(code));
    },
  });
  const gateway = await startFilterGateway(
    [{ definition: anyOfFilter, schema: z.any(), config: [{ name: 'key' }, { name: 'token' }, { name: 'other' }] }],
    (_request, response) => response.end('in'),
    {
      services: {
        // Because: anyOf passes a tally.
        inner: ({ name }, tally) => noting(name, name === 'token' ? 'access_denied' : 'credentials_invalid', tally!),
      },
    },
  );
  t.after(() => gateway.stop());
  assert.equal((await ask(gateway.port)).status, 403);
  assert.deepEqual(counted, ['token']);
});

test('a password is not guessed past the limit by who has another credential of his own', async t => {
  const login = basicSchema.parse({
    users: [{ name: 'admin', password: await hashPassword('right') }],
    failedLogins: '2/min',
  });
  const needs = basicFilter.needs!(login, {} as never); // Because: users of the configuration need no context
  const gateway = await startFilterGateway(
    [{ definition: anyOfFilter, schema: z.any(), config: [{ name: 'basic' }, { name: 'own' }] }],
    (request, response) => response.end(request.headers['x-consumer-subject']),
    {
      services: {
        needs,
        events: loginEvents,
        inner({ name }, tally) {
          if (name === 'own') return byHeader('x-key', 'own').config as Filter; // Because: `byHeader` has made it
          return basicFilter.build(login, filterServices({ needs, events: loginEvents, ...(tally && { tally }) }));
        },
      },
    },
  );
  t.after(() => gateway.stop());
  const send = async (password: string) => {
    const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const answer = await ask(gateway.port, { headers: { authorization, 'x-key': 'good' } });
    return `${answer.status} ${answer.body.toString()}`;
  };
  for (const password of ['a', 'b', 'c']) assert.equal(await send(password), '200 ');
  assert.equal(await send('right'), '200 ', 'nobody learns that it is right');
});

test('who leaves before the answer has tried all the same; a refusal behind the admission counts', async t => {
  const counted: string[] = [];
  const noting = (what: string, tally: RefusalTally | undefined, waits: Promise<void> | null): Filter => ({
    onRequest(exchange) {
      if (what === 'good') return undefined;
      tally!.note(exchange, () => counted.push(what), false);
      exchange.refuse(new Fault('credentials_invalid'));
      return waits ?? undefined;
    },
    onRequestBody: exchange => tally!.note(exchange, () => counted.push('body'), false),
  });
  const ways = [{ name: 'bad' }, { name: 'slow' }];
  let release = () => {};
  const waits = new Promise<void>(resolve => (release = resolve));
  const entered = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const start = async (names: readonly { readonly name: string }[]) => {
    const gateway = await startFilterGateway(
      [{ definition: anyOfFilter, schema: z.any(), config: names }],
      (_request, response) => response.end('in'),
      {
        services: {
          inner({ name }, tally) {
            const filter = noting(name, tally, name === 'slow' ? waits : null);
            if (name !== 'slow') return filter;
            return {
              onRequest(exchange) {
                entered.resolve();
                return filter.onRequest!(exchange);
              },
              onEnd: () => ended.resolve(),
            };
          },
        },
      },
    );
    t.after(() => gateway.stop());
    return gateway;
  };
  const slow = await start(ways);
  const socket = connect(slow.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await entered.promise;
  assert.deepEqual(counted, []);
  socket.destroy();
  await ended.promise;
  release();
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(counted, ['bad', 'slow']);
  counted.length = 0;
  const good = await start([{ name: 'bad' }, { name: 'good' }]);
  assert.equal((await ask(good.port, { method: 'POST', body: 'b' })).status, 200);
  assert.deepEqual([...new Set(counted)], ['body']);
});

test('what a filter serves itself is not answered by another way that would let the caller pass', async t => {
  const ended: string[] = [];
  const own = (path: string, ...replies: Reply[]): WrittenFilter => ({
    name: 'own',
    config: {
      onRequest: exchange => exchange.reply(replies.shift() ?? { status: 302, headers: [['Location', '/login']] }),
      onResponse: exchange => exchange.response!.headers.append('X-Own', path),
      serves: ({ request }) => request.headers.get('x-for') === path,
    } satisfies Filter,
  });
  const send = await start(t, anyOfFilter, [
    byHeader('x-key', 'k', { ended }),
    own('first', { status: 204 }),
    own('second', { status: 400 }),
    own('second', { status: 204 }),
  ]);
  const first = await send({ 'x-key': 'good', 'x-for': 'first' });
  assert.equal(first.status, 204);
  assert.deepEqual(valuesOf(first, 'x-own'), ['first']);
  const second = await send({ 'x-key': 'good', 'x-for': 'second' });
  assert.equal(second.status, 204, 'the other one was able to');
  assert.deepEqual(ended, [], 'no other way was asked');
  assert.equal((await send({ 'x-key': 'good' })).text, 'k x-key');
});

test('a way that was refused adds to the answer what it owes its caller, one that was not asked does not', async t => {
  const owing = (name: string): WrittenFilter => ({
    name,
    config: {
      onRequest: exchange => exchange.refuse(new Fault('access_denied')),
      onResponse: exchange => exchange.response!.headers.append('X-Owed', name),
    } satisfies Filter,
  });
  const send = await start(t, anyOfFilter, [owing('first'), byHeader('x-key', 'k'), owing('last')]);
  const answer = await send({ 'x-key': 'good' });
  assert.equal(answer.status, 200);
  assert.deepEqual(valuesOf(answer, 'x-owed'), ['first']);
  assert.deepEqual(valuesOf(await send({}), 'x-owed'), ['last', 'first']);
});
