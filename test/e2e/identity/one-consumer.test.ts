// One consumer, whichever filter finds it: the same for the upstream, in the access log, in the metrics, and for the plan that limits it.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { hashPassword } from '../../../src/base/password-hash.ts';
import { startGateway } from '../../support/gateway.ts';
import { metric } from '../../support/metric.ts';
import { startNodeBackend } from '../../support/node-backend.ts';

const key = 'ck_of-one-consumer';
const password = 'a-password-of-one-consumer';
const secret = 'a-shared-secret-of-one-consumer-0123456789';

function token(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256' })}.${part({ aud: 'api', azp: 'acme', exp: Math.floor(Date.now() / 1_000) + 600 })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

test('a key, a password, a token, an opaque token and a service’s word are one consumer’s', async t => {
  const server = createServer((request, response) => {
    response.setHeader('x-who', 'acme');
    response.end(request.method === 'POST' ? '{"active":true,"client_id":"acme"}' : '');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const backend = await startNodeBackend();
  t.after(() => {
    server.closeAllConnections();
    server.close();
    return backend.stop();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // Because: it listens on TCP
  const route = (name: string, filter: string) =>
    `  - { name: ${name}, match: { path: /${name} }, filters: [{ ${filter} }, { rateLimit: { limit: 1/month, by: consumer, plan: true } }], to: service }\n`;
  const gateway = await startGateway(
    `accessLog: { path: stdout }
metrics: { consumers: 10 }
plans: { gold: { rate: 2/month } }
consumers: [{ name: acme, tenant: t-1, plan: gold, groups: [partners, eu], keys: [{ id: k1, hash: "sha256:${createHash('sha256').update(key).digest('hex')}" }] }]
upstreams: { service: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes:
${route('key', 'apiKey: {}')}${route('password', `basic: { users: [{ name: ann, password: "${await hashPassword(password)}", consumer: acme }] }`)}${route('token', `jwt: { audience: api, keys: { secret: "${secret}" }, consumer: { claim: azp } }`)}${route('opaque', `introspect: { url: "${url}", client: { id: gw, secret: "${secret}" }, consumer: { claim: client_id } }`)}${route('asked', `forwardAuth: { url: "${url}", consumer: x-who }`)}`,
    { workers: 2 },
  );
  const credentials: Record<string, Record<string, string>> = {
    key: { 'x-api-key': key },
    password: { authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` },
    token: { authorization: `Bearer ${token()}` },
    opaque: { authorization: 'Bearer an-opaque-token-of-acme' },
    asked: {},
  };
  for (const [route, headers] of Object.entries(credentials)) {
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) {
      const answer = await fetch(`http://127.0.0.1:${gateway.port}/${route}`, {
        headers: { ...headers, connection: 'close' },
      });
      await answer.text();
      statuses.push(answer.status);
    }
    assert.deepEqual(statuses, [200, 200, 429], `${route}: the plan’s rate`);
  }
  const requests = (kind: string) => metric(gateway, `cardea_consumer_requests_total{consumer="acme",class="${kind}"}`);
  assert.deepEqual([await requests('2xx'), await requests('4xx')], [10, 5]);
  const told = (await backend.seen()).map(({ headers }) =>
    ['X-Consumer-Name', 'X-Consumer-Tenant', 'X-Consumer-Plan', 'X-Consumer-Groups'].map(
      name => headers[headers.indexOf(name) + 1],
    ),
  );
  assert.deepEqual(told, new Array(10).fill(['acme', 't-1', 'gold', 'partners,eu']));
  await gateway.stop();
  const lines = gateway.stdout().trim().split('\n');
  const logged = lines.map(line => (JSON.parse(line) as { consumer?: string }).consumer);
  assert.deepEqual(logged, new Array(15).fill('acme'));
});
