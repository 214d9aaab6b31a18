// Checking a whole document: parts get their defaults, every error is reported at once, nothing is dropped silently.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { documentKeys, languageOf } from '../language.ts';
import { type KeptParts, noDocument } from '../load-cache.ts';
import { checkDocument } from './check-document.ts';
import { checkReferences } from './check-references.ts';
import { allRoutes } from './routes-to-check.ts';

const echo = { name: 'echo', schema: z.strictObject({ text: z.string().default('hi') }), documentation: 'Says it.' };
const language = languageOf([echo]);

const sound = {
  listeners: [{ address: '127.0.0.1:8080' }],
  upstreams: { users: { endpoints: ['http://10.0.0.1:8080'] } },
  routes: [{ name: 'users', to: 'users' }],
};

function check(settings: Readonly<Record<string, unknown>>, before: KeptParts = new Map()) {
  const outcome = checkDocument(settings, language, before);
  const references = checkReferences(
    settings,
    outcome.parts,
    [],
    path => path.join('.'),
    noDocument,
    allRoutes(outcome.parts),
  );
  return { ...outcome, problems: [...outcome.problems, ...references.problems] };
}

/** `path: message` of each error. */
function errors(settings: Readonly<Record<string, unknown>>): string[] {
  return check(settings)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const withRoute = (fields: object) => ({ ...sound, routes: [{ name: 'users', to: 'users', ...fields }] });

function onlyError(settings: Readonly<Record<string, unknown>>, path: string, message: RegExp): void {
  const found = errors(settings);
  assert.equal(found.length, 1, found.join('\n'));
  assert.ok(found[0]!.startsWith(`${path}: `), found[0]!);
  assert.match(found[0]!.slice(path.length + 2), message);
}

test('a small document gets every default that the design names', () => {
  const { parts, problems } = check(sound);
  assert.deepEqual(problems, []);
  assert.deepEqual(parts.admin, { enabled: true, host: '127.0.0.1', port: 9901, hosts: [] });
  assert.deepEqual(parts.accessLog, { path: 'stdout', sample: 1 });
  assert.equal(parts.drainTimeoutMs, 30_000);
  assert.equal(parts.limits?.requestLineBytesMax, 8_192);
  assert.equal(parts.limits?.headerBytesMax, 32_768);
  assert.deepEqual(parts.paths, { encodedSlash: 'reject', emptySegments: 'reject' });
  const [users] = parts.upstreams;
  assert.equal(users?.balance, 'p2c');
  assert.equal(users?.timeoutMs, 0);
  assert.equal(users?.tunnelIdleTimeoutMs, 3_600_000);
  assert.deepEqual(users?.pool, {
    maxConnections: 100,
    maxPending: 500,
    maxRequestsPerConnection: 0,
    maxStreams: 100,
    idleTimeoutMs: 60_000,
    connectTimeoutMs: 2_000,
  });
  const [route] = parts.routes;
  assert.equal(route?.match.path, '/*');
  assert.deepEqual(route?.to, { kind: 'upstream', upstream: 'users' });
  assert.equal(route?.timeoutMs, null);
});

test('a document without listeners is refused, also where the key stands with nothing behind it', () => {
  const { listeners: _, ...rest } = sound;
  onlyError(rest, '', /no `listeners`/);
  onlyError({ ...sound, listeners: null }, 'listeners', /at least one listener/);
  onlyError({ ...sound, listeners: [] }, 'listeners', /at least one listener/);
});

test('an unknown key is told with the nearest one', () => {
  onlyError(withRoute({ match: { pth: '/x' } }), 'routes.0.match.pth', /^unknown key "pth"; did you mean "path"\?$/);
  onlyError({ ...sound, upstream: {} }, 'upstream', /did you mean "upstreams"\?$/);
  onlyError(withRoute({ filters: [{ ecko: {} }] }), 'routes.0.filters.0.ecko', /did you mean "echo"\?$/);
  onlyError(withRoute({ filters: [{ echo: { txt: 'a' } }] }), 'routes.0.filters.0.echo.txt', /did you mean "text"\?$/);
});

test('what needs TLS is refused without', () => {
  const users = (fields: object) => ({ ...sound, upstreams: { users: { ...sound.upstreams.users, ...fields } } });
  onlyError(users({ protocol: 'h2' }), 'upstreams.users.protocol', /`h2` needs https/);
  const listener = { address: '127.0.0.1:8443' };
  onlyError(
    { ...sound, listeners: [{ ...listener, protocols: ['h2'] }] },
    'listeners.0.protocols.0',
    /`h2` needs `tls`/,
  );
});

test('a key that objects cannot hold in silence is refused wherever it stands', () => {
  const hidden = (text: string): object => JSON.parse(text);
  const reserved = /`__proto__` cannot be a key/;
  for (const part of ['headers', 'query', 'cookies', 'body']) {
    const match = { [part]: hidden('{"__proto__":"x"}') };
    onlyError(withRoute({ match }), `routes.0.match.${part}.__proto__`, reserved);
  }
  const to = { reply: { headers: hidden('{"__proto__":"x"}') } };
  onlyError(
    { listeners: sound.listeners, routes: [{ name: 'r', to }] },
    'routes.0.to.reply.headers.__proto__',
    reserved,
  );
  onlyError(withRoute(hidden('{"__proto__":{"public":true}}')), 'routes.0.__proto__', reserved);
});

test('one error hides none of the others', () => {
  const found = errors({
    ...sound,
    drainTimeout: 'soon',
    limits: { headerCount: -1 },
    routes: [
      { name: 'a', to: 'nobody' },
      { name: 'a', to: 'users', tmeout: '1s' },
    ],
  });
  for (const start of [
    'drainTimeout: ',
    'limits.headerCount: ',
    'routes.0.to: ',
    'routes.1.tmeout: ',
    'routes.1.name: ',
  ]) {
    assert.ok(
      found.some(text => text.startsWith(start)),
      `${start}\n${found.join('\n')}`,
    );
  }
  assert.equal(found.length, 5);
});

test('a consumer may have the name that its token or certificate gives it', () => {
  for (const name of ['ann@example.com', 'a+b@example.com', 'auth0|5f7c', 'spiffe://acme/ns/x', 'app-1']) {
    assert.deepEqual(check({ ...sound, consumers: [{ name }] }).problems, [], name);
  }
  for (const name of ['two words', 'a,b', '@a', 'a"b', 'x'.repeat(129)]) {
    assert.match(check({ ...sound, consumers: [{ name }] }).problems[0]?.message ?? '', /^expected a name/, name);
  }
});

test('parts refer to names that exist, once', () => {
  onlyError({ ...sound, routes: [{ name: 'r', to: 'user' }] }, 'routes.0.to', /did you mean "users"\?$/);
  const consumers = [{ name: 'acme', plan: 'gild' }];
  onlyError({ ...sound, plans: { gold: { rate: '1/s' } }, consumers }, 'consumers.0.plan', /did you mean "gold"\?$/);
  onlyError({ ...sound, consumers: [{ name: 'a' }, { name: 'a' }] }, 'consumers.1.name', /consumers\.0\.name/);
  const { problems } = check({ ...sound, routes: [] });
  assert.deepEqual(
    problems.map(({ severity }) => severity),
    ['warning', 'warning'],
  );
});

test('a consumer that gets the canary and is not listed is a warning, since keys of a store may belong to it', () => {
  const consumers = [{ name: 'acme' }];
  const upstreams = { old: { endpoints: ['http://127.0.0.1:1'] }, new: { endpoints: ['http://127.0.0.1:2'] } };
  const canary = { upstream: 'new', always: { consumers: ['acme', 'acmee'] } };
  const { problems } = check({ ...sound, upstreams, consumers, routes: [{ name: 'r', to: 'old', canary }] });
  const found = problems.map(({ path, message, severity }) => [path.join('.'), message.split(':')[0], severity]);
  assert.deepEqual(found, [['routes.0.canary.always.consumers.1', 'there is no consumer "acmee"', 'warning']]);
});

test('a condition of `always` that no request can meet is refused, as in `match`', () => {
  const withAlways = (always: object) => withRoute({ canary: { upstream: 'next', always } });
  const at = 'routes.0.canary.always';
  const next = { next: { endpoints: ['http://10.0.0.2:8080'] } };
  const told = (always: object) => errors({ ...withAlways(always), upstreams: { ...sound.upstreams, ...next } });
  assert.match(
    told({ headers: { 'x-name': 'M\u00fcller' } }).join(),
    new RegExp(`^${at}.headers.x-name: header fields are bytes`),
  );
  assert.match(told({ headers: { 'x-name': ' a' } }).join(), new RegExp(`^${at}.headers.x-name: no header field`));
  assert.match(told({ cookies: { group: 'a b' } }).join(), new RegExp(`^${at}.cookies.group: no cookie has`));
  assert.deepEqual(told({ headers: { 'x-name': '~M\\xC3\\xBCller' }, cookies: { group: 'beta' } }), []);
});

test('`:8080` takes the port of both families, so no wildcard stands beside it; an address of its own may', () => {
  const on = (...addresses: string[]) => ({ ...sound, listeners: addresses.map(address => ({ address })) });
  for (const beside of [':80', '0.0.0.0:80', '[::]:80']) {
    onlyError(on(':80', beside), 'listeners.1.address', /two listeners have the address :80;/);
    onlyError(on(beside, ':80'), 'listeners.1.address', /two listeners have the address :80;/);
  }
  assert.deepEqual(errors(on(':80', ':81', '127.0.0.1:80', '[::1]:80')), []);
  assert.deepEqual(errors(on('0.0.0.0:80', '[::]:80', ':0', ':0')), []);
});

test('two listeners on one address are refused however it is written, and port 0 may stand twice', () => {
  const on = (...addresses: string[]) => ({ ...sound, listeners: addresses.map(address => ({ address })) });
  onlyError(on('127.0.0.1:80', '127.0.0.1:80'), 'listeners.1.address', /listeners\.0\.address/);
  onlyError(on('[::]:80', '[0::0]:80'), 'listeners.1.address', /listeners\.0\.address/);
  onlyError(on('[2001:DB8::1]:80', '[2001:db8:0::1]:80'), 'listeners.1.address', /listeners\.0\.address/);
  assert.deepEqual(errors(on('127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:80', '[::1]:80')), []);
});

test('what is the same object as before is not checked again, and what is checked is frozen to its leaves', () => {
  const first = check(sound);
  const changed = { ...sound, routes: [...sound.routes, { name: 'more', to: 'users' }] };
  const second = check(changed, first.byKey);
  assert.equal(second.parts.routes[0], first.parts.routes[0]);
  assert.equal(second.parts.upstreams[0], first.parts.upstreams[0]);
  const again = check(structuredClone(changed), first.byKey);
  assert.notEqual(again.parts.routes[0], first.parts.routes[0]);
  assert.deepEqual(again.parts, second.parts);
  for (const part of [first.parts.routes[0], first.parts.upstreams[0], first.parts.limits]) assertFrozen(part);
});

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value));
  for (const inner of Object.values(value)) assertFrozen(inner);
}

test('a number that is none, as YAML writes it, is told as what it is', () => {
  const problem = check({ admin: Number.NaN }).problems.find(({ path }) => path[0] === 'admin');
  assert.match(problem?.message ?? '', /^expected a map .*, found NaN$/);
});

test('a map that no check of a length can ask about is told where it stands', () => {
  const length = { valueOf: 1, toString: 2 };
  assert.deepEqual(
    check({ ...sound, zone: { length } }).problems.map(({ path, message }) => [path, message]),
    [[['zone'], 'expected text or a list, found a map']],
  );
});

test('no value makes the check throw, and each problem leads to a place in the document or to a missing key there', () => {
  const anything = fc.anything({ withNullPrototype: true, maxDepth: 4 });
  const resource = fc.dictionary(
    fc.constantFrom(
      'name',
      'to',
      'match',
      'rewrite',
      'filters',
      'sticky',
      'endpoints',
      'hashOn',
      'address',
      'keys',
      '__proto__',
    ),
    anything,
  );
  const part = fc.oneof(anything, fc.array(resource), fc.dictionary(fc.string(), resource));
  const document = fc.dictionary(fc.constantFrom(...documentKeys, 'tls', 'rutes'), part);
  fc.assert(
    fc.property(document, settings => {
      for (const { path, message } of check(settings).problems) {
        assert.notEqual(message, '');
        let at: unknown = settings;
        for (const step of path.slice(0, -1)) {
          assert.ok(typeof at === 'object' && at !== null && Object.hasOwn(at, step), `${path.join('.')}: ${message}`);
          at = (at as Readonly<Record<string, unknown>>)[step];
        }
      }
    }),
    { numRuns: 500 },
  );
});
