// Users with passwords through a gateway with real sockets and real hashes.

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Answer, ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { filterServices } from '../../../test/support/filter-services.ts';
import { hashPassword } from '../../base/password-hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { Headers } from '../../http/headers.ts';
import { schema } from './config.ts';
import { basicFilter, parseBasic } from './filter.ts';

const users = [
  { name: 'ann', password: await hashPassword('päss:word'), consumer: 'acme', scopes: ['read'] },
  {
    name: 'bob',
    password:
      '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
  },
];

async function start(
  t: { after(fn: () => Promise<void>): void },
  changes: object = {},
  trustedProxies: readonly string[] = [],
) {
  const seen: IncomingMessage[] = [];
  const config = { users, ...changes };
  const needs = basicFilter.needs!(schema.parse(config), { store: () => assert.fail('it names no store') });
  const gateway = await startFilterGateway(
    [written(basicFilter, schema, config)],
    (request, response) => {
      seen.push(request);
      response.end('in');
    },
    {
      consumers: [{ name: 'acme', tenant: null, plan: 'gold', groups: [], tags: {}, keys: [] }],
      services: { needs, events: basicFilter.events ?? [] },
      trustedProxies,
    },
  );
  t.after(() => gateway.stop());
  return { port: gateway.port, seen, log: gateway.log };
}

const basic = (pair: string) => ({ headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } });

function codeOf(answer: Answer): string {
  return `${answer.status} ${JSON.parse(answer.body.toString()).code}`;
}

test('users of both algorithms log in; the second time costs no hash', async t => {
  const { port, seen } = await start(t);
  assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
  assert.equal(seen[0]!.headers['x-consumer-name'], 'acme');
  assert.equal(seen[0]!.headers['x-consumer-subject'], 'ann');
  assert.equal(seen[0]!.headers['x-consumer-by'], 'basic');
  assert.equal(
    seen[0]!.headers.authorization,
    basic('ann:päss:word').headers.authorization,
    'unless it is not to go on',
  );
  assert.equal((await ask(port, basic('bob:pleaseletmein'))).status, 200);
  assert.equal(seen[1]!.headers['x-consumer-name'], undefined);
  const before = process.cpuUsage();
  for (let n = 0; n < 20; n++) assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
  // Because: this measures CPU, which a machine that is busy with other things does not stretch as it stretches time.
  const { user, system } = process.cpuUsage(before);
  assert.ok((user + system) / 1_000 < 20 * 15, 'twenty hashes would take more');
});

test('no user, a wrong one, a wrong password: one answer for all that is wrong', async t => {
  const { port, seen, log } = await start(t);
  const missing = await ask(port);
  assert.equal(codeOf(missing), '401 credentials_missing');
  assert.equal(missing.headers['www-authenticate'], 'Basic realm="cardea", charset="UTF-8"');
  for (const pair of [
    'ann:wrong',
    'ann:',
    'nobody:päss:word',
    'bob:päss:word',
    'ANN:päss:word',
    'ann',
    ':x',
    'ann\0:x',
  ])
    assert.equal(codeOf(await ask(port, basic(pair))), '401 credentials_invalid', pair);
  assert.equal(codeOf(await ask(port, { headers: { authorization: 'Basic' } })), '401 credentials_invalid');
  assert.equal(codeOf(await ask(port, { headers: { authorization: 'Bearer x' } })), '401 credentials_missing');
  assert.equal(seen.length, 0);
  assert.deepEqual(log, []);
});

test('where another filter lets a request pass, the password goes no further either, and other credentials do', () => {
  const left = (keepCredential: boolean, authorization: string) => {
    const config = schema.parse({ users, forward: { keepCredential } });
    const needs = basicFilter.needs!(config, { store: () => assert.fail('it names no store') });
    const filter = basicFilter.build(config, filterServices({ needs, events: basicFilter.events ?? [] }));
    const headers = Headers.from([['Authorization', authorization]]);
    // Because: nothing else of the exchange is read.
    filter.withhold!({ request: { headers } } as unknown as Exchange, []);
    return headers.get('authorization');
  };
  assert.equal(left(false, 'Basic YTpi'), undefined);
  assert.equal(left(false, 'Basic'), undefined);
  assert.equal(left(false, 'Bearer x'), 'Bearer x');
  assert.equal(left(true, 'Basic YTpi'), 'Basic YTpi');
});

test('the upstream sees no password when it is not to', async t => {
  const { port, seen } = await start(t, { forward: { keepCredential: false } });
  assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
  assert.equal(seen[0]!.headers.authorization, undefined);
});

test('more logins than may wait get 503', async t => {
  const { port } = await start(t, { checksAtOnce: 1, checksWaiting: 1, failedLogins: 'off' });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => ask(port, basic(`ann:wrong ${n}`))));
  const codes = new Set(answers.map(codeOf));
  assert.deepEqual([...codes].sort(), ['401 credentials_invalid', '503 identity_unavailable']);
});

test('who guesses is held back, who has logged in is not', async t => {
  const { port } = await start(t, { failedLogins: '3/min' });
  assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
  for (let n = 0; n < 3; n++) assert.equal((await ask(port, basic('ann:wrong'))).status, 401);
  assert.equal(codeOf(await ask(port, basic('ann:wrong'))), '429 too_many_failed_logins');
  assert.equal(codeOf(await ask(port, basic('bob:pleaseletmein'))), '429 too_many_failed_logins');
  assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
});

test('who has logged in is not held back when that is to be checked again', async t => {
  const { port } = await start(t, { failedLogins: '2/h', cacheFor: '1ms' });
  assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
  for (let n = 0; n < 2; n++) assert.equal((await ask(port, basic(`ann:wrong ${n}`))).status, 401);
  assert.equal(codeOf(await ask(port, basic('ann:wrong'))), '429 too_many_failed_logins');
  assert.equal((await ask(port, basic('ann:päss:word'))).status, 200);
  assert.equal(codeOf(await ask(port, basic('bob:pleaseletmein'))), '429 too_many_failed_logins');
});

test('guesses that are sent all at once learn no more than those that are sent one by one', async t => {
  const { port, seen } = await start(t, { failedLogins: '3/min', checksAtOnce: 1, checksWaiting: 50 });
  const guess = async (password: string) => codeOf(await ask(port, basic(`ann:${password}`)));
  const wrong = Array.from({ length: 8 }, (_, n) => guess(`wrong ${n}`));
  await new Promise(resolve => setImmediate(resolve));
  const answers = await Promise.all([...wrong, guess('päss:word')]);
  assert.equal(answers.filter(code => code === '401 credentials_invalid').length, 3);
  assert.equal(answers.filter(code => code === '429 too_many_failed_logins').length, 6);
  assert.equal(await guess('päss:word'), '429 too_many_failed_logins', 'nor does it show later which one was right');
  assert.equal(seen.length, 0);
});

test('a password that its owner has proved is as hard to guess for others', async t => {
  const { port } = await start(t, { failedLogins: '2/min' }, ['127.0.0.1/32']);
  const from = async (ip: string, password: string) => {
    const { headers } = basic(`ann:${password}`);
    const answer = await ask(port, { headers: { ...headers, 'x-forwarded-for': ip } });
    return answer.status === 200 ? '200' : codeOf(answer);
  };
  assert.equal(await from('192.0.2.1', 'päss:word'), '200');
  for (let n = 0; n < 2; n++) assert.equal(await from('192.0.2.66', `wrong ${n}`), '401 credentials_invalid');
  assert.equal(await from('192.0.2.66', 'wrong'), '429 too_many_failed_logins');
  assert.equal(await from('192.0.2.66', 'päss:word'), '429 too_many_failed_logins');
  assert.equal(await from('192.0.2.1', 'päss:word'), '200');
});

test('only the one encoding of a pair is read', () => {
  const encoded = (pair: string) => Buffer.from(pair).toString('base64');
  assert.deepEqual(parseBasic(encoded('a:b:c')), ['a', 'b:c']);
  assert.deepEqual(parseBasic(encoded('a:')), ['a', '']);
  for (const pair of [':x', ':', 'ann', 'a:b\0', 'a\x7f:b']) assert.equal(parseBasic(encoded(pair)), null, pair);
  assert.notEqual(parseBasic(encoded(`a:${'b'.repeat(766)}`)), null, '1,024 letters');
  assert.equal(parseBasic(encoded(`a:${'b'.repeat(769)}`)), null, '1,028 letters');
  for (const text of ['', 'YTpi=', 'YTpj ', 'YTpiCg', 'YTpjZA', 'Y-pi', `${'A'.repeat(1_028)}`, 'gDpi'])
    assert.equal(parseBasic(text), null, text);
  fc.assert(
    fc.property(fc.string({ maxLength: 40, size: 'max' }), text => {
      const pair = parseBasic(text);
      if (pair !== null) assert.equal(Buffer.from(pair.join(':')).toString('base64'), text);
    }),
  );
});

test('a configuration that cannot work is refused without showing a password', () => {
  const issueOf = (config: unknown) => JSON.stringify(schema.safeParse(config).error?.issues ?? []);
  assert.match(issueOf({ users: [] }), /at least one user/);
  const clear = issueOf({ users: [{ name: 'ann', password: 'my-clear-password' }] });
  assert.match(clear, /cardea password/);
  assert.ok(!clear.includes('my-clear'));
  assert.match(issueOf({ users: [users[0], users[0]] }), /twice/);
  assert.match(issueOf({ users: [{ ...users[0], name: 'a:b' }] }), /colon/);
});
