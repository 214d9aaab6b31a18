// Redirects to https: where to, and which requests pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import { sendRaw } from '../../../test/support/raw-client.ts';
import { placeProblems, schema } from './config.ts';
import { httpsRedirectFilter } from './filter.ts';

/** A gateway whose client is a trusted proxy, which says by X-Forwarded-Proto whether TLS was used. */
async function start(t: { after(fn: () => Promise<void>): void }, config: unknown = {}) {
  let served = 0;
  const gateway = await startFilterGateway(
    [written(httpsRedirectFilter, schema, config)],
    (_, response) => {
      served++;
      response.end('in');
    },
    { trustedProxies: ['127.0.0.0/8'] },
  );
  t.after(() => gateway.stop());
  return {
    port: gateway.port,
    get served() {
      return served;
    },
    async locationOf(path: string, headers: Readonly<Record<string, string>> = {}) {
      const answer = await ask(gateway.port, { path, headers: { host: 'Shop.example.com:8080', ...headers } });
      return `${answer.status} ${valuesOf(answer, 'location').join()}`;
    },
  };
}

test('plain text is sent to the same host, path and query, without the port it came to', async t => {
  const gateway = await start(t);
  assert.equal(await gateway.locationOf('/a/b?c=1&d=%20'), '308 https://shop.example.com/a/b?c=1&d=%20');
  assert.equal(await gateway.locationOf('/a/../%41%2Fb'), '308 https://shop.example.com/A%2Fb');
  assert.equal(await gateway.locationOf('/a"b?<c>|{d}'), '308 https://shop.example.com/a%22b?%3Cc%3E%7C%7Bd%7D');
  assert.equal(gateway.served, 0);
});

test('TLS passes, also where a trusted proxy ended it', async t => {
  const gateway = await start(t);
  assert.equal(await gateway.locationOf('/', { 'x-forwarded-proto': 'https' }), '200 ');
  assert.equal(await gateway.locationOf('/', { 'x-forwarded-proto': 'http' }), '308 https://shop.example.com/');
});

test('status and port', async t => {
  const gateway = await start(t, { status: 301, port: 8443 });
  assert.equal(await gateway.locationOf('/a'), '301 https://shop.example.com:8443/a');
});

test('an exception is served in plain text', async t => {
  const gateway = await start(t, { except: { routes: ['test'] } });
  assert.equal(await gateway.locationOf('/a'), '200 ');
});

test('a request without a Host gets no address', async t => {
  const gateway = await start(t);
  const { received } = await sendRaw(gateway.port, ['GET / HTTP/1.0\r\n\r\n']);
  const text = received.toString();
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.match(text, /"invalid_host"/);
  assert.doesNotMatch(text, /location/i);
});

test('an exception for a route that does not exist is told', () => {
  const config = schema.parse({ except: { routes: ['health', 'helth'] } });
  assert.deepEqual(placeProblems(config, { routes: new Set(['health']) }), [
    { path: ['except', 'routes', 1], message: 'there is no route "helth"', absentFrom: 'routes' },
  ]);
});
