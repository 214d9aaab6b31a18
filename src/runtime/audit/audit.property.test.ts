// The audit against the real router: in small random tables every request is tried, and where one reaches without a guard what a guarded
// route guards, the audit has to have found that way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { RouteConfig, ValueMatch } from '../../config/config.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { sampleConfig, sampleRoute, sampleUpstream } from '../sample-config.fixture.ts';
import { auditConfig } from './audit.ts';
import { RouterOracle } from './router-oracle.ts';
import { SAMPLE_CLIENT, type SampleRequest } from './sample-request.ts';

const key: FilterDefinition<unknown> = { name: 'key', identityHeaders: () => [], build: () => ({}) };
const definitions: FilterDefinitions = new Map([[key.name, key]]);

const words = ['a', 'b', 'audit'];
const hosts = ['a.com', 'x.a.com', 'b.com', 'elsewhere.org'];
const methods = ['GET', 'POST', 'DELETE', 'LINK'];

const segment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: fc.constant('{}') },
);
const plainPath = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '', '/*', '/{rest*}'))
  .map(([segments, end]) => {
    const named = segments.map((each, at) => (each === '{}' ? `{p${at}}` : each));
    return `/${named.join('/')}${named.length === 0 ? end.slice(1) : end}`;
  });
const path = fc.oneof(
  { weight: 9, arbitrary: plainPath },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '~/a/.*',
      '~/(?:a|b)(?:/[a-c]+)*',
      '~/au?(/b)?',
      '~/(?<p0>[ab])/(?<rest>.*)',
      '~/(?<rest>.*)',
    ),
  },
);

/** A rewrite that suits the path, or null. */
function rewriteOf(of: string, [kind, first, second]: readonly [number, string, string]): RouteConfig['rewrite'] {
  const holes = Array.from(of.matchAll(/\{(\w+\*?)\}|\?<(\w+)>/g), ([, name, group]) =>
    group === undefined ? `{${name}}` : group === 'rest' ? '{rest*}' : `{${group}}`,
  );
  if (kind === 0) return { stripPrefix: `/${first}`, path: '', host: '' };
  if (kind === 1) return { stripPrefix: `/${first}/${second}`, path: '', host: '' };
  if (kind === 2)
    return {
      stripPrefix: '',
      path: `/${[...holes.filter(hole => !hole.includes('*')), first, ...holes.filter(hole => hole.includes('*'))].join('/')}`,
      host: '',
    };
  if (kind === 3) return { stripPrefix: '', path: `/${[first, ...holes].join('/')}`, host: '' };
  if (kind === 4) return { stripPrefix: '', path: `/${holes.join('/')}`, host: '' };
  if (kind === 5) return { stripPrefix: '', path: `/${first}/${second}`, host: '' };
  return null;
}

const route = fc
  .record({
    path,
    rewrite: fc.tuple(fc.integer({ min: 0, max: 10 }), fc.constantFrom(...words), fc.constantFrom(...words)),
    hosts: fc.oneof(
      fc.constant([]),
      fc.array(fc.constantFrom('a.com', 'x.a.com', '*.a.com', 'b.com'), { maxLength: 2 }),
    ),
    methods: fc.oneof(fc.constant([]), fc.subarray(['GET', 'POST', 'DELETE'], { maxLength: 2 })),
    header: fc.constantFrom(null, null, null, 'x-h', 'x-i'),
    value: fc.constantFrom<ValueMatch>(
      { kind: 'absent' },
      { kind: 'exact', value: '1' },
      { kind: 'present' },
      { kind: 'regex', source: '[12]' },
    ),
    isGuarded: fc.boolean(),
  })
  .map(({ path: of, rewrite, hosts: ofHosts, methods: ofMethods, header, value, isGuarded }): RouteConfig => {
    const plain = sampleRoute('', of);
    const headers = header === null ? [] : [{ name: header, match: value }];
    return {
      ...plain,
      match: { ...plain.match, hosts: [...new Set(ofHosts)], methods: ofMethods, headers },
      public: false,
      rewrite: rewriteOf(of, rewrite),
      filters: isGuarded ? [{ name: 'key', config: {} }] : [],
      to: { kind: 'upstream', upstream: 'users' },
    };
  });

const paths = (() => {
  const all = [''];
  for (let depth = 0, last = ['']; depth < 3; depth++) {
    last = last.flatMap(path => [...words, 'other'].map(word => `${path}/${word}`));
    all.push(...last);
  }
  return all.slice(1).concat('/');
})();

const fieldSets: readonly (readonly (readonly [string, string])[])[] = [
  [],
  [['x-h', '1']],
  [['x-h', '2']],
  [['x-h', 'other']],
  [['x-i', '1']],
  [
    ['x-h', '1'],
    ['x-i', '1'],
  ],
];

const requests: readonly SampleRequest[] = paths.flatMap(rawPath =>
  hosts.flatMap(host =>
    methods.flatMap(method =>
      fieldSets.map(headers => ({
        method,
        host,
        rawPath,
        query: '',
        headers,
        body: '',
        listener: '',
        client: SAMPLE_CLIENT,
      })),
    ),
  ),
);

/** Requests that come in at each listener, from clients of two kinds; of hosts and methods only some. */
const arriving: readonly SampleRequest[] = requests
  .filter(({ host, method, headers }) => /^a|else/.test(host) && /GET|LINK/.test(method) && headers.length === 0)
  .flatMap(request =>
    ['in', 'out', ''].flatMap(listener =>
      ['10.0.0.0', SAMPLE_CLIENT].map(client => ({ ...request, listener, client })),
    ),
  );
const listeners = [{ name: 'in' }, { name: 'out' }, {}].map((named, at) => ({
  ...sampleConfig().listeners[0]!,
  ...named,
  port: 8_080 + at,
}));

const routeSomewhere = fc
  .record({
    route,
    at: fc.constantFrom(undefined, undefined, ['in'], ['out'], ['in', 'out']),
    from: fc.constantFrom(undefined, undefined, ['10.0.0.0/8']),
  })
  .map(({ route: plain, at, from }): RouteConfig => {
    const ofArrival = { ...(at !== undefined && { listeners: at }), ...(from !== undefined && { clients: from }) };
    return { ...plain, match: { ...plain.match, ...ofArrival } };
  });

/** Pairs of a guarded route and an open one to whose upstream the same path goes, each with a path that shows it. */
function waysAround(oracle: RouterOracle, tried: readonly SampleRequest[]): Map<string, string> {
  const reached = new Map<string, Map<RouteConfig, SampleRequest>>();
  for (const request of tried) {
    const routed = oracle.routeFor(request);
    if (routed === null) continue;
    const takers = reached.get(routed.upstreamPath) ?? new Map<RouteConfig, SampleRequest>();
    if (!takers.has(routed.route)) takers.set(routed.route, request);
    reached.set(routed.upstreamPath, takers);
  }
  const pairs = new Map<string, string>();
  for (const [upstreamPath, takers] of reached) {
    for (const [guarded, meant] of takers) {
      if (guarded.filters.length === 0) continue;
      for (const [open, request] of takers) {
        if (open.filters.length > 0) continue;
        const pair = `${guarded.name} by ${open.name}`;
        if (!pairs.has(pair))
          pairs.set(pair, `${upstreamPath}: ${JSON.stringify(meant)} and ${JSON.stringify(request)}`);
      }
    }
  }
  return pairs;
}

function findsEveryWay(routesOf: fc.Arbitrary<RouteConfig>, asked: readonly SampleRequest[], numRuns: number): void {
  let tried = 0;
  fc.assert(
    fc.property(fc.array(routesOf, { minLength: 2, maxLength: 4 }), written => {
      const routes = written.map((each, at) => ({ ...each, name: `r${at}` }));
      const config = sampleConfig({ listeners, upstreams: [sampleUpstream('users', [9_001])], routes });
      let oracle: RouterOracle;
      try {
        oracle = new RouterOracle(config, definitions);
      } catch {
        return; // Because: the rewrite does not suit the path, or a route can never be taken.
      }
      const ways = waysAround(oracle, asked);
      if (ways.size === 0) return;
      tried++;
      const found = new Set(
        auditConfig(config, definitions, []).routes.flatMap(({ name, findings }) =>
          findings.map(({ by }) => `${name} by ${by}`),
        ),
      );
      for (const [pair, shown] of ways) assert.ok(found.has(pair), `${pair}: ${shown}`);
    }),
    // The audit makes up samples, and one table in thousands may need another: the same tables each time, more of them by hand.
    {
      numRuns: Number(process.env['CARDEA_FUZZ_RUNS'] ?? numRuns),
      ...(process.env['CARDEA_FUZZ_RUNS'] === undefined && { seed: 22 }),
    },
  );
  assert.ok(tried > 20, `${tried}`);
}

test('a request that reaches what a route guards, and takes an open one, is found', () =>
  findsEveryWay(route, requests, 150));

test('so is one at another listener, or from another client', () => findsEveryWay(routeSomewhere, arriving, 1_000));
