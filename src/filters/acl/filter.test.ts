// Who passes and who is refused, over real requests: deny before allow, and the right refusal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import type { Consumer, Identity } from '../../exchange/consumer.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { schema } from './config.ts';
import { aclFilter } from './filter.ts';

const acme: Consumer = { name: 'acme', tenant: 't-1', plan: 'gold', groups: ['partners'], tags: {} };

/** The callers that a stand-in for an identity filter knows, by the value of X-As. */
const callers: Readonly<Record<string, { consumer: Consumer | null; identity: Partial<Identity> }>> = {
  acme: { consumer: acme, identity: { scopes: ['read'] } },
  token: {
    consumer: null,
    identity: { subject: 'u1', scopes: ['read', 'write'], claims: { role: ['admin', 'ops'], level: 4 } },
  },
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

/** Statuses for nobody, acme and token. */
async function statuses(t: TestContext, config: unknown) {
  const gateway = await startFilterGateway(
    [{ definition: known, schema: z.unknown(), config: {} }, written(aclFilter, schema, config)],
    (_request, response) => response.end('in'),
  );
  t.after(() => gateway.stop());
  const answers = [];
  for (const as of ['nobody', 'acme', 'token']) answers.push(await ask(gateway.port, { headers: { 'x-as': as } }));
  return answers;
}

const cases: [what: string, config: unknown, expected: readonly [number, number, number]][] = [
  ['a consumer by name', { allow: [{ consumers: ['acme'] }] }, [401, 200, 403]],
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
  ['denied alone lets others pass', { deny: [{ groups: ['partners'] }] }, [200, 403, 200]],
  ['an address lets unknown callers pass', { allow: [{ ips: ['127.0.0.0/8'] }] }, [200, 200, 200]],
  [
    'credentials that would not help are not asked for',
    { allow: [{ ips: ['10.0.0.0/8'], consumers: ['acme'] }] },
    [403, 403, 403],
  ],
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

test('a 401 names how to identify, a lack of scopes names the scopes', async t => {
  const [nobody, acmeAnswer] = await statuses(t, { allow: [{ scopes: ['read', 'write'] }] });
  assert.deepEqual(valuesOf(nobody!, 'www-authenticate'), ['Bearer realm="cardea"']);
  assert.deepEqual(valuesOf(acmeAnswer!, 'www-authenticate'), [
    'Bearer error="insufficient_scope", scope="read write"',
  ]);
  assert.match(acmeAnswer!.body.toString(), /access_denied/);
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
