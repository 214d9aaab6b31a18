// Whose request id is used, and who gets to see it.

import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { requestIdFilter } from './filter.ts';

const made = /^[0-9a-f]{32}$/;

async function start(t: { after(fn: () => Promise<void>): void }, config: unknown, trustedProxies: string[] = []) {
  let upstream: IncomingHttpHeaders = {};
  const gateway = await startFilterGateway(
    [written(requestIdFilter, schema, config)],
    (request, response) => {
      upstream = request.headers;
      response.setHeader('x-request-id', 'the upstream’s own'.replace('’', "'"));
      response.end();
    },
    { trustedProxies },
  );
  t.after(() => gateway.stop());
  return async (headers: Record<string, string | string[]>) => {
    const answer = await ask(gateway.port, { headers });
    return { upstream, answer };
  };
}

test('a stranger’s id is not taken over unless everyone is trusted', async t => {
  const send = await start(t, {});
  const { upstream, answer } = await send({ 'x-request-id': 'mine' });
  assert.match(String(upstream['x-request-id']), made);
  assert.equal(answer.headers['x-request-id'], upstream['x-request-id']);
});

test('trust: always takes a sane id from anyone', async t => {
  const send = await start(t, { trust: 'always' });
  assert.equal((await send({ 'x-request-id': 'mine-1' })).upstream['x-request-id'], 'mine-1');
  assert.equal((await send({ 'x-request-id': 'mine-1' })).answer.headers['x-request-id'], 'mine-1');
  for (const bad of ['', 'two words', 'x'.repeat(129), 'caf\xe9']) {
    assert.match(String((await send({ 'x-request-id': bad })).upstream['x-request-id']), made, bad);
  }
  // The first of the two, and only that.
  assert.equal((await send({ 'x-request-id': ['a', 'b'] })).upstream['x-request-id'], 'a');
});

test('a trusted proxy’s id is taken over, never with trust: never', async t => {
  const send = await start(t, {}, ['127.0.0.1']);
  assert.equal((await send({ 'x-request-id': 'edge-7' })).upstream['x-request-id'], 'edge-7');
  const never = await start(t, { trust: 'never' }, ['127.0.0.1']);
  const { upstream, answer } = await never({ 'x-request-id': 'edge-7' });
  assert.match(String(upstream['x-request-id']), made);
  assert.equal(answer.headers['x-request-id'], upstream['x-request-id']);
});

test('another header, in one copy', async t => {
  const send = await start(t, { header: 'X-Correlation-Id', trust: 'always' });
  const { upstream, answer } = await send({ 'x-correlation-id': 'c-1' });
  assert.equal(upstream['x-correlation-id'], 'c-1');
  assert.equal(upstream['x-request-id'], 'c-1');
  assert.equal(answer.headers['x-correlation-id'], 'c-1');
  const without = await send({});
  assert.match(String(without.upstream['x-correlation-id']), made);
});

test('response: false leaves the answer alone', async t => {
  const send = await start(t, { response: false });
  assert.equal((await send({})).answer.headers['x-request-id'], "the upstream's own");
});

test('headers of the connection cannot carry an id', () => {
  for (const header of ['Host', 'content-length', 'a b', '']) assert.ok(!schema.safeParse({ header }).success, header);
  assert.deepEqual(schema.parse({}), { header: 'x-request-id', trust: 'trustedProxies', response: true });
});
