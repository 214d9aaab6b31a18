// Changes are reported by resource and value; of secrets only that they changed; differences in spelling not at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../config/config.ts';
import { sampleConfig, sampleRoute, sampleUpstream } from '../runtime/sample-config.fixture.ts';
import { type Change, configChanges } from './config-changes.ts';

function changesOf(before: Config, after: Config): Change[] {
  return configChanges({ config: before, folder: '/before' }, { config: after, folder: '/after' }, []);
}

const a = sampleRoute('a', '/a');
const b = sampleRoute('b', '/b');
const users = sampleUpstream('users', [1]);

test('nothing differs between equal configurations', () => {
  const config = sampleConfig({ routes: [a, b], upstreams: [users] });
  assert.deepEqual(changesOf(config, structuredClone(config)), []);
});

test('added, removed, changed and moved', () => {
  const before = sampleConfig({ routes: [a, b, sampleRoute('c', '/c')], upstreams: [users] });
  const after = sampleConfig({
    routes: [sampleRoute('d', '/d'), b, { ...a, timeoutMs: 5 }],
    upstreams: [{ ...users, pool: { ...users.pool, maxPending: 7 } }],
    drainTimeoutMs: 1,
  });
  assert.deepEqual(changesOf(before, after), [
    { kind: 'changed', what: 'drainTimeout', details: ['5s -> 1ms'] },
    { kind: 'changed', what: 'upstream users', details: ['pool.maxPending: 500 -> 7'] },
    { kind: 'removed', what: 'route c', details: [] },
    { kind: 'added', what: 'route d', details: [] },
    { kind: 'changed', what: 'route a', details: ['timeout: nothing -> 5ms'] },
    { kind: 'moved', what: 'routes', details: ['the order of routes differs'] },
  ]);
});

test('rates of plans are told as they are written, one as itself and several one by one', () => {
  const [second, hour] = [
    { count: 10, perMs: 1_000 },
    { count: 1_000, perMs: 3_600_000 },
  ];
  const plan = (rates: readonly { count: number; perMs: number }[] | null) =>
    sampleConfig({ plans: [{ name: 'gold', rates, quotas: [{ count: 5, perMs: 86_400_000 }] }] });
  const detailsOf = (before: Config, after: Config) => changesOf(before, after)[0]?.details;
  assert.deepEqual(detailsOf(plan([second]), plan([hour])), ['rate: 10/s -> 1000/h']);
  assert.deepEqual(detailsOf(plan(null), plan([second])), ['rate: nothing -> 10/s']);
  assert.deepEqual(detailsOf(plan([second]), plan([second, hour])), ['rate: 10/s -> ["10/s","1000/h"]']);
  assert.deepEqual(detailsOf(plan([hour, second]), plan([{ count: 9, perMs: 1_000 }, second])), [
    'rate[1000/h]: 1000/h -> nothing',
    'rate[9/s]: nothing -> 9/s',
  ]);
});

test('a listener’s name, and the listeners and clients of a route, are told as they are written', () => {
  const [listener] = sampleConfig().listeners;
  const withMatch = (more: object) => ({ ...a, match: { ...a.match, ...more } });
  const before = sampleConfig({ routes: [withMatch({ listeners: ['internal'] })] });
  const listeners = [{ ...listener!, name: 'public' }];
  const after = sampleConfig({ listeners, routes: [withMatch({ listeners: ['public'], clients: ['10.0.0.0/8'] })] });
  assert.deepEqual(changesOf(before, after), [
    { kind: 'changed', what: 'listeners', details: ['[0].name: nothing -> "public"'] },
    {
      kind: 'changed',
      what: 'route a',
      details: [
        'match.listener[internal]: "internal" -> nothing',
        'match.listener[public]: nothing -> "public"',
        'match.client: nothing -> ["10.0.0.0/8"]',
      ],
    },
  ]);
});

test('a secret that changed is told without its value', () => {
  const filters = (token: string) => [{ name: 'headers', config: { request: { set: { authorization: token } } } }];
  const changes = changesOf(sampleConfig({ filters: filters('one') }), sampleConfig({ filters: filters('two') }));
  assert.equal(changes.length, 1);
  assert.doesNotMatch(JSON.stringify(changes), /one|two/);
  assert.match(JSON.stringify(changes), /redacted/);
});

test('of a list what differs is told, not the whole list: a filter’s setting, one more endpoint, another order', () => {
  const filter = (name: string, config: object) => ({ name, config });
  const address = { name: 'address', burst: 200 };
  const limits = filter('rateLimit', { limits: [address, { name: 'all', burst: 1 }] });
  const compress = filter('compress', { types: ['text/*'] });
  const before = sampleConfig({ filters: [limits, compress], upstreams: [users] });
  const more = sampleUpstream('users', [1, 2]);
  const burst = filter('rateLimit', {
    limits: [
      { ...address, burst: 77 },
      { name: 'all', burst: 1 },
    ],
  });
  assert.deepEqual(changesOf(before, sampleConfig({ filters: [burst, compress], upstreams: [users] })), [
    { kind: 'changed', what: 'filters', details: ['[rateLimit].limits[address].burst: 200 -> 77'] },
  ]);
  assert.deepEqual(changesOf(before, sampleConfig({ filters: [compress, limits], upstreams: [more] })), [
    {
      kind: 'changed',
      what: 'filters',
      details: ['in another order: ["rateLimit","compress"] -> ["compress","rateLimit"]'],
    },
    {
      kind: 'changed',
      what: 'upstream users',
      details: [`endpoints[http://127.0.0.1:2]: nothing -> ${JSON.stringify(more.endpoints[1])}`],
    },
  ]);
  const twice = changesOf(before, sampleConfig({ filters: [limits, compress, limits], upstreams: [users] }));
  assert.match(twice[0]!.details[0]!, /^\[rateLimit 2\]: nothing -> \{/);
  const types = filter('compress', { types: ['text/*', 'image/*'] });
  assert.deepEqual(changesOf(before, sampleConfig({ filters: [limits, types], upstreams: [users] }))[0]!.details, [
    '[compress].types[image/*]: nothing -> "image/*"',
  ]);
});

test('a secret that changed is told as changed', () => {
  const filters = (secret: string) => [{ name: 'jwt', config: { keys: { secret } } }];
  assert.deepEqual(changesOf(sampleConfig({ filters: filters('one') }), sampleConfig({ filters: filters('two') })), [
    { kind: 'changed', what: 'filters', details: ['[jwt].keys.secret: "[redacted]" -> another value'] },
  ]);
});

test('a file beside the one is the file beside the other, and one elsewhere is not', () => {
  const tls = (ca: string) =>
    sampleConfig({
      upstreams: [{ ...users, tls: { ca, cert: '', key: '', serverName: '', verify: true } }],
      routes: [a],
    });
  assert.deepEqual(changesOf(tls('/before/ca.pem'), tls('/after/ca.pem')), []);
  assert.deepEqual(changesOf(tls('/before/ca.pem'), tls('/before/ca.pem'))[0]!.details, [
    'tls.ca: "ca.pem" -> "/before/ca.pem"',
  ]);
});

test('another content of a store’s file of authorities is shown by its hash', () => {
  const store = (pem: string) => ({ name: 's', kind: 'redis', ca: '/etc/ca.pem', authorities: pem });
  // Because: the comparison looks at no other setting of a store.
  const config = (pem: string) => ({ ...sampleConfig({}), stores: [store(pem)] }) as unknown as Config;
  const [change, ...more] = changesOf(
    config('-----BEGIN CERTIFICATE-----\none'),
    config('-----BEGIN CERTIFICATE-----\nother'),
  );
  assert.deepEqual([change?.what, more], ['store s', []]);
  assert.match(change!.details.join(), /^content of ca: "sha256 [0-9a-f]{16}" -> "sha256 [0-9a-f]{16}"$/);
});

test('a chain that changed is told once, with the routes that use it, and not again in each of them', () => {
  const limit = (burst: number) => ({ name: 'rateLimit', config: { burst } });
  const login = { name: 'basic', config: {} };
  const using = (burst: number, more: Partial<Config> = {}): Config => {
    const filters = [login, limit(burst)];
    const use = filters.map(filter => ({ ...filter, chain: 'partners' }));
    const routes = ['a', 'b'].map(name => sampleRoute(name, `/${name}`, { filters: [...use, limit(9)] }));
    return sampleConfig({ chains: [{ name: 'partners', filters }], routes, ...more });
  };
  assert.deepEqual(changesOf(using(1), using(2)), [
    { kind: 'changed', what: 'chain partners', details: ['filters[rateLimit].burst: 1 -> 2', 'in the routes a, b'] },
  ]);
  const everywhere = [login, limit(1)].map(filter => ({ ...filter, chain: 'partners' }));
  const everywhereNow = [login, limit(2)].map(filter => ({ ...filter, chain: 'partners' }));
  assert.deepEqual(
    changesOf(using(1, { filters: everywhere, routes: [] }), using(2, { filters: everywhereNow, routes: [] })),
    [{ kind: 'changed', what: 'chain partners', details: ['filters[rateLimit].burst: 1 -> 2', 'in every route'] }],
  );
});

test('filters mean the same whether they are written in a route or in a chain', () => {
  const filters = [{ name: 'rateLimit', config: { burst: 1 } }];
  const before = sampleConfig({ routes: [sampleRoute('a', '/a', { filters })], filters });
  const use = filters.map(filter => ({ ...filter, chain: 'all' }));
  const chains = [{ name: 'all', filters }];
  const after = sampleConfig({ chains, routes: [sampleRoute('a', '/a', { filters: use })], filters: use });
  assert.deepEqual(changesOf(before, after), []);
  assert.deepEqual(changesOf(after, before), []);
  const other = [{ name: 'rateLimit', config: { burst: 2 }, chain: 'all' }];
  assert.deepEqual(
    changesOf(before, sampleConfig({ ...after, routes: [sampleRoute('a', '/a', { filters: other })] })),
    [{ kind: 'changed', what: 'route a', details: ['filters[rateLimit].burst: 1 -> 2'] }],
  );
});

test('a page for people that changed is told by its digest', () => {
  const pages = (text: string, folder: string) =>
    sampleConfig({ errorPages: { 404: `${folder}/404.html` }, errorPageFiles: [{ name: `${folder}/404.html`, text }] });
  assert.deepEqual(changesOf(pages('one', '/before'), pages('one', '/after')), []);
  const [change] = changesOf(pages('one', '/before'), pages('two', '/after'));
  assert.equal(change?.what, 'content of errorPages');
  assert.match(change?.details.join() ?? '', /^\[404\.html\]\.text: "sha256 [0-9a-f]{16}" -> "sha256 [0-9a-f]{16}"$/);
});
