// Callers by address: that of the socket, and that which a trusted proxy reports.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { ipAccessFilter } from './filter.ts';

/** Status for a caller whose address a trusted proxy reports. */
async function statusOf(t: { after(fn: () => Promise<void>): void }, config: unknown, addresses: readonly string[]) {
  const gateway = await startFilterGateway(
    [written(ipAccessFilter, schema, config)],
    (_, response) => response.end('in'),
    { trustedProxies: ['127.0.0.0/8'] },
  );
  t.after(() => gateway.stop());
  return Promise.all(
    addresses.map(async address => {
      const answer = await ask(gateway.port, { headers: { 'x-forwarded-for': address } });
      if (answer.status === 403) assert.equal(JSON.parse(answer.body.toString()).code, 'access_denied');
      return answer.status;
    }),
  );
}

test('only those allowed pass', async t => {
  const statuses = await statusOf(t, { allow: ['10.0.0.0/8', '2001:db8::/32'] }, [
    '10.1.2.3',
    '11.0.0.1',
    '2001:db8::7',
    '2001:db9::7',
    '::ffff:10.0.0.1',
  ]);
  assert.deepEqual(statuses, [200, 403, 200, 403, 200]);
});

test('only those denied are refused', async t => {
  assert.deepEqual(await statusOf(t, { deny: ['192.0.2.0/24'] }, ['192.0.2.1', '192.0.3.1', '::1']), [403, 200, 200]);
});

test('deny wins over allow', async t => {
  const config = { allow: ['10.0.0.0/8'], deny: ['10.0.0.66'] };
  assert.deepEqual(await statusOf(t, config, ['10.0.0.65', '10.0.0.66', '1.1.1.1']), [200, 403, 403]);
});

test('a stranger cannot report an address of his own', async t => {
  const gateway = await startFilterGateway(
    [written(ipAccessFilter, schema, { allow: ['10.0.0.0/8'] })],
    (_, response) => response.end(),
  );
  t.after(() => gateway.stop());
  assert.equal((await ask(gateway.port, { headers: { 'x-forwarded-for': '10.0.0.1' } })).status, 403);
});

test('a configuration that cannot work is refused', () => {
  const messageOf = (config: unknown) => schema.safeParse(config).error?.issues[0]?.message ?? '';
  assert.match(messageOf({}), /would let everyone pass/);
  assert.match(messageOf({ allow: ['10.0.0.1/8'] }), /bits set after/);
  assert.match(messageOf({ deny: ['localhost'] }), /not an IP address/);
  assert.match(messageOf({ alow: [] }), /alow/);
});
