// Redirects and cookies of an upstream that knows neither its public host nor its public path, through the gateway.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

/** Says in `Location` what the query asks for, with the host that it was sent for `HOST`. */
const backend = createServer((request, response) => {
  const { searchParams, pathname } = new URL(request.url ?? '/', 'http://backend');
  const location = (searchParams.get('to') ?? '').replace('HOST', request.headers.host ?? '');
  response.setHeader('X-Path', pathname);
  response.setHeader('Set-Cookie', ['a=1; Path=/admin', 'b=2; Domain=users.internal', 'c=3']);
  if (location !== '') response.setHeader('Location', location);
  response.writeHead(location === '' ? 200 : 302).end();
});

let gateway: RunningGateway;
let port = 0;

before(async () => {
  port = await listeningPort(backend);
  gateway = await startGateway(`accessLog: { path: off }
upstreams:
  users: { endpoints: ["http://127.0.0.1:${port}"], host: users.internal }
  plain: { endpoints: ["http://127.0.0.1:${port}"] }
filters:
  - reverseRewrite: { hosts: ["users.test:8080"] }
routes:
  - { name: users, match: { path: /api/* }, rewrite: { stripPrefix: /api }, to: users }
  - { name: named, match: { path: /named/* }, rewrite: { stripPrefix: /named, host: other.internal }, to: users }
  - { name: plain, match: { path: /plain/* }, rewrite: { stripPrefix: /plain }, to: plain }
  - { name: gone, match: { path: /gone }, to: { redirect: { url: "http://users.internal/x", status: 308 } } }
  - { name: path, match: { path: "/v1/{id}" }, rewrite: { path: "/v2/{id}" }, to: users }
`);
});

after(async () => {
  await gateway.stop();
  backend.closeAllConnections();
  backend.close();
});

async function locationOf(path: string, to: string): Promise<string | null> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}?to=${encodeURIComponent(to)}`, {
    redirect: 'manual',
  });
  assert.equal(answer.status, path === '/gone' ? 308 : 302);
  return answer.headers.get('location');
}

test('the host that the upstream was sent, that of its endpoint and those of the configuration are its own', async () => {
  assert.equal(await locationOf('/api/x', 'http://HOST/users/7?a=b'), '/api/users/7?a=b');
  assert.equal(await locationOf('/api/x', `http://127.0.0.1:${port}/users/7`), '/api/users/7');
  assert.equal(await locationOf('/api/x', 'https://users.test:8080/users/7'), '/api/users/7');
  assert.equal(await locationOf('/named/x', 'http://other.internal/users/7'), '/named/users/7');
  assert.equal(await locationOf('/plain/x', 'http://HOST/users/7'), '/plain/users/7');
  assert.equal(await locationOf('/api/x', '/users/7'), '/api/users/7');
});

test('other sites stay, and so do the redirects of the gateway and paths that `rewrite.path` made', async () => {
  assert.equal(await locationOf('/api/x', 'https://idp.example.com/login'), 'https://idp.example.com/login');
  assert.equal(await locationOf('/gone', ''), 'http://users.internal/x');
  assert.equal(await locationOf('/v1/7', 'http://users.internal/v2/8'), '/v2/8');
});

test('a client that follows the redirect arrives', async () => {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/api/x?to=http://HOST/users/7`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-path'), '/users/7');
});

test('cookies keep their order, and lose the domain that the client would refuse', async () => {
  const { headers } = await fetch(`http://127.0.0.1:${gateway.port}/api/x`);
  assert.deepEqual(headers.getSetCookie(), ['a=1; Path=/api/admin', 'b=2', 'c=3']);
});
