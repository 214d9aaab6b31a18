// The route table agrees with the reference implementation of the rules, over random tables and requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Headers } from '../http/headers.ts';
import { explainRoutes } from './explain.ts';
import type { MatchSpec } from './match.ts';
import { matchSpec, methodNames, routable } from './random-tables.fixture.ts';
import { referenceFind, referenceMatches, serves } from './reference-router.fixture.ts';
import type { Routable } from './routable.ts';
import { needsBody, type RouteTable } from './route-table.ts';
import { RouteTableBuilder } from './route-table-builder.ts';

function tableOf(specs: readonly MatchSpec[]): RouteTable<number> {
  const builder = new RouteTableBuilder<number>();
  for (const [value, match] of specs.entries()) builder.add({ name: `r${value}`, match, value });
  return builder.finish().table;
}

function spec(path: string, more: Partial<MatchSpec> = {}): MatchSpec {
  return { hosts: [], path, methods: [], headers: [], query: [], cookies: [], body: [], ...more };
}

function get(path: string, more: Partial<Routable> = {}): Routable {
  return { method: 'GET', host: 'a.com', path, query: '', headers: Headers.empty(), ...more };
}

/** The index of the route that `find` returns; -1 for none. */
function indexOf(table: RouteTable<number>, request: Routable): number {
  const found = table.find(request);
  assert.notEqual(found, needsBody);
  return found === null || found === needsBody ? -1 : found.value;
}

test('find, allowedMethods, preflight and explain agree with the reference over random tables', () => {
  let hits = 0;
  let misses = 0;
  fc.assert(
    fc.property(
      fc.array(matchSpec, { maxLength: 25, size: 'max' }),
      fc.array(routable, { minLength: 20, maxLength: 30, size: 'max' }),
      (specs, requests) => {
        const table = tableOf(specs);
        for (const request of requests) {
          const expected = referenceFind(specs, request);
          if (expected === -1) misses++;
          else hits++;
          assert.equal(indexOf(table, request), expected, JSON.stringify(request));
          const winner = explainRoutes(table, request).find(each => each.outcome === 'wins');
          assert.equal(winner?.index ?? -1, expected);
          const allowed = [...methodNames, 'DELETE'].filter(
            method => referenceFind(specs, { ...request, method }) !== -1,
          );
          if (expected === -1) assert.deepEqual(table.allowedMethods(request), allowed.sort());
          const preflight = table.findForPreflight({ ...request, method: 'OPTIONS' }, request.method);
          assert.equal(preflight === null || preflight === needsBody ? -1 : preflight.value, expected);
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(hits > 10_000 && misses > 10_000, `${hits} hits, ${misses} misses`);
});

test('without a body, find says that it needs one exactly when a body condition stands before the winner', () => {
  let needed = 0;
  fc.assert(
    fc.property(
      fc.array(matchSpec, { maxLength: 20, size: 'max' }),
      fc.array(routable, { minLength: 10, maxLength: 10 }),
      (specs, requests) => {
        const table = tableOf(specs);
        const bodiless = specs.map(each => ({ ...each, body: [] }));
        for (const { body: _, ...request } of requests) {
          const found = table.find(request);
          // The reference's result if every condition on the body held: the conditions are not tested, but count as weight.
          const first = weighted(specs, bodiless, request);
          if (first !== -1 && specs[first]!.body.length > 0) needed++;
          if (first === -1) assert.equal(found, null);
          else if (specs[first]!.body.length > 0) assert.equal(found, needsBody);
          else assert.equal(found === null || found === needsBody ? -1 : found.value, first);
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(needed > 200, `${needed}`);
});

/** The reference's winner with each body condition replaced by one that always holds: the absence of a header that no request has. */
function weighted(specs: readonly MatchSpec[], bodiless: readonly MatchSpec[], request: Routable): number {
  const alike = bodiless.map((each, i) => ({
    ...each,
    headers: [...each.headers, ...specs[i]!.body.map(() => ({ name: 'x-never', match: { kind: 'absent' as const } }))],
  }));
  return referenceMatches(alike, request).find(index => serves(specs[index]!, request.method)) ?? -1;
}

/** Random routes, followed by copies of some of them, as they are or with fewer hosts, methods, listeners or clients. */
const withRepetitions = fc
  .tuple(
    fc.array(matchSpec, { minLength: 1, maxLength: 10 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(4)), { maxLength: 4 }),
  )
  .map(([specs, copies]) => [
    ...specs,
    ...copies.map(([from, change]) => {
      const copied = specs[from % specs.length]!;
      if (change === 0) return { ...copied, hosts: copied.hosts.slice(0, 1) };
      if (change === 1) return { ...copied, methods: copied.methods.slice(1) };
      if (change === 2) return { ...copied, listeners: copied.listeners?.slice(0, 1) };
      return change === 3 ? { ...copied, clients: copied.clients?.map(narrower) } : copied;
    }),
  ]);

function narrower(block: string): string {
  return block === '10.0.0.0/8' ? '10.1.0.0/16' : block === '0.0.0.0/0' ? '192.168.0.0/16' : block;
}

test('a reported conflict is a route that never wins, and every plain one is reported', () => {
  let reported = 0;
  fc.assert(
    fc.property(withRepetitions, fc.array(routable, { minLength: 60, maxLength: 60 }), (specs, requests) => {
      const builder = new RouteTableBuilder<number>();
      for (const [value, match] of specs.entries()) builder.add({ name: `r${value}`, match, value });
      const { table, problems } = builder.finish();
      const dead = new Set(problems.map(each => each.routeIndex));
      reported += dead.size;
      for (const request of requests) assert.ok(!dead.has(indexOf(table, request)));
      specs.forEach((later, i) => {
        const shadowed = specs.slice(0, i).some(earlier => shadows(earlier, later));
        if (shadowed) assert.ok(dead.has(i), JSON.stringify(specs));
      });
    }),
    { numRuns: 1500 },
  );
  assert.ok(reported > 500, `${reported}`);
});

/** Conflicts that must be reported: the same path apart from names, a subset of hosts, methods, listeners and clients, the same conditions. */
function shadows(earlier: MatchSpec, later: MatchSpec): boolean {
  const shape = ({ path }: MatchSpec) =>
    path.startsWith('~') ? path : path.replace(/\{[a-z]+\*\}$/, '*').replace(/\{[a-z]+\}/g, '{}');
  const hostsOf = ({ hosts }: MatchSpec) => (hosts.length === 0 ? ['*'] : hosts);
  const rest = ({ headers, query, cookies, body }: MatchSpec) => JSON.stringify([headers, query, cookies, body]);
  return (
    shape(earlier) === shape(later) &&
    rest(earlier) === rest(later) &&
    hostsOf(later).every(host => hostsOf(earlier).includes(host)) &&
    (earlier.methods.length === 0) === (later.methods.length === 0) &&
    later.methods.every(method => serves(earlier, method)) &&
    (earlier.listeners === undefined) === (later.listeners === undefined) &&
    (later.listeners ?? []).every(name => earlier.listeners?.includes(name)) &&
    (earlier.clients === undefined) === (later.clients === undefined) &&
    (later.clients ?? []).every(block => earlier.clients?.some(wider => wider === block || narrower(wider) === block))
  );
}

test('a route that names listeners holds at those only, and wins there over one that names none', () => {
  const table = tableOf([
    spec('/a'),
    spec('/a', { listeners: ['internal', 'partners'] }),
    spec('/b', { listeners: ['internal'] }),
  ]);
  const at = (listener: string) => ({ arrival: { listener, client: '10.0.0.1' } });
  assert.equal(indexOf(table, get('/a')), 0);
  assert.equal(indexOf(table, get('/a', at('public'))), 0);
  assert.equal(indexOf(table, get('/a', at(''))), 0);
  assert.equal(indexOf(table, get('/a', at('partners'))), 1);
  assert.equal(indexOf(table, get('/b', at('internal'))), 2);
  assert.equal(indexOf(table, get('/b', at('public'))), -1);
  assert.equal(indexOf(table, get('/b')), -1);
});

test('methods are allowed only where their routes hold: 405 at one listener is 404 at another', () => {
  const table = tableOf([
    spec('/a', { methods: ['POST'], listeners: ['internal'] }),
    spec('/a', { methods: ['PUT'], clients: ['10.0.0.0/8'] }),
  ]);
  const from = (listener: string, client: string) => get('/a', { arrival: { listener, client } });
  assert.deepEqual(table.allowedMethods(from('internal', '10.0.0.1')), ['POST', 'PUT']);
  assert.deepEqual(table.allowedMethods(from('internal', '8.8.8.8')), ['POST']);
  assert.deepEqual(table.allowedMethods(from('public', '8.8.8.8')), []);
  assert.equal(table.findForPreflight(from('public', '8.8.8.8'), 'POST'), null);
});

test('routes for clients hold for the addresses of their blocks, in every spelling', () => {
  const table = tableOf([spec('/a', { clients: ['10.0.0.0/8', '2001:db8::/32'] })]);
  const from = (client: string) => indexOf(table, get('/a', { arrival: { listener: '', client } }));
  for (const client of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8:0:0::1']) assert.equal(from(client), 0, client);
  for (const client of ['11.0.0.1', '2001:db9::1', '', 'unknown']) assert.equal(from(client), -1, client);
});

test('a look-up needs to know how a request came in only if a route asks', () => {
  assert.equal(tableOf([spec('/a')]).readsArrival, false);
  assert.equal(tableOf([spec('/a'), spec('/b', { listeners: ['internal'] })]).readsArrival, true);
  assert.equal(tableOf([spec('/a'), spec('/b', { clients: ['::1'] })]).readsArrival, true);
});

test('routes of different listeners or clients do not conflict; a narrower block behind a wider one does', () => {
  const conflicts = (...matches: Partial<MatchSpec>[]) => {
    const builder = new RouteTableBuilder<number>();
    for (const [value, more] of matches.entries()) builder.add({ name: `r${value}`, match: spec('/a', more), value });
    return builder.finish().problems.map(({ routeIndex, otherIndex }) => [routeIndex, otherIndex]);
  };
  assert.deepEqual(conflicts({ listeners: ['a'] }, { listeners: ['b'] }, {}), []);
  assert.deepEqual(conflicts({ listeners: ['a', 'b'] }, { listeners: ['b'] }), [[1, 0]]);
  assert.deepEqual(conflicts({ listeners: ['a'] }, { listeners: ['b'] }, { listeners: ['b', 'a'] }), [[2, 1]]);
  assert.deepEqual(conflicts({ listeners: ['a'] }, { listeners: ['a', 'b'] }), []);
  assert.deepEqual(conflicts({ clients: ['10.0.0.0/8'] }, { clients: ['10.1.0.0/16', '10.2.3.4'] }), [[1, 0]]);
  assert.deepEqual(conflicts({ clients: ['10.1.0.0/16'] }, { clients: ['10.0.0.0/8'] }), []);
  assert.deepEqual(conflicts({ clients: ['10.0.0.0/8'] }, { clients: ['10.1.0.0/16', '11.0.0.0/8'] }), []);
  assert.deepEqual(conflicts({ clients: ['::/0'] }, { clients: ['10.0.0.0/8'] }, { clients: ['2001:db8::/32'] }), [
    [2, 0],
  ]);
  const both = { listeners: ['a'], clients: ['10.0.0.0/8'] };
  assert.deepEqual(conflicts(both, { clients: ['10.0.0.0/8'] }, { listeners: ['a'] }), []);
  assert.deepEqual(conflicts(both, { ...both, clients: ['10.0.0.1'] }), [[1, 0]]);
});

test('parameters are decoded, a rest may be empty, nothing is allocated without them', () => {
  const table = tableOf([
    spec('/users/{id}/posts/{post}'),
    spec('/files/{path*}'),
    spec('/plain'),
    spec('~/v(?<major>[0-9]+)/.*'),
  ]);
  const params = (path: string) => {
    const found = table.find(get(path));
    assert.ok(found !== null && found !== needsBody);
    return Object.fromEntries(found.paramNames.map(name => [name, found.param(name)]));
  };
  assert.deepEqual(params('/users/a%20b/posts/%C3%A9'), { id: 'a b', post: 'é' });
  assert.deepEqual(params('/users/%FF/posts/7'), { id: '%FF', post: '7' });
  assert.deepEqual(params('/files/a/b%2Fc'), { path: 'a/b/c' });
  assert.deepEqual(params('/files/'), { path: '' });
  assert.deepEqual(params('/files'), { path: '' });
  assert.deepEqual(params('/v12/x'), { major: '12' });
  assert.equal(indexOf(table, get('/users//posts/7')), -1);
  assert.equal(table.find(get('/plain')), table.find(get('/plain')));
});

test('a path deeper than the walk remembers still finds the longest prefix', () => {
  const deep = Array.from({ length: 200 }, (_, i) => spec(`${'/a'.repeat(i)}/*`));
  const table = tableOf(deep);
  for (const depth of [0, 1, 63, 64, 65, 66, 199, 250]) {
    assert.equal(indexOf(table, get(depth === 0 ? '/' : '/a'.repeat(depth))), Math.min(depth, 199));
    assert.equal(indexOf(table, get(`${'/a'.repeat(depth)}/b`)), Math.min(depth, 199));
  }
});

const parameters = (count: number) => Array.from({ length: count }, (_, n) => `{p${n}}`).join('/');
const groups = (count: number) => Array.from({ length: count }, (_, n) => `(?P<g${n}>x)`).join('');

test('a route has up to 32 parameters, and each is found in its place', () => {
  const table = tableOf([spec(`/${parameters(32)}`), spec(`~/${groups(32)}`)]);
  const values = Array.from({ length: 32 }, (_, n) => `v${n}`);
  const found = table.find(get(`/${values.join('/')}`));
  assert.ok(found !== null && found !== needsBody);
  assert.deepEqual(
    found.paramNames.map(name => found.param(name)),
    values,
  );
  assert.equal(indexOf(table, get(`/${'x'.repeat(32)}`)), 1);
});

test('hosts are names, wildcards in front of names, and addresses in brackets', () => {
  const table = tableOf([spec('/x', { hosts: ['a-b_c.com', '*.d.com', '[::1]', '[::ffff:1.2.3.4]'] })]);
  for (const host of ['a-b_c.com', 'x.d.com', 'x.y.d.com', '[::1]', '[::ffff:1.2.3.4]'])
    assert.equal(indexOf(table, get('/x', { host })), 0, host);
  for (const host of ['d.com', '.d.com', 'xd.com', '::1', 'x.a-b_c.com'])
    assert.equal(indexOf(table, get('/x', { host })), -1, host);
});

test('a bad route is reported with its place, and stays out', () => {
  const builder = new RouteTableBuilder<number>();
  const bad: [MatchSpec, (string | number)[], RegExp][] = [
    [spec('users'), ['match', 'path'], /must start with/],
    [spec('/v{major}/x'), ['match', 'path'], /whole segment/],
    [spec('/{a}/{a}'), ['match', 'path'], /twice/],
    [spec('/{a*}/b'), ['match', 'path'], /nothing may follow/],
    [spec('/*/b'), ['match', 'path'], /nothing may follow/],
    [spec('/a*'), ['match', 'path'], /alone at the end/],
    [spec('/a?b=1'), ['match', 'path'], /query/],
    [spec('/a/../b'), ['match', 'path'], /segment/],
    [spec('~(a'), ['match', 'path'], /RE2/],
    [spec('~(a)\\1'), ['match', 'path'], /RE2/],
    [spec('/x', { hosts: ['ok.com', 'a.*.com'] }), ['match', 'host'], /labels in front/],
    [spec('/a}/b'), ['match', 'path'], /brace too many/],
    [spec('/{1a}'), ['match', 'path'], /is not a parameter/],
    [spec('/{a}}'), ['match', 'path'], /mixes a parameter/],
    [spec('~'), ['match', 'path'], /followed by a regular expression/],
    [spec('/a\u0001'), ['match', 'path'], /control character/],
    [spec(`/${parameters(33)}`), ['match', 'path'], /at most 32/],
    [spec(`~/${groups(33)}`), ['match', 'path'], /more than 32/],
    [spec('/x', { hosts: ['A.com'] }), ['match', 'host'], /lower case/],
    [spec('/x', { hosts: ['a.com/b'] }), ['match', 'host'], /without scheme or port/],
    [spec('/x', { hosts: ['[::1]x'] }), ['match', 'host'], /host name|without scheme/],
    [spec('/x', { hosts: ['x[::1]'] }), ['match', 'host'], /host name|without scheme/],
    [spec('/x', { hosts: ['a..com'] }), ['match', 'host'], /not a host name/],
    [spec('/x', { hosts: ['a.com:80'] }), ['match', 'host'], /without scheme or port/],
    [
      spec('/x', { headers: [{ name: 'x-a', match: { kind: 'regex', source: '(?=a)' } }] }),
      ['match', 'headers', 'x-a'],
      /x-a: /,
    ],
  ];
  bad.forEach(([match, path, message], i) => {
    const problem = builder.add({ name: `r${i}`, match, value: i });
    assert.deepEqual({ ...problem, message: '' }, { routeIndex: i, otherIndex: null, path, message: '' });
    assert.match(problem!.message, message);
  });
  assert.equal(builder.finish().table.find(get('/x')), null);
});

test('literals are brought into the form of normalised request paths', () => {
  const table = tableOf([spec('/caf\u00e9'), spec('/%7Euser/%c3%a9'), spec('/a b')]);
  assert.equal(indexOf(table, get('/caf%C3%A9')), 0);
  assert.equal(indexOf(table, get('/~user/%C3%A9')), 1);
  assert.equal(indexOf(table, get('/a%20b')), 2);
});

test('conflicts name both routes', () => {
  const builder = new RouteTableBuilder<number>();
  for (let i = 0; i < 1_000; i++) builder.add({ name: `r${i}`, match: spec(`/r${i % 999}`), value: i });
  const [problem, ...others] = builder.finish().problems;
  assert.deepEqual([problem?.routeIndex, problem?.otherIndex, others.length], [999, 0, 0]);
});
