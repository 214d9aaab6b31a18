// Forwarding fields from strangers are removed, those of trusted proxies are believed from the right, and upstreams get the true values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway, written } from '../../test/support/filter-gateway.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

type Fields = NodeJS.Dict<string | string[]>;

/** All fields that the upstream sees. */
async function seenBy(t: TestContext, trustedProxies: readonly string[], headers: Fields): Promise<Fields> {
  let seen: Fields = {};
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
  return seen;
}

/** The forwarding fields that the upstream sees. */
async function told(t: TestContext, trustedProxies: readonly string[], headers: Fields) {
  const seen = await seenBy(t, trustedProxies, headers);
  return {
    for: seen['x-forwarded-for'],
    proto: seen['x-forwarded-proto'],
    host: seen['x-forwarded-host'],
    forwarded: seen['forwarded'],
    realIp: seen['x-real-ip'],
    certificate: Object.keys(seen).filter(name => name.includes('client-cert')),
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
    certificate: [],
  });
});

test('a stranger says nothing of a proxy before the gateway either; a trusted proxy may', async t => {
  const said = {
    ...{
      'x-forwarded-prefix': '/evil',
      'x-forwarded-server': 'evil',
      'x-forwarded-uri': '/evil',
      'x-forwarded-method': 'PUT',
    },
    ...{
      'x-forwarded-scheme': 'https',
      'x-forwarded-protocol': 'ssl',
      'x-forwarded-ssl': 'on',
      'front-end-https': 'on',
    },
    ...{ 'x-forwarded-tls-client-cert': 'MIIB', 'x-forwarded-tls-client-cert-info': 'Subject="CN=a"' },
  };
  const ofStranger = await seenBy(t, [], said);
  const ofProxy = await seenBy(t, ['127.0.0.0/8'], said);
  for (const [name, value] of Object.entries(said)) {
    assert.equal(ofStranger[name], undefined, name);
    assert.equal(ofProxy[name], value);
  }
});

test('of a certificate nobody tells, nor a trusted proxy where the listener does not say so', async t => {
  const said = { 'x-forwarded-client-cert': 'Hash=abc', 'client-cert': ':AA==:', 'client-cert-chain': ':AA==:' };
  for (const trusted of [[], ['127.0.0.0/8']]) assert.deepEqual((await told(t, trusted, said)).certificate, []);
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

test('a trusted proxy that sends no Forwarded: it begins with the client that X-Forwarded-For names', async t => {
  const { forwarded: _, ...others } = claims;
  const seen = await told(t, ['127.0.0.0/8', '10.0.0.0/8'], {
    ...others,
    'x-forwarded-for': '203.0.113.9, 2001:db8::1, 10.0.0.9',
  });
  assert.equal(seen.forwarded, 'for="[2001:db8::1]";host=elsewhere.example;proto=https, for=127.0.0.1');
});

const claimed: [why: string, list: string, believed: string][] = [
  ['an address', '192.0.2.1', '192.0.2.1'],
  ['an address with a port, as Azure writes it', '192.0.2.1:5678', '192.0.2.1'],
  ['IPv6', '2001:db8::1', '2001:db8::1'],
  ['IPv6 in brackets', '[2001:db8::1]', '2001:db8::1'],
  ['IPv6 in brackets with a port', '[2001:db8::1]:5678', '2001:db8::1'],
  ['IPv4 written as IPv6', '::ffff:192.0.2.1', '192.0.2.1'],
  ['IPv6 in another spelling', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['several, the last of a stranger', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
  ['several, the last of a proxy with a port', '192.0.2.1, 127.0.0.7:80', '192.0.2.1'],
  ['what only looks like an address', 'dead.beef', '127.0.0.1'],
  ['too many parts', '1.2.3.4.5', '127.0.0.1'],
  ['a name', 'unknown', '127.0.0.1'],
  ['nothing behind the comma', '192.0.2.1,', '127.0.0.1'],
  ['a port that is none', '192.0.2.1:x', '127.0.0.1'],
];
test('a trusted proxy’s X-Forwarded-For: the address is read in every way in which proxies write it', async t => {
  let ip = '';
  const gateway = await startFilterGateway(
    [
      written(
        {
          name: 'ip',
          build: () => ({
            onRequest(exchange) {
              ip = exchange.client.ip;
            },
          }),
        },
        z.unknown(),
        {},
      ),
    ],
    (_request, response) => response.end(),
    { trustedProxies: ['127.0.0.0/8'] },
  );
  t.after(() => gateway.stop());
  for (const [why, list, believed] of claimed) {
    await ask(gateway.port, { headers: { host: 'a', 'x-forwarded-for': list } });
    assert.equal(ip, believed, why);
  }
});

test('a scheme or host given twice is nobody’s word', async t => {
  const twice = { 'x-forwarded-proto': ['https', 'http'], 'x-forwarded-host': ['evil.example', 'good.example'] };
  const seen = await told(t, ['127.0.0.0/8'], twice);
  assert.equal(seen.proto, 'http');
  assert.equal(seen.host, 'api.example');
});

test('a host that a proxy passed on is one value of Forwarded, whatever it holds (RFC 7239 section 4)', async t => {
  const seen = await told(t, ['127.0.0.0/8'], { 'x-forwarded-host': 'a;proto=https, for="6.6.6.6"\\' });
  assert.equal(seen.forwarded, 'for=127.0.0.1;host="a;proto=https, for=\\"6.6.6.6\\"\\\\";proto=http');
});
