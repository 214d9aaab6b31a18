// `cardea explain` reports about a request what a gateway does with it, over HTTP/1.1 and over HTTP/2.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { explain } from '../../../src/cli/explain.ts';
import { hasAnswers, readAnswers } from '../../support/answers.ts';
import { runHere } from '../../support/command-here.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { H2Client } from '../../support/h2-client.ts';
import { sendRaw } from '../../support/raw-client.ts';

const routes: readonly (readonly [name: string, match: string])[] = [
  ['user', '{ host: api.example.com, path: "/users/{id}", methods: [GET, DELETE] }'],
  ['wild', '{ host: "*.example.com", path: /users/* }'],
  ['loopback', '{ host: "[::1]", path: /* }'],
  ['beta', '{ path: /search, query: { beta: "1" } }'],
  ['two words', '{ path: /search, query: { q: two words } }'],
  ['search', '{ path: /search }'],
  ['version', '{ path: /api, headers: { x-version: "2" } }'],
  ['unversioned', '{ path: /api, headers: { x-version: false } }'],
  ['group', '{ path: /shop, cookies: { group: canary } }'],
  ['visitor', '{ path: /shop, cookies: { group: false } }'],
  ['order', '{ path: /events, body: { $.type: order } }'],
  ['event', '{ path: /events }'],
  ['posted', '{ path: /posted, methods: [POST], body: { "$.items[0]": true } }'],
  ['spaced', '{ path: "/a b" }'],
  ['cafe', '{ path: "/café/{name}" }'],
  ['proxied', '{ path: /proxied, headers: { x-forwarded-proto: https } }'],
  ['unnamed', '{ path: /unnamed, headers: { x-consumer-name: false } }'],
];

let gateway: RunningGateway;
before(async () => {
  gateway = await startGateway(`listeners:
  - { address: "127.0.0.1:{{port}}", protocols: [http/1.1, h2c] }
admin: { address: "127.0.0.1:{{adminPort}}" }
filters:
  - headers: { response: { set: { x-route: "\${route}" } } }
routes:
${routes.map(([name, match]) => `  - { name: ${name.replace(' ', '-')}, match: ${match}, to: { reply: { status: 200 } } }`).join('\n')}
  - { name: keyed, match: { path: /keyed }, filters: [{ apiKey: {} }], to: { reply: { status: 200 } } }
`);
});
after(() => gateway.stop());

interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly target: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** Status, route and `Allow`; an empty string where there is none. */
type Outcome = readonly [status: number, route: string, allow: string];

async function overHttp1({ method = 'GET', host = 'a.test', target, fields = [], body = '' }: Asked): Promise<Outcome> {
  const length: [string, string][] = body === '' ? [] : [['content-length', String(Buffer.byteLength(body))]];
  const lines = [['host', host], ...fields, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  const { received } = await sendRaw(gateway.port, [`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`], {
    enough: hasAnswers(1, [method]),
    quietMs: 0,
  });
  const [answer] = readAnswers(received, [method]);
  const field = (name: string) => answer?.headers.get(name)?.[0] ?? '';
  return [answer?.status ?? 0, field('x-route'), field('allow')];
}

async function overHttp2({ method = 'GET', host = 'a.test', target, fields = [], body = '' }: Asked): Promise<Outcome> {
  const client = await H2Client.open(gateway.port);
  const head = [[':method', method] as const, [':scheme', 'http'] as const, [':authority', host] as const];
  client.headers(1, [...head, [':path', target], ...fields], body === '');
  if (body !== '') client.data(1, body, true);
  const { status, headers } = await client.answer(1);
  client.close();
  const field = (name: string) => headers.find(([each]) => each === name)?.[1] ?? '';
  return [status, field('x-route'), field('allow')];
}

const statuses: Readonly<Record<string, number>> = {
  routed: 200,
  options: 204,
  path_refused: 400,
  method_not_implemented: 501,
  route_not_found: 404,
  method_not_allowed: 405,
};

async function explained({ method = 'GET', host = 'a.test', target, fields = [], body }: Asked): Promise<Outcome> {
  const headers = fields.flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const given = method === 'GET' && body === undefined ? [] : ['--body', body ?? 'null'];
  const { said } = await runHere(
    explain,
    ...['-c', gateway.configPath, '--json', method, `http://${host}${target}`, ...headers, ...given],
  );
  const { outcome, route, detail } = JSON.parse(said);
  return [statuses[outcome] ?? 0, route ?? '', /Allow: (.*)$/.exec(detail)?.[1] ?? ''];
}

const api = 'api.example.com';
const cases: readonly Asked[] = [
  ...['/users/7', '/%75sers/%37', '/x/../users/./7', '/users/a%2fb', '/users//7', '/users/a%20b', '/users/%zz'].map(
    target => ({ host: api, target }),
  ),
  ...['/a%20b', '/caf%c3%a9/x', '/caf%C3%A9/%E2%82%AC', '/users/..;/x', '/../x', '/a;b'].map(target => ({ target })),
  ...['API.Example.COM:8080', 'api.example.com.', 'shop.example.com:443', 'example.com', '[::1]:80', '[::1]'].map(
    host => ({ host, target: '/users/7' }),
  ),
  ...['beta=1', 'be%74a=%31', 'beta=0&beta=1', 'beta=', 'q=two+words', 'q=two%20words', 'q=two%2Bwords', ''].map(
    query => ({ target: `/search?${query}` }),
  ),
  ...[['2'], ['1', '2'], ['1'], ['1, 2'], [' 2 '], []].map(values => ({
    target: '/api',
    fields: values.map(value => ['x-version', value.trim()] as const),
  })),
  ...[
    ['group=canary'],
    ['a=1; group=canary'],
    ['a=1', 'group=canary'],
    ['group="canary"'],
    ['a=1'],
    ['group=x'],
    [],
  ].map(values => ({ target: '/shop', fields: values.map(value => ['cookie', value] as const) })),
  { target: '/events' },
  { target: '/events', method: 'HEAD' },
  ...['{"type":"order"}', '{"type":"other"}', '["order"]', '"order"', '{}'].map(body => ({
    ...{ target: '/events', method: 'POST' },
    body,
  })),
  { target: '/posted', method: 'POST' },
  ...['{"items":[true]}', '{"items":["true"]}', '{"items":true}'].map(body => ({
    ...{ target: '/posted', method: 'POST' },
    body,
  })),
  { target: '/unnamed', fields: [['x-consumer-name', 'acme']] },
  { target: '/proxied', fields: [['x-forwarded-proto', 'https']] },
  { target: '/nowhere' },
  ...['HEAD', 'PUT', 'OPTIONS', 'DELETE'].map(method => ({ host: api, target: '/users/7', method })),
  ...['HEAD', 'PUT', 'OPTIONS'].map(method => ({ target: '/posted', method })),
];

for (const asked of cases) {
  const { method = 'GET', host = '', target, fields = [], body = '' } = asked;
  test(`${method} ${host}${target} ${fields.map(field => field.join(': ')).join(', ')} ${body}`.trimEnd(), async () => {
    const told = await explained(asked);
    assert.deepEqual(await overHttp1(asked), told, 'HTTP/1.1');
    assert.deepEqual(await overHttp2(asked), told, 'HTTP/2');
  });
}
