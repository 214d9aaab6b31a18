// How an identity filter's verdicts look from outside, driven through a gateway by the smallest such filter: it knows one word.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { credentialPlaces } from '../../base/schema/credential-places.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';
import type { FilterDefinition } from '../filter.ts';
import type { ListedConsumer } from './consumer-directory.ts';
import { CredentialReader, MALFORMED } from './credential.ts';
import { IdentityLines } from './identity-lines.ts';
import { Login } from './login.ts';
import { LoginDesk, type LoginEvent, loginEvents, loginNeeds } from './login-desk.ts';

const schema = z.strictObject({
  from: credentialPlaces(['bearer']),
  failedLogins,
  forward: forwardIdentity,
  optional: optionalLogin,
  consumerRequired: z.boolean().default(false),
  namesNobody: z.boolean().default(false),
  subject: z.string().default('ann'),
  consumer: z.string().default('acme'),
});
type WordConfig = z.output<typeof schema>;

const wordFilter: FilterDefinition<WordConfig> = {
  name: 'word',
  events: loginEvents,
  needs: loginNeeds,
  identityHeaders: ({ forward }) => IdentityLines.namesOf(forward),
  build(config, services) {
    const { failedLogins: limit, forward, consumerRequired, namesNobody, optional, subject } = config;
    const desk = new LoginDesk(
      {
        filter: 'word',
        challenge: 'Bearer realm="cardea"',
        challengeInvalid: 'Bearer realm="cardea", error="invalid_token"',
        failedLogins: limit,
        forward,
        consumerRequired,
        namesNobody,
        optional,
      },
      services,
    );
    const reader = new CredentialReader(config.from, 64);
    const identity = { by: 'word', subject, keyId: '', scopes: [], claims: { email: `${subject}@x` } };
    const login = new Login(identity, config.consumer);
    return {
      strangers: desk,
      onRequest(exchange) {
        const word = reader.take(exchange);
        if (word === null) desk.missing(exchange);
        else if (word === MALFORMED) desk.invalid(exchange, 'malformed');
        else if (word === 'sesame') {
          if (desk.admit(exchange, login) && !config.forward.keepCredential) reader.drop(exchange);
        } else if (word === 'away') desk.unavailable(exchange);
        else if (!desk.isThrottled(exchange)) desk.invalid(exchange, 'unknown');
      },
    };
  },
};

const acme = { name: 'acme', tenant: null, plan: 'gold', groups: [], tags: {}, keys: [] };

async function gateway(
  t: { after(fn: () => Promise<void>): void },
  config: object,
  consumers: readonly ListedConsumer[] = [acme],
  ...others: readonly object[]
) {
  const cells = new Float64Array(loginEvents.length);
  const needs = loginNeeds(schema.parse(config));
  const started = await startFilterGateway(
    [config, ...others].map(each => written(wordFilter, schema, each)),
    (request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })),
    { services: { events: loginEvents, cells, needs }, consumers, trustedProxies: ['127.0.0.0/8'] },
  );
  t.after(() => started.stop());
  const asked = async (headers: Record<string, string | string[]>, path = '/') => {
    const answer = await ask(started.port, { headers, path });
    return { ...answer, json: JSON.parse(answer.body.toString()) };
  };
  return { asked, count: (event: LoginEvent) => cells[loginEvents.indexOf(event)] };
}

test('no credential: 401 with a challenge that says nothing of errors', async t => {
  const { asked, count } = await gateway(t, {});
  for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: 'Bearerx sesame' }]) {
    const answer = await asked(headers);
    assert.equal(answer.status, 401);
    assert.equal(answer.json.code, 'credentials_missing');
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="cardea"');
  }
  assert.equal(count('missing'), 3);
});

test('a credential that does not hold: 401, the same text whatever is wrong', async t => {
  const { asked, count } = await gateway(t, {});
  const wrong = [
    ...['Bearer', 'Bearer ', 'Bearer wrong', `Bearer ${'x'.repeat(65)}`, ['Bearer sesame', 'Bearer sesame']],
    ...['Bearer\tsesame', 'Bearer\xa0sesame', 'bearer=sesame', 'Bearer,sesame'],
  ];
  const texts = new Set<string>();
  for (const authorization of wrong) {
    // Node sends two Authorization fields separately when they are given as a list.
    const answer = await asked({ authorization });
    assert.equal(answer.status, 401, String(authorization));
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="cardea", error="invalid_token"');
    texts.add(JSON.stringify({ ...answer.json, requestId: '' }));
  }
  assert.equal(texts.size, 1);
  assert.equal(count('malformed'), 8);
  assert.equal(count('unknown'), 1);
});

test('the upstream learns who calls, and from nobody else', async t => {
  const { asked } = await gateway(t, { forward: { claims: { 'X-Email': 'email' } } });
  const forged = { 'x-consumer-name': 'root', X_Consumer_Groups: 'admin', x_email: 'root@x', 'x.email': 'root@x' };
  const { status, json } = await asked({ authorization: 'bearer sesame', ...forged });
  assert.equal(status, 200);
  const told = Object.entries<string>(json.headers).filter(([name]) => /consumer|email/.test(name));
  assert.deepEqual(Object.fromEntries(told), {
    'x-consumer-name': 'acme',
    'x-consumer-plan': 'gold',
    'x-consumer-subject': 'ann',
    'x-consumer-by': 'word',
    'x-email': 'ann@x',
  });
});

const toldOf = (headers: object) =>
  Object.fromEntries(Object.entries<string>({ ...headers }).filter(([name]) => /consumer|email|mail/.test(name)));

test('of two filters in a row the later one’s caller is told of, and nothing is left of the former', async t => {
  const former = { forward: { claims: { 'X-Email': 'email', 'X-Former-Mail': 'email' } } };
  const later = { subject: 'bob', consumer: 'nobody', forward: { claims: { 'X-Email': 'email' } } };
  const { asked, count } = await gateway(t, former, [acme], later);
  const { status, json } = await asked({ authorization: 'Bearer sesame' });
  assert.equal(status, 200);
  assert.deepEqual(toldOf(json.headers), {
    'x-consumer-subject': 'bob',
    'x-consumer-by': 'word',
    'x-email': 'bob@x',
  });
  assert.equal(count('admitted'), 2);
});

const guest = { name: 'guest', tenant: 't-0', plan: 'free', groups: ['public'], tags: {}, keys: [] };
const toldOfGuest = {
  'x-consumer-name': 'guest',
  'x-consumer-tenant': 't-0',
  'x-consumer-plan': 'free',
  'x-consumer-groups': 'public',
  'x-consumer-by': 'anonymous',
};

test('where a credential is optional, a request without one passes as nobody, and a forged name is taken out', async t => {
  const { asked, count } = await gateway(t, { optional: true });
  const { status, json } = await asked({
    'x-consumer-name': 'root',
    X_Consumer_By: 'word',
    authorization: 'Basic YTpi',
  });
  assert.deepEqual([status, toldOf(json.headers)], [200, {}]);
  assert.deepEqual([count('missing'), count('admitted')], [1, 0]);
});

test('or as the consumer that is configured for such callers', async t => {
  const { asked } = await gateway(t, { optional: { consumer: 'guest' } }, [acme, guest]);
  const { status, json } = await asked({ 'x-consumer-name': 'root', 'x-consumer-scopes': 'admin' });
  assert.deepEqual([status, toldOf(json.headers)], [200, toldOfGuest]);
  const known = await asked({ authorization: 'Bearer sesame' });
  assert.equal(known.json.headers['x-consumer-name'], 'acme');
});

test('a credential that does not hold is refused where it is optional as well, and held against its source', async t => {
  const { asked, count } = await gateway(t, { optional: { consumer: 'guest' }, failedLogins: '6/min' }, [acme, guest]);
  const wrong = ['Bearer', 'Bearer ', 'Bearer wrong', `Bearer ${'x'.repeat(65)}`, ['Bearer sesame', 'Basic YTpi']];
  for (const authorization of [...wrong, 'Bearer,sesame'])
    assert.equal((await asked({ authorization })).json.code, 'credentials_invalid', String(authorization));
  assert.equal((await asked({ authorization: 'Bearer other' })).status, 429);
  assert.equal((await asked({ authorization: 'Bearer away' })).json.code, 'identity_unavailable');
  assert.equal((await asked({})).status, 200, 'there is nothing to verify');
  assert.equal(count('missing'), 1);
});

test('of two filters whose credentials are optional, the one whose credential is shown tells of the caller', async t => {
  const first = { from: [{ header: 'x-word' }], optional: { consumer: 'guest' } };
  const second = { optional: { consumer: 'guest' }, subject: 'bob', consumer: 'nobody' };
  const { asked } = await gateway(t, first, [acme, guest], second);
  assert.deepEqual(toldOf((await asked({})).json.headers), toldOfGuest);
  const byFirst = await asked({ 'x-word': 'sesame' });
  assert.deepEqual(
    [byFirst.json.headers['x-consumer-name'], byFirst.json.headers['x-consumer-subject']],
    ['acme', 'ann'],
  );
  const bySecond = await asked({ authorization: 'Bearer sesame' });
  assert.deepEqual(toldOf(bySecond.json.headers), { 'x-consumer-subject': 'bob', 'x-consumer-by': 'word' });
  for (const one of [{ 'x-word': 'wrong' }, { 'x-word': 'sesame', authorization: 'Bearer wrong' }])
    assert.equal((await asked({ ...one })).status, 401);
});

test('who passes without a credential is the caller of a filter that names nobody', async t => {
  const { asked } = await gateway(t, { from: [{ header: 'x-word' }], optional: { consumer: 'guest' } }, [acme, guest], {
    namesNobody: true,
  });
  const { json } = await asked({ authorization: 'Bearer sesame' });
  assert.deepEqual(toldOf(json.headers), toldOfGuest);
});

test('a filter whose logins name nobody leaves the caller of the one before, and alone tells what it knows', async t => {
  const policy = { namesNobody: true, subject: '', consumer: 'nobody', forward: { claims: { 'X-Mail': 'email' } } };
  const behind = await gateway(t, { forward: { claims: { 'X-Email': 'email' } } }, [acme], policy);
  const { json } = await behind.asked({ authorization: 'Bearer sesame' });
  assert.deepEqual(toldOf(json.headers), {
    'x-consumer-name': 'acme',
    'x-consumer-plan': 'gold',
    'x-consumer-subject': 'ann',
    'x-consumer-by': 'word',
    'x-email': 'ann@x',
  });
  assert.equal(behind.count('admitted'), 2);
  const alone = await gateway(t, policy);
  const answer = await alone.asked({ authorization: 'Bearer sesame' });
  assert.deepEqual(toldOf(answer.json.headers), { 'x-consumer-by': 'word', 'x-mail': '@x' });
});

test('a consumer that is not configured is refused where one is required', async t => {
  const { asked } = await gateway(t, { consumerRequired: true }, []);
  const answer = await asked({ authorization: 'Bearer sesame' });
  assert.equal(answer.status, 403);
  assert.equal(answer.json.code, 'access_denied');
});

test('the credential from other places, one of it, and taken out where the upstream is not to see it', async t => {
  const from = [{ header: 'X-Word' }, { cookie: 'word' }, { query: 'word' }];
  const { asked } = await gateway(t, { from, forward: { consumer: 'off', keepCredential: false } });
  const sent = { 'x-word': 'sesame', cookie: 'a=1; word=sesame; b=2' };
  const { status, json } = await asked(sent, '/?x=1&word=sesame&w%6frd=sesame&y');
  assert.equal(status, 200);
  assert.deepEqual([json.url, json.headers.cookie, json.headers['x-word']], ['/?x=1&y', 'a=1; b=2', undefined]);
  assert.equal((await asked({ cookie: 'word=sesame' })).status, 200);
  assert.equal((await asked({}, '/?w%6frd=sesame')).status, 200);
  assert.equal((await asked({ 'x-word': ['sesame', 'sesame'] })).status, 401);
  assert.equal((await asked({ cookie: 'word=sesame; word=sesame' })).status, 401);
  assert.equal((await asked({}, '/?word=sesame&word=sesame')).status, 401);
  assert.equal((await asked({ 'x-word': 'wrong', cookie: 'word=sesame' })).status, 401, 'the first place counts');
});

test('a token that only a lenient reader finds counts as the first place, and is taken out with it', async t => {
  const from = ['bearer', { cookie: 'word' }];
  const { asked } = await gateway(t, { from, forward: { keepCredential: false } });
  const cookie = 'word=sesame';
  assert.equal((await asked({ cookie, authorization: 'Bearer\tforged' })).status, 401);
  const { status, json } = await asked({ cookie, authorization: 'Digest a="b"' });
  assert.deepEqual([status, json.headers.authorization, json.headers.cookie], [200, 'Digest a="b"', undefined]);
});

test('a source that tries too often is held back; what is known to hold passes, others pass', async t => {
  const { asked, count } = await gateway(t, { failedLogins: '3/min' });
  const from = (ip: string, word: string) => asked({ authorization: `Bearer ${word}`, 'x-forwarded-for': ip });
  for (let n = 0; n < 3; n++) assert.equal((await from('2001:db8::1', 'wrong')).status, 401);
  const held = await from('2001:db8::2', 'wrong');
  assert.equal(held.status, 429);
  assert.equal(held.json.code, 'too_many_failed_logins');
  assert.ok(Number(held.headers['retry-after']) > 0);
  assert.equal((await from('2001:db8::2', 'sesame')).status, 200);
  assert.equal((await from('2001:db8:0:1::2', 'wrong')).status, 401);
  assert.equal(count('throttled'), 1);
});

test('nothing passes while nothing can be verified', async t => {
  const { asked, count } = await gateway(t, { failedLogins: 'off' });
  const answer = await asked({ authorization: 'Bearer away' });
  assert.deepEqual([answer.status, answer.json.code], [503, 'identity_unavailable']);
  assert.equal(count('unavailable'), 1);
});

test('a signed token is made anew when the system’s clock is set, forth or back', async t => {
  const { asked } = await gateway(t, { forward: { consumer: 'signed', key: 'k'.repeat(32) } });
  const made = async (): Promise<number> => {
    const { json } = await asked({ authorization: 'Bearer sesame' });
    return JSON.parse(Buffer.from(json.headers['x-consumer-token'].split('.')[1], 'base64url').toString()).iat * 1_000;
  };
  const now = Date.now();
  assert.ok(Math.abs((await made()) - now) < 5_000);
  for (const set of [now + 600_000, now]) {
    t.mock.method(Date, 'now', () => set);
    // Both clocks are compared once a second.
    await new Promise(resolve => setTimeout(resolve, 1_050));
    assert.ok(Math.abs((await made()) - set) < 5_000);
  }
});
