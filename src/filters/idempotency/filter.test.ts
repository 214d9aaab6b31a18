// The first response is kept and given to duplicates of the same caller, and to nobody else.

import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ClientConnection } from '../../../test/support/client-connection.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { answerTableBytes } from '../../store/answer-table.ts';
import { schema } from './config.ts';
import { idempotencyFilter } from './filter.ts';

async function start(t: { after(end: () => Promise<void>): void }, config: object, backend?: RequestListener) {
  const parsed = schema.parse(config);
  const needs = idempotencyFilter.needs!(parsed, undefined as never);
  assert.equal(needs.tables![0]!.bytes, answerTableBytes(parsed.memory, parsed.answerLimit));
  let requests = 0;
  const gateway = await startFilterGateway(
    [written(idempotencyFilter, schema, config)],
    (request, response) => {
      requests++;
      if (backend !== undefined) return void backend(request, response);
      request.resume().on('end', () => {
        response.writeHead(201, { 'content-type': 'text/plain', 'x-order': `${requests}`, 'set-cookie': 'a=b' });
        response.end(`order ${requests}`);
      });
    },
    { services: { needs, events: idempotencyFilter.events! }, trustedProxies: ['127.0.0.1/32'] },
  );
  t.after(() => gateway.stop());
  const post = (key: string | null, path = '/orders', headers: Record<string, string> = {}) =>
    ask(gateway.port, {
      method: 'POST',
      path,
      body: 'one',
      headers: { ...headers, ...(key !== null && { 'idempotency-key': key }) },
    });
  return { gateway, post, requests: () => requests };
}

test('a duplicate gets the first answer, and the upstream one request', async t => {
  const { post, requests } = await start(t, {});
  const first = await post('k1');
  const second = await post('k1');
  assert.deepEqual([first.status, first.body.toString(), first.headers['x-order']], [201, 'order 1', '1']);
  assert.deepEqual([second.status, second.body.toString(), second.headers['x-order']], [201, 'order 1', '1']);
  assert.equal(second.headers['content-type'], 'text/plain');
  assert.equal(second.headers['idempotency-replayed'], 'true');
  assert.equal(second.headers['set-cookie'], undefined, 'a cookie is given once');
  assert.equal(requests(), 1);
  assert.equal((await post('k2')).body.toString(), 'order 2');
});

test('another caller, request or method is not answered with it', async t => {
  const { post, requests, gateway } = await start(t, {});
  await post('k1');
  assert.equal((await post('k1', '/orders', { 'x-forwarded-for': '10.9.9.9' })).body.toString(), 'order 2');
  const other = await post('k1', '/orders/7');
  assert.equal(other.status, 422);
  assert.match(other.body.toString(), /idempotency_key_reused/);
  assert.equal((await post('k1', '/orders', { host: 'another.test' })).status, 422);
  await ask(gateway.port, { method: 'PUT', path: '/orders', body: 'x', headers: { 'idempotency-key': 'k1' } });
  assert.equal(requests(), 3);
});

test('where the upstream alone knows who calls, another credential is refused and the same is answered', async t => {
  const { post, requests } = await start(t, {});
  const as = (authorization: string) => post('k1', '/orders', { authorization });
  assert.equal((await as('Bearer a')).body.toString(), 'order 1');
  assert.equal((await as('Bearer b')).status, 422);
  assert.equal((await post('k1')).status, 422);
  assert.equal((await as('Bearer a')).body.toString(), 'order 1');
  assert.equal(requests(), 1);
});

test('where a service admits callers and names none of them, another credential is refused, and so is what else it says of another', async t => {
  const who: FilterDefinition<unknown> = {
    name: 'who',
    identityHeaders: () => [],
    copiedHeaders: () => ['x-user'],
    build: () => ({
      onRequest(exchange) {
        const [user = '', consumer] = exchange.request.headers.get('x-who')!.split(',');
        exchange.identity = { by: 'forwardAuth', subject: '', keyId: '', scopes: [], claims: null };
        if (consumer !== undefined)
          exchange.consumer = { name: consumer, plan: null, tenant: null, groups: [], tags: {} };
        if (user !== '') exchange.request.headers.append('X-User', user);
        exchange.request.headers.append('X-Consumer-Token', String(Math.random()));
      },
    }),
  };
  const needs = idempotencyFilter.needs!(schema.parse({}), undefined as never);
  let requests = 0;
  const gateway = await startFilterGateway(
    [written(who, z.unknown(), {}), written(idempotencyFilter, schema, {})],
    (_request, response) => response.end(`order ${++requests}`),
    { services: { needs, events: idempotencyFilter.events! }, trustedProxies: ['127.0.0.1/32'] },
  );
  t.after(() => gateway.stop());
  const order = async (headers: Record<string, string>) => {
    const answer = await ask(gateway.port, {
      method: 'POST',
      headers: { 'idempotency-key': 'k1', 'x-who': '', ...headers },
    });
    return answer.status === 200 ? answer.body.toString() : answer.status;
  };
  assert.equal(await order({ cookie: 'session=alice' }), 'order 1');
  assert.equal(await order({ cookie: 'session=mallory' }), 422);
  assert.equal(await order({ authorization: 'Bearer mallory' }), 422);
  assert.equal(await order({ cookie: 'session=alice', 'x-who': 'mallory' }), 422);
  assert.equal(await order({ cookie: 'session=alice', 'x-forwarded-for': '10.9.9.9' }), 'order 2');
  assert.equal(await order({ cookie: 'session=alice' }), 'order 1', 'the caller itself gets its response again');
  // Users of one consumer, whom the service does not name either.
  assert.equal(await order({ cookie: 'session=alice', 'x-who': 'a,shop' }), 'order 3');
  assert.equal(await order({ cookie: 'session=mallory', 'x-who': 'b,shop' }), 422);
  assert.equal(await order({ cookie: 'session=alice', 'x-who': 'a,shop' }), 'order 3');
});

test('another user of the same consumer, or of another issuer, is another caller; another key of a consumer is not', async t => {
  const seen: string[] = [];
  const who: FilterDefinition<unknown> = {
    name: 'who',
    build: () => ({
      onRequest(exchange) {
        const [name, by = '', iss, subject = '', keyId = ''] = exchange.request.headers.get('x-who')!.split(',');
        if (name !== '') exchange.consumer = { name: name!, plan: null, tenant: null, groups: [], tags: {} };
        exchange.identity = { by, subject, keyId, scopes: [], claims: { iss } };
      },
    }),
  };
  const needs = idempotencyFilter.needs!(schema.parse({}), undefined as never);
  const gateway = await startFilterGateway(
    [written(who, z.unknown(), {}), written(idempotencyFilter, schema, {})],
    (request, response) => response.end(`order ${seen.push(String(request.headers['x-who']))}`),
    { services: { needs, events: idempotencyFilter.events! } },
  );
  t.after(() => gateway.stop());
  const order = async (whom: string) => {
    const headers = { 'idempotency-key': 'k1', 'x-who': whom };
    return (await ask(gateway.port, { method: 'POST', headers })).body.toString();
  };
  const callers = ['shop,jwt,a,1', 'shop,jwt,a,2', 'shop,jwt,b,1', ',jwt,a,1', ',jwt,b,1', 'shop,apiKey,,k1,k1'];
  for (const [at, caller] of callers.entries()) assert.equal(await order(caller), `order ${at + 1}`, caller);
  for (const [at, caller] of callers.entries()) assert.equal(await order(caller), `order ${at + 1}`, caller);
  assert.equal(await order('shop,apiKey,,k2,k2'), 'order 6');
});

test('a clock of the system that leaps, as a virtual machine that wakes has, lets no duplicate be done, nor what is kept be forgotten', async t => {
  let answer = (): void => {};
  const { post, requests } = await start(t, {}, (_request, response) => {
    answer = () => response.writeHead(201).end('done');
  });
  const first = post('k1');
  await eventually(() => requests() === 1, 'it is under way');
  const now = Date.now;
  t.mock.method(Date, 'now', () => now() + 7 * 86_400_000);
  assert.equal((await post('k1')).status, 409);
  answer();
  assert.equal((await first).status, 201);
  assert.equal((await post('k1')).body.toString(), 'done');
  assert.equal(requests(), 1);
});

test('a duplicate of one that is under way gets 409', async t => {
  let release = (): void => {};
  const { post, requests } = await start(t, {}, (_request, response) => {
    release = () => response.end('done');
  });
  const first = post('k1');
  await eventually(() => requests() === 1, 'the first is under way');
  const second = await post('k1');
  assert.deepEqual([second.status, second.headers['retry-after']], [409, '1']);
  release();
  assert.equal((await first).body.toString(), 'done');
  assert.equal((await post('k1')).headers['idempotency-replayed'], 'true');
});

test('a request that takes longer than `underWayFor` keeps its duplicates out for as long', async t => {
  let release = (): void => {};
  const { post, requests } = await start(t, { underWayFor: '1s' }, (_request, response) => {
    release = () => response.end('done');
  });
  const first = post('k1');
  await eventually(() => requests() === 1, 'the first is under way');
  const until = performance.now() + 3_000;
  while (performance.now() < until) {
    assert.equal((await Promise.race([post('k1'), first])).status, 409);
    await delay(50);
  }
  release();
  assert.equal((await first).body.toString(), 'done');
  assert.equal((await post('k1')).headers['idempotency-replayed'], 'true');
  assert.equal(requests(), 1);
});

test('told to wait, a duplicate gets the first answer when it is there', async t => {
  const releases: (() => void)[] = [];
  const wait = { whileInFlight: 'wait', waiters: 2, waitFor: '20s' };
  const { post, requests } = await start(t, wait, (_request, response) => {
    releases.push(() => response.end('done'));
  });
  const first = post('k1');
  await eventually(() => requests() === 1, 'the first is under way');
  let answered = 0;
  const duplicates = [post('k1'), post('k1'), post('k1')].map(each => each.finally(() => answered++));
  await eventually(() => answered === 1, 'one is too many');
  releases[0]!();
  await first;
  const answers = await Promise.all(duplicates);
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 409]);
  for (const { status, headers, body } of answers) {
    if (status === 200) assert.deepEqual([headers['idempotency-replayed'], body.toString()], ['true', 'done']);
  }
  assert.equal(requests(), 1);
});

test('who waits takes the place of a first one that failed; a wait has its end', async t => {
  let fail = (): void => {};
  const { post, requests } = await start(t, { whileInFlight: 'wait' }, (_request, response) => {
    if (requests() === 1) fail = () => response.writeHead(503).end();
    else response.end('second');
  });
  const first = post('k1');
  await eventually(() => requests() === 1, 'the first is under way');
  const second = post('k1');
  fail();
  assert.equal((await first).status, 503);
  assert.equal((await second).body.toString(), 'second');
  assert.equal(requests(), 2);

  const never = await start(t, { whileInFlight: 'wait', waitFor: '50ms' }, () => {});
  const client = await ClientConnection.open(never.gateway.port);
  client.send(
    `POST /orders HTTP/1.1\r\nHost: 127.0.0.1:${never.gateway.port}\r\nIdempotency-Key: k1\r\nContent-Length: 3\r\n\r\none`,
  );
  await eventually(() => never.requests() === 1, 'it is under way');
  assert.equal((await never.post('k1')).status, 409);
  client.destroy();
});

test('failures are not kept; answers that are too large are, as given', async t => {
  const failing = await start(t, {}, (_request, response) => response.writeHead(503).end('later'));
  assert.equal((await failing.post('k1')).status, 503);
  assert.equal((await failing.post('k1')).status, 503);
  assert.equal(failing.requests(), 2);
  // A caller that gets a 401 repeats the request with a new token and the same key.
  const refusing = await start(t, {}, (_request, response) => response.writeHead(401).end());
  for (const authorization of ['Bearer old', 'Bearer new'])
    assert.equal((await refusing.post('k1', '/orders', { authorization })).status, 401);
  assert.equal(refusing.requests(), 2);
  const large = await start(t, { answerLimit: '1KiB' }, (_request, response) => response.end('x'.repeat(2_000)));
  assert.equal((await large.post('k1')).body.length, 2_000);
  const again = await large.post('k1');
  assert.equal(again.status, 409);
  assert.equal(large.requests(), 1);
});

test('when the client leaves before the answer its key is kept out for a while', async t => {
  const { post, requests, gateway } = await start(t, {}, () => {});
  const client = await ClientConnection.open(gateway.port);
  client.send(
    `POST /orders HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nIdempotency-Key: k1\r\nContent-Length: 0\r\n\r\n`,
  );
  await eventually(() => requests() === 1, 'it is under way');
  client.destroy();
  await eventually(() => gateway.gateway.inFlight === 0, 'it ended');
  const body = { method: 'POST', path: '/orders', headers: { 'idempotency-key': 'k1', 'content-length': '0' } };
  assert.equal((await ask(gateway.port, body)).status, 409);
  assert.equal(requests(), 1);
  void post;
});

test('a form that is sent again is the same request, although its boundary is another; another type is not', async t => {
  const { post, requests } = await start(t, {});
  const send = (type: string) => post('k1', '/orders', { 'content-type': type });
  assert.equal((await send('multipart/form-data; boundary=one')).status, 201);
  for (const again of ['multipart/form-data; boundary=two', 'multipart/form-data;boundary="t w"'])
    assert.equal((await send(again)).headers['idempotency-replayed'], 'true', again);
  assert.equal((await send('multipart/mixed; boundary=one')).status, 422);
  assert.equal(requests(), 1);
});

test('when the answer breaks off, the request was executed, and its key is kept out for a while', async t => {
  const { post, requests } = await start(t, {}, (_request, response) => {
    response.writeHead(201, { 'content-length': '100' });
    response.write('part', () => response.destroy());
  });
  await assert.rejects(post('k1'));
  assert.equal((await post('k1')).status, 409);
  assert.equal(requests(), 1);
});

test('a key may be asked for, and has a length', async t => {
  const { post } = await start(t, { required: true });
  const missing = await post(null);
  assert.equal(missing.status, 400);
  assert.match(missing.body.toString(), /idempotency_key_missing/);
  assert.equal((await post('k'.repeat(256))).status, 400);
  assert.equal((await post('k'.repeat(255))).status, 201);
});

test('contradictory settings are refused', () => {
  assert.match(schema.safeParse({ memory: '64KiB', answerLimit: '16KiB' }).error!.message, /eight answers/);
  assert.ok(!schema.safeParse({ keepFor: '10ms' }).success);
});
