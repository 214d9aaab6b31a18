// What the audit finds in a configuration and what it does not report: the ways around a guard, and routes that are public on purpose.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { AuditConfig } from '../../config/audit-config.ts';
import type { Config, FilterConfig, RewriteConfig, RouteConfig } from '../../config/config.ts';
import type { FilterDefinition, WrittenFilter } from '../../exchange/filter.ts';
import { sampleConfig, sampleRoute, sampleUpstream } from '../sample-config.fixture.ts';
import { auditConfig } from './audit.ts';

const key: FilterDefinition<unknown> = { name: 'key', identityHeaders: () => [], build: () => ({}) };
const lax: FilterDefinition<unknown> = { ...key, name: 'lax', isGuard: () => false };
/** Guards unless it admits strangers, as this consumer. */
const rules: FilterDefinition<{ admits?: string }> = {
  name: 'rules',
  isGuard: ({ admits }, stranger) => stranger === null || stranger.name !== admits,
  build: () => ({}),
};
const guest = { name: 'guest', tenant: null, plan: null, groups: [], tags: {} };
const limit: FilterDefinition<unknown> = { name: 'limit', build: () => ({}) };
const schemas = [{ name: 'limit', schema: z.unknown(), dependsOnCaller: () => true }];
// Because: the tests configure these filters with a list of filters.
const inner = (config: unknown) => config as WrittenFilter[];
const anyOf: FilterDefinition<unknown> = { name: 'anyOf', inner, build: () => ({}) };
const allOf: FilterDefinition<unknown> = { name: 'allOf', inner, build: () => ({}) };
const definitions: FilterDefinitions = new Map(
  [key, lax, rules as FilterDefinition<unknown>, limit, anyOf, allOf].map(each => [each.name, each]),
);

const filter = (name: string, config: unknown = {}): FilterConfig => ({ name, config });

interface WrittenRoute {
  readonly name: string;
  readonly path?: string;
  readonly methods?: readonly string[];
  readonly hosts?: readonly string[];
  readonly listeners?: readonly string[];
  readonly clients?: readonly string[];
  readonly filters?: readonly FilterConfig[];
  readonly public?: boolean;
  readonly to?: string;
  readonly mirror?: string;
  readonly rewrite?: Partial<RewriteConfig>;
  readonly accept?: AuditConfig['accept'];
}

function mirrorTo(upstream: string): NonNullable<RouteConfig['mirror']> {
  const sizes = { share: 1, bodyBytesMax: 1, timeoutMs: 1, concurrencyMax: 1, queueMax: 1 };
  return { upstream, ...sizes, compare: null };
}

function routeOf({
  name,
  path = '/*',
  methods = [],
  hosts = [],
  listeners,
  clients,
  filters = [],
  public: open = false,
  to = 'users',
  mirror,
  rewrite,
  accept,
}: WrittenRoute): RouteConfig {
  const route = sampleRoute(name, path);
  return {
    ...route,
    match: { ...route.match, methods, hosts, listeners, clients },
    filters,
    public: open,
    to: { kind: 'upstream', upstream: to },
    rewrite: rewrite === undefined ? null : { stripPrefix: '', path: '', host: '', ...rewrite },
    ...(mirror !== undefined && { mirror: mirrorTo(mirror) }),
    ...(accept !== undefined && { audit: { accept } }),
  };
}

/** Codes of findings by route. */
function codes(routes: readonly WrittenRoute[], more: Partial<Config> = {}): Record<string, string[]> {
  const config: Config = {
    ...sampleConfig(),
    upstreams: [
      sampleUpstream('users', [9_001]),
      sampleUpstream('other', [9_002]),
      sampleUpstream('alias', [9_003, 9_001]),
    ],
    routes: routes.map(routeOf),
    ...more,
  };
  const { routes: audited } = auditConfig(config, definitions, schemas);
  return Object.fromEntries(audited.map(({ name, findings }) => [name, findings.map(({ code }) => code)]));
}

const guarded = [filter('key')];

test('the same service under another spelling of its address is the same', () => {
  const named = (name: string, host: string) => {
    const upstream = sampleUpstream(name, [9_001]);
    return { ...upstream, endpoints: upstream.endpoints.map(each => ({ ...each, host })) };
  };
  const found = (one: string, other: string) =>
    codes(
      [
        { name: 'g', path: '/admin/*', methods: ['GET'], filters: guarded, to: 'one' },
        { name: 'u', path: '/admin/*', methods: ['POST'], to: 'other' },
      ],
      { upstreams: [named('one', one), named('other', other)] },
    )['g'];
  for (const [one, other] of [
    ['users.internal', 'USERS.internal.'],
    ['localhost', '127.0.0.1'],
    ['::1', '127.0.0.2'],
    ['fd00::1', 'fd00:0::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
  ] as const) {
    assert.deepEqual(found(one, other), ['skipped_by_method'], `${one} and ${other}`);
  }
  assert.deepEqual(found('users.internal', 'orders.internal'), []);
});

test('the same service in a file of endpoints is the same, and a file that is not there is no error', t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const found = (text: string | null) => {
    const file = path.join(folder, 'endpoints.yaml');
    if (text === null) rmSync(file, { force: true });
    else writeFileSync(file, text);
    const discovered = { ...sampleUpstream('other', []), discover: { kind: 'file' as const, path: file } };
    return codes(
      [
        { name: 'g', path: '/admin/*', methods: ['GET'], filters: guarded, to: 'one' },
        { name: 'u', path: '/admin/*', methods: ['POST'], to: 'other' },
      ],
      { upstreams: [sampleUpstream('one', [9_001]), discovered] },
    )['g'];
  };
  assert.deepEqual(found('endpoints: [http://10.0.0.1:80, http://localhost:9001]'), ['skipped_by_method']);
  assert.deepEqual(found('endpoints: [http://10.0.0.1:80]'), []);
  assert.deepEqual(found('endpoints: 5'), []);
  assert.deepEqual(found(null), []);
});

test('a route without a guard has to say that it is public', () => {
  const found = codes([
    { name: 'open', path: '/a' },
    { name: 'meant', path: '/b', public: true },
    { name: 'closed', path: '/c', filters: guarded },
    { name: 'half', path: '/d', filters: [filter('lax')] },
  ]);
  assert.deepEqual(found, { open: ['no_guard'], meant: [], closed: [], half: ['no_guard'] });
});

test('a credential that is optional guards nothing, but rules behind it do', () => {
  const upstreams = [sampleUpstream('users', [9_001])];
  const config = { ...sampleConfig(), upstreams, consumers: [{ ...guest, keys: [] }] };
  const optional = (consumer: string | null, name = 'key') =>
    filter(name, { optional: consumer === null ? true : { consumer } });
  const chains: Record<string, FilterConfig[]> = {
    optional: [optional(null)],
    'rules behind it': [optional(null), filter('rules')],
    'rules that admit the guest': [optional('guest'), filter('rules', { admits: 'guest' })],
    'rules that admit another': [optional('guest'), filter('rules', { admits: 'other' })],
    'rules before it': [filter('rules'), optional(null)],
    'another that is required': [optional(null), filter('key')],
    'a service that may be away': [filter('lax'), filter('rules')],
    'any of them': [filter('anyOf', [filter('key'), optional(null)])],
    'all of them': [filter('allOf', [filter('key'), optional(null)])],
    'all of them optional': [filter('allOf', [optional(null), optional(null)])],
  };
  const { routes } = auditConfig(
    {
      ...config,
      routes: Object.entries(chains).map(([name, filters], at) => routeOf({ name, path: `/${at}`, filters })),
    },
    definitions,
    schemas,
  );
  assert.deepEqual(Object.fromEntries(routes.map(({ name, guards }) => [name, guards.join(' ')])), {
    optional: '',
    'rules behind it': 'rules',
    'rules that admit the guest': '',
    'rules that admit another': 'rules',
    'rules before it': '',
    'another that is required': 'key',
    'a service that may be away': 'rules',
    'any of them': '',
    'all of them': 'allOf(key)',
    'all of them optional': '',
  });
  assert.match(
    routes[0]!.findings[0]!.message,
    /^key is `optional`, so it lets callers without a credential pass; add an `acl`/,
  );
  assert.match(routes[9]!.findings[0]!.message, /^allOf is `optional`/);
});

test('a global guard guards every route', () => {
  assert.deepEqual(codes([{ name: 'a' }], { filters: guarded }), { a: [] });
});

test('one open way opens all of anyOf, one guard closes allOf', () => {
  const pair = (kind: string) => [filter(kind, [filter('key'), filter('lax')])];
  assert.deepEqual(
    codes([
      { name: 'any', path: '/a', filters: pair('anyOf') },
      { name: 'all', path: '/b', filters: pair('allOf') },
    ]),
    {
      any: ['no_guard'],
      all: [],
    },
  );
});

const catchAll: WrittenRoute = { name: 'all', public: true };
const around: [what: string, routes: readonly WrittenRoute[], expected: readonly string[]][] = [
  [
    'another method',
    [{ name: 'g', path: '/a/*', methods: ['GET'], filters: guarded }, catchAll],
    ['skipped_by_method'],
  ],
  [
    'another host',
    [{ name: 'g', path: '/*', hosts: ['api.example.com'], filters: guarded }, catchAll],
    ['skipped_by_host'],
  ],
  ['a trailing slash', [{ name: 'g', path: '/a', filters: guarded }, catchAll], ['skipped_by_slash']],
  [
    'a route to elsewhere is no way around',
    [
      { name: 'g', path: '/a', filters: guarded },
      { ...catchAll, to: 'other' },
    ],
    [],
  ],
  ['nothing else matches', [{ name: 'g', path: '/a', filters: guarded }], []],
  [
    'methods that are public on purpose',
    [
      { name: 'g', path: '/a', methods: ['POST'], filters: guarded },
      { name: 'read', path: '/a', methods: ['GET'], public: true },
    ],
    [],
  ],
  [
    'a host that is public on purpose',
    [
      { name: 'g', path: '/*', hosts: ['api.example.com'], filters: guarded },
      { name: 'www', path: '/*', hosts: ['other.invalid'], public: true },
    ],
    [],
  ],
];
for (const [what, routes, expected] of around) {
  test(`around a guard: ${what}`, () => {
    const { g = [] } = codes(routes);
    // Upper-case letters and path parameters get past most exact paths, too; each has its own test below.
    assert.deepEqual(
      g.filter(code => code !== 'skipped_by_case' && code !== 'skipped_by_encoding'),
      expected,
    );
  });
}

test('case and path parameters lead to a catch-all that the same upstream serves', () => {
  const { g } = codes([{ name: 'g', path: '/admin/*', filters: guarded }, catchAll]);
  assert.deepEqual(g, ['skipped_by_case', 'skipped_by_encoding']);
});

test('slashes that a server decodes before it climbs, where the policy lets them through', () => {
  const api: WrittenRoute = { name: 'g', path: '/api/admin', filters: guarded };
  const beside: WrittenRoute = { name: 'u', path: '/pub/{page}', public: true };
  const found = (open: WrittenRoute, encodedSlash: 'keep' | 'reject' = 'keep') =>
    codes([api, open], { paths: { encodedSlash, emptySegments: 'reject' } })['g']!;
  assert.deepEqual(found(beside, 'reject'), []);
  assert.deepEqual(found(beside), ['skipped_by_encoding']);
  assert.deepEqual(found({ ...beside, path: '/pub/*', rewrite: { stripPrefix: '/pub' } }).slice(-1), [
    'skipped_by_encoding',
  ]);
  assert.deepEqual(found({ ...beside, path: '/pub/page' }), []);
  assert.deepEqual(found({ ...beside, to: 'other' }), []);
});

test('a filter that goes by who calls stands behind one that finds out', () => {
  const found = codes([
    { name: 'early', path: '/a', filters: [filter('limit'), filter('key')] },
    { name: 'late', path: '/b', filters: [filter('key'), filter('limit')] },
    { name: 'never', path: '/c', filters: [filter('limit')], public: true },
  ]);
  assert.deepEqual(found, { early: ['identity_too_late'], late: [], never: ['identity_too_late'] });
});

test('a guard is gone around by what any caller can write: a header, a parameter, a body, or none of them', () => {
  const header = { name: 'x-debug', match: { kind: 'exact' as const, value: '1' } };
  const part = { path: ['type'], match: { kind: 'scalar' as const, value: 'order' } };
  const found = (ofGuarded: object, ofOpen: object) => {
    const config = { ...sampleConfig(), upstreams: [sampleUpstream('users', [9_001])] };
    const routes = [
      { name: 'g', path: '/a', methods: ['POST'], filters: guarded },
      { name: 'open', path: '/a', methods: ['POST'], public: true },
    ].map(routeOf);
    const [g, open] = routes.map((route, at) => ({
      ...route,
      match: { ...route.match, ...(at === 0 ? ofGuarded : ofOpen) },
    }));
    const [first] = auditConfig({ ...config, routes: [g!, open!] }, definitions, schemas).routes;
    assert.equal(first!.samples.length, 1);
    return first!.findings.map(({ code }) => code);
  };
  assert.deepEqual(found({}, { headers: [header] }), ['skipped_by_condition']);
  assert.deepEqual(found({}, { query: [header] }), ['skipped_by_condition']);
  assert.deepEqual(found({}, { body: [part] }), ['skipped_by_condition']);
  assert.deepEqual(found({ headers: [header] }, {}), ['skipped_by_condition']);
  assert.deepEqual(found({ body: [part] }, {}), ['skipped_by_condition']);
  assert.deepEqual(found({}, { methods: ['GET'] }), []);
  const unless = { ...header, match: { kind: 'absent' as const } };
  assert.deepEqual(found({ headers: [unless] }, {}), ['skipped_by_condition']);
  assert.deepEqual(found({ query: [unless] }, {}), ['skipped_by_condition']);
  assert.deepEqual(found({ body: [{ ...part, match: unless.match }] }, {}), ['skipped_by_condition']);
});

const admin: WrittenRoute = { name: 'g', path: '/admin/*', filters: guarded };
const www = ['www.example.com'];
const shadows: [what: string, guarded: WrittenRoute, open: WrittenRoute, expected: readonly string[]][] = [
  ['a broader path under a host of its own', admin, { name: 'u', hosts: www, public: true }, ['shadowed']],
  [
    'a broader path under a host of a wildcard that is guarded',
    { ...admin, hosts: ['*.example.com'] },
    { name: 'u', hosts: www, public: true },
    ['shadowed'],
  ],
  [
    'the same path under a host of its own, and not said to be public',
    admin,
    { name: 'u', path: '/admin/{rest*}', hosts: www },
    ['shadowed'],
  ],
  [
    'the same path under a host of its own, public on purpose',
    admin,
    { name: 'u', path: '/admin/{rest*}', hosts: www, public: true },
    [],
  ],
  [
    'a prefix before a regex',
    { ...admin, path: '~/admin/[a-z]+' },
    { name: 'u', path: '/admin/*', public: true },
    ['shadowed'],
  ],
  ['a narrower public path', { ...admin, path: '/*' }, { name: 'u', path: '/health', public: true }, []],
  [
    'a narrower public path beside parameters',
    { ...admin, path: '/users/{id}' },
    { name: 'u', path: '/users/me', public: true },
    [],
  ],
  ['the same service under another name', admin, { name: 'u', hosts: www, public: true, to: 'alias' }, ['shadowed']],
  [
    'an alternative of a regex that a prefix takes',
    { ...admin, path: '~/(api|admin)/[a-z]+' },
    { name: 'u', path: '/admin/*', public: true },
    ['shadowed'],
  ],
  [
    'what a regex allows to be left out',
    { ...admin, path: '~/admin(/v2)?/[a-z]+' },
    { name: 'u', path: '/admin/{page}', public: true },
    ['shadowed'],
  ],
  [
    'a longer path that a regex takes as well',
    { ...admin, path: '~/admin/.+' },
    { name: 'u', path: '/admin/{section}/{page}' },
    ['shadowed'],
  ],
  [
    'one path of a regex, public on purpose',
    { ...admin, path: '~/(admin|status)' },
    { name: 'u', path: '/status', public: true },
    [],
  ],
  [
    'copies for the same service',
    admin,
    { name: 'u', hosts: www, public: true, to: 'other', mirror: 'users' },
    ['shadowed'],
  ],
  [
    'the service that gets copies of what has passed the guard',
    { ...admin, mirror: 'other' },
    { name: 'u', hosts: www, public: true, to: 'other' },
    [],
  ],
  ['another service', admin, { name: 'u', hosts: www, public: true, to: 'other' }, []],
  ['a path that a parameter takes as well', admin, { name: 'u', path: '/{team}/users', public: true }, ['shadowed']],
  [
    'a rest that a parameter takes as well',
    { ...admin, path: '/files/{path*}' },
    { name: 'u', path: '/{kind}/public', public: true },
    ['shadowed'],
  ],
  [
    'parameters that cross',
    { ...admin, path: '/{a}/admin' },
    { name: 'u', path: '/public/{b}', public: true },
    ['shadowed'],
  ],
  [
    'one of the folders that a regex takes',
    { ...admin, path: '~/v[0-9]+/(users|orders)/[a-f0-9]{8}' },
    { name: 'u', path: '/v2/*', public: true },
    ['shadowed'],
  ],
  ['a narrower public parameter', admin, { name: 'u', path: '/admin/{page}', public: true }, []],
  ['a narrower parameter that is not said to be public', admin, { name: 'u', path: '/admin/{page}' }, ['shadowed']],
  [
    'a folder of what parameters take one by one',
    { ...admin, path: '/{team}/{page}' },
    { name: 'u', path: '/docs/*', hosts: www, public: true },
    ['shadowed'],
  ],
  [
    'a regex that takes what begins alike',
    { ...admin, path: '~/a.*' },
    { name: 'u', path: '/{team}/{page}', public: true },
    ['shadowed'],
  ],
  [
    'a regex under a host of its own',
    admin,
    { name: 'u', path: '~/[a-z]+/users', hosts: www, public: true },
    ['shadowed'],
  ],
  [
    'a narrower public regex under a host of its own',
    admin,
    { name: 'u', path: '~/admin/status(/[a-z]+)?', hosts: www, public: true },
    [],
  ],
  [
    'a regex that meets another under a host of its own',
    { ...admin, path: '~/admin/[^/]+' },
    { name: 'u', path: '~/(docs|admin)(/users)?', hosts: www, public: true },
    ['shadowed'],
  ],
  ['a regex that gives way', admin, { name: 'u', path: '~/[a-z]+/users', public: true }, []],
  [
    'a narrower public folder of a regex',
    { ...admin, path: '~/v[0-9]+/.+' },
    { name: 'u', path: '/v2/health/*', public: true },
    [],
  ],
  ['a path beside it', { ...admin, path: '/{team}/admin' }, { name: 'u', path: '/{team}/public/*', public: true }, []],
  [
    'a parameter that gives way',
    { ...admin, path: '/admin/users' },
    { name: 'u', path: '/{team}/users/{id}', public: true },
    [],
  ],
];
for (const [what, g, open, expected] of shadows) {
  test(`shadows: ${what}`, () => {
    const found = codes([g, open])['g']!;
    assert.deepEqual(
      found.filter(code => code === 'shadowed'),
      expected,
    );
    if (expected.length === 0) assert.deepEqual(found, []);
  });
}

const rewrites: [what: string, guarded: WrittenRoute, open: WrittenRoute, isFound: boolean][] = [
  ['a prefix that is taken off', admin, { name: 'u', path: '/pub/*', rewrite: { stripPrefix: '/pub' } }, true],
  [
    'the path as the upstream of the guarded route sees it',
    { ...admin, path: '/api/admin/*', rewrite: { stripPrefix: '/api' } },
    { name: 'u', path: '/admin/{page}' },
    true,
  ],
  [
    'a rest that is put behind nothing',
    admin,
    { name: 'u', path: '/files/{path*}', rewrite: { path: '/{path*}' } },
    true,
  ],
  [
    'a parameter in its place',
    { ...admin, path: '/a/{id}/b' },
    { name: 'u', path: '/x/{n}', rewrite: { path: '/a/{n}/b' } },
    true,
  ],
  [
    'a parameter that is left out',
    { ...admin, path: '/a' },
    { name: 'u', path: '/x/{n}', rewrite: { path: '/a' } },
    true,
  ],
  ['what an expression keeps', admin, { name: 'u', path: '~/pub/(?<rest>.*)', rewrite: { path: '/{rest*}' } }, true],
  [
    'what several groups of an expression keep',
    { ...admin, path: '/v1/admin/{id}' },
    {
      name: 'u',
      path: '~/(?P<version>v[0-9])/p[)/](?<area>(a|[(]|x)+[a-z]+)/(?<page>.+)',
      rewrite: { path: '/{version}/{area}/{page}' },
    },
    true,
  ],
  ['a prefix of an expression', admin, { name: 'u', path: '~/(a|b)/.*', rewrite: { stripPrefix: '/b' } }, true],
  [
    'what an expression does not take',
    admin,
    { name: 'u', path: '~/pub/(?<rest>[0-9]*)', rewrite: { path: '/{rest*}' } },
    false,
  ],
  ['another folder', admin, { name: 'u', path: '/files/{path*}', rewrite: { path: '/static/{path*}' } }, false],
  [
    'a prefix that looks like it',
    admin,
    { name: 'u', path: '/pub/admin/*', rewrite: { stripPrefix: '/pub/admin' } },
    true,
  ],
  [
    'a part that crosses what the rewrite makes',
    { ...admin, path: '/{team}/secrets' },
    { name: 'u', path: '/pub/files/{path*}', rewrite: { path: '/v1/{path*}' } },
    true,
  ],
  [
    'a part that the router keeps from the rewrite',
    { ...admin, path: '/{team}/secrets' },
    { name: 'u', path: '/pub/{path*}', rewrite: { path: '/v1/{path*}' } },
    false,
  ],
  [
    'a part that the rewrite leads to with more segments',
    { ...admin, path: '/api/*', rewrite: { stripPrefix: '/api' } },
    { name: 'u', path: '/teams/{team}/*', rewrite: { stripPrefix: '/teams' } },
    true,
  ],
  [
    'a path without the prefix, which goes upstream as it is',
    { ...admin, path: '/api/admin/*', rewrite: { stripPrefix: '/api' } },
    { name: 'u', rewrite: { stripPrefix: '/api' } },
    true,
  ],
  [
    'the path that is only the prefix',
    { ...admin, path: '/home', rewrite: { path: '/' } },
    { name: 'u', path: '/pub', rewrite: { stripPrefix: '/pub' } },
    true,
  ],
  [
    'a rest that may be empty',
    { ...admin, path: '/store/raw' },
    { name: 'u', path: '/files/{path*}', rewrite: { path: '/store/{path*}/raw' } },
    true,
  ],
  [
    'one public path inside what is guarded',
    { ...admin, path: '/internal/*' },
    { name: 'u', path: '/health', rewrite: { path: '/internal/health' } },
    false,
  ],
  [
    'a public folder beside a guarded one that is rewritten to everything',
    { ...admin, path: '/api/*', rewrite: { stripPrefix: '/api' } },
    { name: 'u', path: '/assets/*' },
    false,
  ],
  [
    'a public folder of an expression beside a guarded one that is rewritten to everything',
    { ...admin, path: '/api/*', rewrite: { stripPrefix: '/api' } },
    { name: 'u', path: '~/assets/[a-z]+[.]css' },
    false,
  ],
  ['another service', admin, { name: 'u', path: '/pub/*', rewrite: { stripPrefix: '/pub' }, to: 'other' }, false],
  [
    'a guard on the way',
    admin,
    { name: 'u', path: '/pub/*', rewrite: { stripPrefix: '/pub' }, filters: guarded },
    false,
  ],
];
for (const [what, g, open, isFound] of rewrites) {
  test(`reached by a rewrite: ${what}`, () => {
    const found = codes([g, { public: true, ...open }])['g']!;
    // Letters in another case and path parameters get past `/api/...` to an open `/*`, too; each has its own test above.
    assert.deepEqual(
      found.filter(code => code !== 'skipped_by_case' && code !== 'skipped_by_encoding'),
      isFound ? ['reached_by_rewrite'] : [],
    );
  });
}

test('a way around that is accepted is no finding; an acceptance of nothing is one', () => {
  const because = 'the service tells letters apart';
  const accept = [
    { finding: 'skipped_by_case', by: 'all', because },
    { finding: 'skipped_by_encoding', by: 'all', because },
  ] as const;
  assert.deepEqual(codes([{ ...admin, accept }, catchAll]), { g: [], all: [] });
  assert.deepEqual(codes([{ ...admin, accept: accept.slice(1) }, catchAll])['g'], ['skipped_by_case']);
  assert.deepEqual(
    codes([
      { ...admin, accept },
      { ...catchAll, to: 'other' },
    ])['g'],
    ['accepts_nothing', 'accepts_nothing'],
  );
});

test('two thousand routes are audited in seconds', () => {
  const routes = Array.from(
    { length: 2_000 },
    (_, n): WrittenRoute =>
      n % 2 === 0
        ? { name: `g${n}`, path: `/g${n}/*`, hosts: [`h${n % 200}.example`], filters: guarded }
        : { name: `u${n}`, path: `/u${n}/{path*}`, public: true, rewrite: { path: `/u/{path*}` } },
  );
  const startedAt = process.cpuUsage();
  assert.ok(Object.values(codes(routes)).every(found => found.length === 0));
  const { user, system } = process.cpuUsage(startedAt);
  assert.ok(user + system < 20_000_000, `${(user + system) / 1e6} s`);
});

const listenerOf = (name: string | undefined, port: number) => ({
  ...sampleConfig().listeners[0]!,
  port,
  ...(name !== undefined && { name }),
});
const twoListeners = { listeners: [listenerOf('public', 8_080), listenerOf('internal', 8_081)] };

test('a broader route shadows a guarded one only where both hold', () => {
  const pair = (guardedAt: string | undefined, openAt: string | undefined, isPublic: boolean) =>
    codes(
      [
        { name: 'g', path: '/admin/*', filters: guarded, ...(guardedAt !== undefined && { listeners: [guardedAt] }) },
        { name: 'u', path: '/*', public: isPublic, ...(openAt !== undefined && { listeners: [openAt] }) },
      ],
      twoListeners,
    )['g'];
  // On purpose: the open route is public, and says where.
  assert.deepEqual(pair('internal', 'public', true), []);
  assert.deepEqual(pair('internal', 'public', false), ['skipped_by_listener']);
  // The open route is everywhere, so that it takes at the other listener what is guarded at one.
  assert.ok(pair('internal', undefined, true)?.includes('skipped_by_listener'));
  assert.ok(!pair('internal', 'internal', true)?.includes('skipped_by_listener'));
  assert.ok(!pair(undefined, undefined, true)?.includes('skipped_by_listener'));
});

test('a public route at one listener, or for some clients, is intended beside the guarded one of the same path', () => {
  const beside = (open: Partial<WrittenRoute>, more: Partial<WrittenRoute> = {}) =>
    codes(
      [
        { name: 'g', path: '/a', filters: guarded, ...more },
        { name: 'u', path: '/a', public: true, ...open },
      ],
      twoListeners,
    )['g'];
  assert.deepEqual(beside({ listeners: ['internal'] }), []);
  assert.deepEqual(beside({ listeners: ['internal'], public: false }), ['shadowed']);
  assert.deepEqual(beside({ clients: ['10.0.0.0/8'] }), []);
  assert.deepEqual(beside({ clients: ['10.0.0.0/8'], public: false }), ['skipped_by_client']);
  assert.deepEqual(beside({}, { clients: ['10.0.0.0/8'] }), ['skipped_by_client']);
  assert.deepEqual(beside({}, { listeners: ['internal'] }), ['skipped_by_listener']);
});

test('a finding says at which listener and from which client', () => {
  const config = {
    ...sampleConfig(twoListeners),
    upstreams: [sampleUpstream('users', [9_001])],
    routes: [
      routeOf({ name: 'g', path: '/a', filters: guarded, listeners: ['internal'] }),
      routeOf({ name: 'u', path: '/a' }),
      routeOf({ name: 'd', path: '/desk', filters: guarded, clients: ['10.0.0.0/8'] }),
      routeOf({ name: 'e', path: '/desk' }),
    ],
  };
  const { routes } = auditConfig(config, definitions, schemas);
  const messages = routes
    .flatMap(({ findings }) => findings.filter(({ by }) => by !== ''))
    .map(({ message }) => message);
  assert.match(messages[0] ?? '', /^GET audit\.invalid\/a at another listener from elsewhere takes route "u"/);
  assert.match(messages[1] ?? '', /^GET audit\.invalid\/desk at another listener from elsewhere takes route "e"/);
});

test('what a public route has for a listener or for clients alone, no broader route leads everybody else to', () => {
  const reached = (inside: Partial<WrittenRoute>, broader: Partial<WrittenRoute>) =>
    codes(
      [
        { name: 'inside', path: '/metrics', public: true, ...inside },
        { name: 'rest', path: '/*', public: true, ...broader },
      ],
      twoListeners,
    )['inside'];
  assert.deepEqual(reached({ listeners: ['internal'] }, {}), ['skipped_by_listener']);
  assert.deepEqual(reached({ clients: ['10.0.0.0/8'] }, {}), ['skipped_by_client']);
  assert.deepEqual(reached({ listeners: ['internal'] }, { listeners: ['public'] }), []);
  assert.deepEqual(reached({ listeners: ['internal'] }, { to: 'other' }), []);
  assert.deepEqual(reached({ listeners: ['internal'] }, { filters: guarded, public: false }), []);
  assert.deepEqual(reached({ listeners: ['internal'] }, { path: '/metrics' }), []);
  assert.deepEqual(reached({}, {}), []);
  const accept = [{ finding: 'skipped_by_client' as const, by: 'rest', because: 'the service asks for itself' }];
  assert.deepEqual(reached({ clients: ['10.0.0.0/8'], accept }, {}), []);
});
