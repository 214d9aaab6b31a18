// Preflights and responses as browsers see them (Fetch standard, section 3.3).

import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import {
  type Answer,
  ask,
  type FilterGatewayOptions,
  startFilterGateway,
  valuesOf,
  written,
} from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { corsFilter } from './filter.ts';
import { OriginList } from './origin-list.ts';

interface TestContext {
  after(fn: () => Promise<void>): void;
}

const app = 'https://app.example.com';

async function start(t: TestContext, config: unknown, backend?: RequestListener, options?: FilterGatewayOptions) {
  const gateway = await startFilterGateway(
    [written(corsFilter, schema, config)],
    backend ?? ((request, response) => response.end(`upstream: ${request.method}`)),
    options,
  );
  t.after(() => gateway.stop());
  return gateway.port;
}

function preflight(port: number, origin: string, more: Record<string, string> = {}): Promise<Answer> {
  const headers = { origin, 'access-control-request-method': 'PUT', ...more };
  return ask(port, { method: 'OPTIONS', path: '/x', headers });
}

const corsFields = (answer: Answer) => Object.keys(answer.headers).filter(field => field.startsWith('access-control-'));
const variesBy = (answer: Answer) =>
  valuesOf(answer, 'vary').flatMap(value => value.split(',').map(field => field.trim().toLowerCase()));

test('a preflight from an allowed origin is answered by the gateway', async t => {
  const port = await start(t, { origins: [app], methods: ['GET', 'PUT'], headers: ['X-A', 'X-B'], maxAge: '1h' });
  const answer = await preflight(port, app);
  assert.equal(answer.status, 204);
  assert.equal(answer.body.length, 0);
  assert.equal(answer.headers['access-control-allow-origin'], app);
  assert.equal(answer.headers['access-control-allow-methods'], 'GET, PUT');
  assert.equal(answer.headers['access-control-allow-headers'], 'X-A, X-B');
  assert.equal(answer.headers['access-control-max-age'], '3600');
  assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  assert.deepEqual(variesBy(answer), ['origin', 'access-control-request-method', 'access-control-request-headers']);
});

test('on a route that does not serve OPTIONS too', async t => {
  const port = await start(t, { origins: [app] }, undefined, { methods: ['PUT'] });
  assert.equal((await preflight(port, app)).headers['access-control-allow-origin'], app);
});

test('a preflight from elsewhere gets no permission, and Vary all the same', async t => {
  const port = await start(t, { origins: [app] });
  for (const origin of ['https://evil.com', 'http://app.example.com', `${app}:8443`, `${app}.evil.com`, 'null', '']) {
    const answer = await preflight(port, origin);
    assert.equal(answer.status, 204, origin);
    assert.deepEqual(corsFields(answer), [], origin);
    assert.ok(variesBy(answer).includes('origin'));
  }
});

test('an OPTIONS request that is no preflight goes upstream', async t => {
  const port = await start(t, { origins: [app] });
  const answer = await ask(port, { method: 'OPTIONS', headers: { origin: app } });
  assert.equal(answer.body.toString(), 'upstream: OPTIONS');
  assert.equal(answer.headers['access-control-allow-origin'], app);
});

test('an answer to an allowed origin may be read, others go out without permission', async t => {
  const port = await start(t, {
    origins: [app, 'https://*.example.org'],
    credentials: true,
    exposeHeaders: ['X-Total'],
  });
  const allowed = await ask(port, { headers: { origin: 'https://a.b.example.org' } });
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://a.b.example.org');
  assert.equal(allowed.headers['access-control-allow-credentials'], 'true');
  assert.equal(allowed.headers['access-control-expose-headers'], 'X-Total');
  assert.deepEqual(variesBy(allowed), ['origin']);
  for (const headers of [{ origin: 'https://evil.com' }, {}]) {
    const other = await ask(port, { headers });
    assert.equal(other.body.toString(), 'upstream: GET');
    assert.deepEqual(corsFields(other), []);
    assert.deepEqual(variesBy(other), ['origin']);
  }
});

test('what the upstream says of CORS is replaced, its Vary kept', async t => {
  const port = await start(t, { origins: [app] }, (_, response) => {
    response.writeHead(200, [
      ...['Access-Control-Allow-Origin', '*', 'Access-Control-Allow-Credentials', 'true'],
      ...['Access-Control-Expose-Headers', 'X-Secret', 'Vary', 'Accept', 'X-Kept', '1'],
    ]);
    response.end();
  });
  const answer = await ask(port, { headers: { origin: app } });
  assert.deepEqual(valuesOf(answer, 'access-control-allow-origin'), [app]);
  assert.deepEqual(corsFields(answer), ['access-control-allow-origin']);
  assert.deepEqual(variesBy(answer), ['accept', 'origin']);
  assert.equal(answer.headers['x-kept'], '1');
  assert.deepEqual(corsFields(await ask(port, { headers: { origin: 'https://evil.com' } })), []);
});

test('all origins: a star, no Vary, and headers as asked for', async t => {
  const port = await start(t, { origins: ['*'] });
  const answer = await ask(port, { headers: { origin: 'https://anyone.net' } });
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.deepEqual(variesBy(answer), []);
  const asked = { 'access-control-request-headers': 'authorization, x-b' };
  assert.equal(
    (await preflight(port, 'https://anyone.net', asked)).headers['access-control-allow-headers'],
    'authorization, x-b',
  );
  const odd = { 'access-control-request-headers': 'a b; <script>' };
  assert.equal((await preflight(port, 'https://anyone.net', odd)).headers['access-control-allow-headers'], undefined);
});

test('a private network is opened when configured and asked for', async t => {
  const asked = { 'access-control-request-private-network': 'true' };
  const open = await start(t, { origins: [app], privateNetwork: true });
  assert.equal((await preflight(open, app, asked)).headers['access-control-allow-private-network'], 'true');
  assert.equal((await preflight(open, app)).headers['access-control-allow-private-network'], undefined);
  const closed = await start(t, { origins: [app] });
  assert.equal((await preflight(closed, app, asked)).headers['access-control-allow-private-network'], undefined);
});

test('refusals of the gateway can be read by the page', async t => {
  const port = await start(t, { origins: [app] }, request => request.socket.destroy());
  const answer = await ask(port, { headers: { origin: app } });
  assert.equal(answer.status, 502);
  assert.equal(answer.headers['access-control-allow-origin'], app);
});

test('the star stands for labels and nothing else', () => {
  const list = new OriginList(['https://*.example.com', 'http://*.local:3000', 'https://exact.net']);
  for (const origin of [
    'https://a.example.com',
    'https://a-1.b.example.com',
    'http://x.local:3000',
    'https://exact.net',
  ]) {
    assert.ok(list.has(origin), origin);
  }
  for (const origin of [
    'https://example.com',
    'https://.example.com',
    'https://a..example.com',
    'https://evil.com/.example.com',
    'https://evil.com?.example.com',
    'https://user@evil.com#.example.com',
    'https://a.example.com:8443',
    'https://a.example.com.evil.net',
    'https://aexample.com',
    'http://a.example.com',
    'http://x.local',
    'https://EXACT.net',
    'https://',
    '*',
  ]) {
    assert.ok(!list.has(origin), origin);
  }
});

test('what cannot work is refused, with the reason', () => {
  const messageOf = (config: unknown) => schema.safeParse(config).error?.issues[0]?.message ?? 'accepted';
  assert.match(messageOf({ origins: ['*'], maxAge: 7200 }), /seconds, minutes or hours such as 600s, .*, found 7200$/);
  assert.match(messageOf({ origins: ['*'], credentials: true }), /any web page act as its visitor/);
  assert.match(messageOf({ origins: [] }), /at least one/);
  assert.match(messageOf({ origins: ['null'] }), /sandboxed/);
  assert.match(messageOf({ origins: [`${app}/`] }), /no path: write "https:\/\/app\.example\.com"/);
  assert.match(messageOf({ origins: ['https://a.com:443'] }), /default port/);
  assert.match(messageOf({ origins: ['https://App.com'] }), /lower case/);
  for (const origin of ['app.example.com', 'https://a.*.com', 'https://*', 'https://', '**', 'https://a b']) {
    assert.match(messageOf({ origins: [origin] }), /expected an origin/, origin);
  }
  assert.match(messageOf({ origins: [app], methods: ['GE T'] }), /expected a name/);
  assert.match(messageOf({ origins: [app], maxAge: '5' }), /600s/);
  for (const origin of [
    'http://localhost:3000',
    'http://[::1]:3000',
    'capacitor://localhost',
    'https://*.example.com:8443',
  ]) {
    assert.equal(messageOf({ origins: [origin] }), 'accepted', origin);
  }
});
