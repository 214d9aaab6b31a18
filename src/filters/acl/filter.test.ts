// Who passes and who is refused, over real requests: deny before allow, and the right refusal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { Consumer, Identity } from '../../exchange/identity/consumer.ts';
import { schema } from './config.ts';
import { aclFilter } from './filter.ts';
import { weekdays } from './weekdays.ts';

const acme: Consumer = { name: 'acme', tenant: 't-1', plan: 'gold', groups: ['partners'], tags: {} };

/** The callers that a stand-in for an identity filter knows, by the value of X-As. */
const callers: Readonly<Record<string, { consumer: Consumer | null; identity: Partial<Identity> }>> = {
  acme: { consumer: acme, identity: { scopes: ['read'] } },
  token: {
    consumer: null,
    identity: { subject: 'u1', scopes: ['read', 'write'], claims: { role: ['admin', 'ops'], level: 4 } },
  },
  loner: { consumer: { name: 'loner', tenant: null, plan: null, groups: [], tags: {} }, identity: {} },
};
const known: FilterDefinition<unknown> = {
  name: 'known',
  build: () => ({
    onRequest(exchange) {
      const caller = callers[exchange.request.headers.get('x-as') ?? ''];
      if (caller === undefined) return;
      exchange.consumer = caller.consumer;
      exchange.identity = { by: 'known', subject: '', keyId: '', scopes: [], claims: null, ...caller.identity };
    },
  }),
};

interface TestContext {
  after(fn: () => Promise<void>): void;
}

/** Statuses for nobody, acme and token. `cells` counts the events. */
async function statuses(t: TestContext, config: unknown, cells = new Float64Array(aclFilter.events!.length)) {
  const gateway = await startFilterGateway(
    [{ definition: known, schema: z.unknown(), config: {} }, written(aclFilter, schema, config)],
    (_request, response) => response.end('in'),
    { services: { events: aclFilter.events!, cells } },
  );
  t.after(() => gateway.stop());
  const answers = [];
  for (const as of ['nobody', 'acme', 'token']) answers.push(await ask(gateway.port, { headers: { 'x-as': as } }));
  return answers;
}

/** Monday is 0. */
const inThreeDays = weekdays[(new Date().getUTCDay() + 6 + 3) % 7]!;

const cases: [what: string, config: unknown, expected: readonly [number, number, number]][] = [
  ['a consumer by name', { allow: [{ consumers: ['acme'] }] }, [401, 200, 403]],
  ['another consumer', { allow: [{ consumers: ['other'] }] }, [401, 403, 403]],
  ['a plan', { allow: [{ plans: ['gold'] }] }, [401, 200, 403]],
  ['another plan', { allow: [{ plans: ['free'] }] }, [401, 403, 403]],
  ['a group', { allow: [{ groups: ['others', 'partners'] }] }, [401, 200, 403]],
  ['a tenant and a plan', { allow: [{ tenants: ['t-1'], plans: ['gold'] }] }, [401, 200, 403]],
  ['a tenant with another plan', { allow: [{ tenants: ['t-1'], plans: ['free'] }] }, [401, 403, 403]],
  ['another tenant', { allow: [{ tenants: ['t-2'] }] }, [401, 403, 403]],
  ['a subject', { allow: [{ subjects: ['u1'] }] }, [401, 403, 200]],
  ['all scopes', { allow: [{ scopes: ['read', 'write'] }] }, [401, 403, 200]],
  ['a claim that is a list', { allow: [{ claims: { role: 'admin' } }] }, [401, 403, 200]],
  ['a claim by regex', { allow: [{ claims: { role: '~op.' } }] }, [401, 403, 200]],
  ['a claim by regex is met whole', { allow: [{ claims: { role: '~op' } }] }, [401, 403, 403]],
  ['a claim out of several values', { allow: [{ claims: { level: [3, 4] } }] }, [401, 403, 200]],
  ['a claim that is there', { allow: [{ claims: { role: { present: true } } }] }, [401, 403, 200]],
  ['a claim that is not there', { allow: [{ claims: { banned: { present: false } } }] }, [401, 200, 200]],
  ['two claims', { allow: [{ claims: { role: 'admin', level: '> 4' } }] }, [401, 403, 403]],
  ['a comparison', { allow: [{ claims: { level: '>= 4' } }] }, [401, 403, 200]],
  ['a comparison that fails', { allow: [{ claims: { level: '< 4' } }] }, [401, 403, 403]],
  ['one of two rules', { allow: [{ consumers: ['acme'] }, { subjects: ['u1'] }] }, [401, 200, 200]],
  ['denied before allowed', { allow: [{ scopes: ['read'] }], deny: [{ consumers: ['acme'] }] }, [401, 403, 200]],
  ['denied by one of two rules', { deny: [{ groups: ['others'] }, { subjects: ['u1'] }] }, [200, 200, 403]],
  ['who lacks a scope of a rule that denies is not denied', { deny: [{ scopes: ['read', 'admin'] }] }, [200, 200, 200]],
  ['denied by address, known or not', { deny: [{ ips: ['127.0.0.1'] }] }, [403, 403, 403]],
  ['denied by address and name', { deny: [{ ips: ['127.0.0.1'], consumers: ['acme'] }] }, [200, 403, 200]],
  ['a claim with a scope', { allow: [{ claims: { role: 'user' }, scopes: ['x'] }] }, [401, 403, 403]],
  ['a subject with an address', { allow: [{ ips: ['127.0.0.1'], subjects: ['u2'] }] }, [401, 403, 403]],
  ['a consumer and a subject', { allow: [{ consumers: ['acme'], subjects: ['u1'] }] }, [401, 403, 403]],
  ['denied alone lets others pass', { deny: [{ groups: ['partners'] }] }, [200, 403, 200]],
  ['an address lets unknown callers pass', { allow: [{ ips: ['127.0.0.0/8'] }] }, [200, 200, 200]],
  [
    'credentials that would not help are not asked for',
    { allow: [{ ips: ['10.0.0.0/8'], consumers: ['acme'] }] },
    [403, 403, 403],
  ],
  ['a day that is not today', { allow: [{ during: { days: [inThreeDays] } }] }, [403, 403, 403]],
  ['denied on another day', { deny: [{ during: { days: [inThreeDays] } }] }, [200, 200, 200]],
  ['the whole week', { allow: [{ during: { from: '00:00', to: '24:00' } }] }, [200, 200, 200]],
];
for (const [what, config, expected] of cases) {
  test(what, async t => {
    assert.deepEqual(
      (await statuses(t, config)).map(({ status }) => status),
      expected,
    );
  });
}

test('a consumer without tenant, plan and groups meets no condition on them', async t => {
  const conditions = [{ tenants: ['null'] }, { plans: ['null'] }, { groups: ['null'] }, { consumers: ['loner'] }];
  for (const condition of conditions) {
    const gateway = await startFilterGateway(
      [{ definition: known, schema: z.unknown(), config: {} }, written(aclFilter, schema, { allow: [condition] })],
      (_request, response) => response.end('in'),
    );
    t.after(() => gateway.stop());
    const { status } = await ask(gateway.port, { headers: { 'x-as': 'loner' } });
    assert.equal(status, 'consumers' in condition ? 200 : 403, JSON.stringify(condition));
  }
});

test('a 401 names how to identify, a lack of scopes names the scopes', async t => {
  const [nobody, acmeAnswer] = await statuses(t, { allow: [{ scopes: ['read', 'write'] }] });
  assert.deepEqual(valuesOf(nobody!, 'www-authenticate'), ['Bearer realm="cardea"']);
  assert.deepEqual(valuesOf(acmeAnswer!, 'www-authenticate'), [
    'Bearer error="insufficient_scope", scope="read write"',
  ]);
  assert.match(acmeAnswer!.body.toString(), /access_denied/);
});

test('who is refused for something else is not told of scopes', async t => {
  const [, acmeAnswer, tokenAnswer] = await statuses(t, { allow: [{ consumers: ['other'], scopes: ['write'] }] });
  for (const answer of [acmeAnswer!, tokenAnswer!]) {
    assert.equal(answer.status, 403);
    assert.deepEqual(valuesOf(answer, 'www-authenticate'), []);
    assert.doesNotMatch(answer.body.toString(), /scopes/);
  }
});

test('each request is counted once: as allowed, as denied, or as one of nobody known', async t => {
  const counted = async (config: unknown) => {
    const cells = new Float64Array(aclFilter.events!.length);
    await statuses(t, config, cells);
    return Object.fromEntries(aclFilter.events!.map((event, at) => [event, cells[at]]));
  };
  assert.deepEqual(await counted({ allow: [{ consumers: ['acme'] }] }), { allowed: 1, denied: 1, unknown: 1 });
  const both = { allow: [{ scopes: ['read'] }], deny: [{ consumers: ['acme'] }] };
  assert.deepEqual(await counted(both), { allowed: 1, denied: 1, unknown: 1 });
  assert.deepEqual(await counted({ deny: [{ consumers: ['acme'] }] }), { allowed: 2, denied: 1, unknown: 0 });
  assert.deepEqual(await counted({ allow: [{ scopes: ['x'] }] }), { allowed: 0, denied: 2, unknown: 1 });
});

for (const [what, config, message] of [
  ['nothing', {}, /neither `allow` nor `deny`/],
  ['a rule without conditions', { allow: [{}] }, /without a condition/],
  ['an empty list', { allow: [{ consumers: [] }] }, /at least one consumer/],
  ['a group by its name alone', { allow: ['partners'] }, /a rule is a map of conditions/],
  ['a comparison with a word', { allow: [{ claims: { level: '> high' } }] }, /comparison with a number/],
  ['a broken regex', { allow: [{ claims: { role: '~(' } }] }, /regular expression/],
  ['a day that is none', { allow: [{ during: { days: ['monday'] } }] }, /expected days out of mon/],
  ['a time that is none', { allow: [{ during: { from: '8:00' } }] }, /such as 08:30/],
  ['a zone that is none', { allow: [{ during: { from: '08:00', timeZone: 'Mars' } }] }, /time zone/],
  ['no time at all', { allow: [{ during: { from: '08:00', to: '08:00' } }] }, /never hold/],
] as const) {
  test(`refused: ${what}`, () => {
    const result = schema.safeParse(config);
    assert.ok(!result.success);
    assert.match(JSON.stringify(result.error.issues), message);
  });
}

const guest: Consumer = { name: 'guest', tenant: 't-0', plan: 'free', groups: ['public'], tags: {} };

/** Lets callers without a credential pass as the guest, and knows the others by X-As. */
const optional: FilterDefinition<{ readonly challenge: string }> = {
  name: 'optional',
  build({ challenge }) {
    const strangers = { isOptional: true, challenges: [['WWW-Authenticate', challenge]] as const, letPass: () => {} };
    return {
      strangers,
      onRequest(exchange) {
        const caller = callers[exchange.request.headers.get('x-as') ?? ''];
        exchange.consumer = caller === undefined ? guest : caller.consumer;
        if (caller !== undefined)
          exchange.identity = { by: 'known', subject: '', keyId: '', scopes: [], claims: null, ...caller.identity };
      },
    };
  },
};

/** Statuses and challenges of a caller who passes as the guest, and the status of acme. */
async function asGuest(t: TestContext, config: unknown) {
  const challenges = ['ApiKey realm="cardea"', 'Bearer realm="cardea"'];
  const before = challenges.map(challenge => written(optional, z.any(), { challenge }));
  const gateway = await startFilterGateway([...before, written(aclFilter, schema, config)], (_request, response) =>
    response.end('in'),
  );
  t.after(() => gateway.stop());
  const stranger = await ask(gateway.port, {});
  const acmes = await ask(gateway.port, { headers: { 'x-as': 'acme' } });
  return [stranger.status, valuesOf(stranger, 'www-authenticate'), acmes.status];
}

for (const [what, config, passes] of [
  ['by name', { allow: [{ consumers: ['guest'] }] }, true],
  ['by group', { allow: [{ groups: ['partners', 'public'] }] }, true],
  ['by a rule that asks for somebody else', { allow: [{ consumers: ['acme'] }] }, false],
  ['by a rule that asks for a scope as well', { allow: [{ consumers: ['guest'], scopes: ['read'] }] }, false],
  ['by a rule that asks for a claim that is absent', { allow: [{ claims: { banned: { present: false } } }] }, false],
  ['by a rule that denies others', { deny: [{ groups: ['others'] }] }, true],
  ['by a rule that denies him', { deny: [{ consumers: ['guest'] }] }, false],
] as const) {
  test(`a caller who passes as a consumer without a credential, ${what}: ${passes ? 'in' : '401'}`, async t => {
    const [status, challenges] = await asGuest(t, config);
    const expected = passes ? [200, []] : [401, ['ApiKey realm="cardea"', 'Bearer realm="cardea"']];
    assert.deepEqual([status, challenges], expected);
  });
}

test('a credential would not help a caller whose address is denied', async t => {
  assert.deepEqual(await asGuest(t, { deny: [{ ips: ['127.0.0.0/8'] }] }), [403, [], 403]);
});

test('a challenge that is written down is the only one', async t => {
  const [, challenges] = await asGuest(t, { allow: [{ groups: ['partners'] }], challenge: 'Basic realm="x"' });
  assert.deepEqual(challenges, ['Basic realm="x"']);
});

test('rules guard a route where no caller without a credential passes all of them', () => {
  const guards = (config: unknown, stranger: Consumer | null) => aclFilter.isGuard!(schema.parse(config), stranger);
  assert.equal(guards({ allow: [{ groups: ['partners'] }, { scopes: ['read'] }] }, null), true);
  assert.equal(guards({ allow: [{ groups: ['partners'] }, { scopes: ['read'] }] }, guest), true);
  assert.equal(guards({ allow: [{ groups: ['public'] }, { scopes: ['read'] }] }, guest), false);
  assert.equal(guards({ allow: [{ groups: ['partners'] }, { ips: ['10.0.0.0/8'] }] }, null), false);
  assert.equal(guards({ allow: [{ groups: ['partners'] }, { during: { from: '08:00' } }] }, null), false);
  assert.equal(guards({ deny: [{ groups: ['others'] }] }, null), false);
  assert.equal(guards({ deny: [{ consumers: ['guest'] }] }, guest), true);
  assert.equal(guards({ deny: [{ consumers: ['guest'], during: { from: '08:00' } }] }, guest), false);
});
