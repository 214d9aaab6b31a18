// What strangers say of themselves is taken out, what trusted proxies say is believed from the right, and upstreams are told the truth.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, startFilterGateway } from '../../test/support/filter-gateway.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

/** The forwarding fields that the upstream sees. */
async function told(t: TestContext, trustedProxies: readonly string[], headers: Record<string, string>) {
  let seen: NodeJS.Dict<string | string[]> = {};
  const gateway = await startFilterGateway(
    [],
    (request, response) => {
      seen = request.headers;
      response.end();
    },
    { trustedProxies },
  );
  t.after(() => gateway.stop());
  await ask(gateway.port, { headers: { host: 'api.example', ...headers } });
  return {
    for: seen['x-forwarded-for'],
    proto: seen['x-forwarded-proto'],
    host: seen['x-forwarded-host'],
    forwarded: seen['forwarded'],
    realIp: seen['x-real-ip'],
  };
}

const claims = {
  'x-forwarded-for': '192.0.2.1, 10.0.0.9',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'elsewhere.example',
  forwarded: 'for=192.0.2.1',
  'x-real-ip': '192.0.2.1',
};

test('a stranger says nothing', async t => {
  assert.deepEqual(await told(t, [], claims), {
    for: '127.0.0.1',
    proto: 'http',
    host: 'api.example',
    forwarded: 'for=127.0.0.1;host=api.example;proto=http',
    realIp: undefined,
  });
});

test('what a trusted proxy says is continued', async t => {
  const seen = await told(t, ['127.0.0.0/8'], claims);
  assert.equal(seen.for, '192.0.2.1, 10.0.0.9, 127.0.0.1');
  assert.equal(seen.proto, 'https');
  assert.equal(seen.host, 'elsewhere.example');
  assert.equal(seen.forwarded, 'for=192.0.2.1, for=127.0.0.1');
});

test('a trusted proxy that says nothing is the client', async t => {
  const seen = await told(t, ['127.0.0.0/8'], {});
  assert.equal(seen.for, '127.0.0.1');
  assert.equal(seen.proto, 'http');
});
