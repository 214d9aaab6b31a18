// Unchanged parts stay the same objects over compilations, and parts that cannot be compiled are reported with their place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Config, FilterConfig, RouteConfig } from '../config/config.ts';
import { Headers } from '../http/headers.ts';
import { ThreadIo } from '../net/io.ts';
import { needsBody } from '../route/route-table.ts';
import { WorkerFeeds } from '../runtime/feeds/worker-feeds.ts';
import { manyRoutes, sampleConfig, sampleRoute, sampleUpstream } from '../runtime/sample-config.fixture.ts';
import { SharedWorkerServices } from '../runtime/worker-services.ts';
import { filterEntries, loadDefinitions } from './catalog.ts';
import { type CompileContext, type Compiled, type CompileResult, compileSnapshot } from './compile-snapshot.ts';
import { dryCompile } from './dry-compile.ts';
import { dryServices } from './dry-services.ts';

const offsets = new Map([
  ['other', 0],
  ['none', 100],
]);

const context: CompileContext = {
  definitions: await loadDefinitions(filterEntries.map(({ name }) => name)),
  worker: dryServices(new Map()),
  eventMetricOffsets: offsets,
  limitMetricOffsets: offsets,
  pools: { io: new ThreadIo(), headLimits: sampleConfig().limits, cells: new Float64Array(0) },
  routeMetricOffsets: offsets,
  upstreamMetricOffsets: offsets,
  canaryMetricOffsets: offsets,
  mirrorMetricOffsets: offsets,
};

function compile(config: Config, previous: Compiled | null = null, with_ = context): Compiled {
  const { compiled, problems } = finish(compileSnapshot(config, previous, with_));
  assert.deepEqual(problems, []);
  assert.ok(compiled);
  return compiled;
}

function finish(steps: Generator<void, CompileResult, void>): CompileResult {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function routeOf({ snapshot }: Compiled, path: string) {
  const request = { method: 'GET', host: 'x', path, query: '', headers: Headers.empty() };
  const found = snapshot.routes.find(request);
  assert.ok(found !== null && found !== needsBody, path);
  return found.value;
}

const upstreams = [sampleUpstream('a', [1]), sampleUpstream('b', [2])];
const to = (upstream: string) => ({ to: { kind: 'upstream', upstream } as const });

test('unchanged routes and upstreams are the same objects in the next snapshot', () => {
  const routes = [sampleRoute('one', '/one', to('a')), sampleRoute('two', '/two', to('b'))];
  const first = compile(sampleConfig({ upstreams, routes }));
  const changed = { ...routes[1]!, timeoutMs: 5 };
  const second = compile(sampleConfig({ upstreams: structuredClone(upstreams), routes: [routes[0]!, changed] }), first);
  assert.equal(second.snapshot.upstreams.get('a'), first.snapshot.upstreams.get('a'));
  assert.equal(routeOf(second, '/one'), routeOf(first, '/one'));
  assert.notEqual(routeOf(second, '/two'), routeOf(first, '/two'));
  assert.equal(routeOf(second, '/two').plan.timeoutMs, 5);
  assert.equal(second.keptRoutes, 1);
});

test('routes that say the same share what is done with their exchanges', () => {
  const routes = [
    sampleRoute('one', '/one', to('a')),
    sampleRoute('two', '/two', to('a')),
    sampleRoute('slow', '/slow', { ...to('a'), timeoutMs: 5 }),
    sampleRoute('other', '/other', to('b')),
  ];
  const compiled = compile(sampleConfig({ upstreams, routes }));
  const plans = routes.map(({ match }) => routeOf(compiled, match.path).plan);
  assert.equal(plans[0], plans[1]);
  assert.equal(new Set(plans).size, 3);
});

test('a route is made anew when its upstream is, and so is a split', () => {
  const split = {
    to: {
      kind: 'split',
      stickyCookie: null,
      targets: [
        { upstream: 'a', weight: 1 },
        { upstream: 'b', weight: 1 },
      ],
    },
  } as const;
  const routes = [
    sampleRoute('one', '/one', to('a')),
    sampleRoute('two', '/two', to('b')),
    sampleRoute('s', '/s', split),
  ];
  const first = compile(sampleConfig({ upstreams, routes }));
  const same = compile(sampleConfig({ upstreams, routes }), first);
  assert.equal(same.keptRoutes, 3);
  const moved = compile(sampleConfig({ upstreams: [upstreams[0]!, sampleUpstream('b', [3])], routes }), first);
  assert.equal(moved.keptRoutes, 1);
  const { destination } = routeOf(moved, '/two').plan;
  assert.ok(destination.kind === 'upstream');
  assert.equal(destination.upstream, moved.snapshot.upstreams.get('b'));
});

test('a route that takes the place of another in a large table, again and again', () => {
  const routes = manyRoutes(2_000, 'a');
  let config = sampleConfig({ upstreams, routes });
  let last = compile(config);
  for (let round = 0; round < 5; round++) {
    const now = sampleRoute(`now-${round}`, `/now/${round}/*`, to('b'));
    const next = sampleConfig({ upstreams, routes: config.routes.with(700 + round, now) });
    const compiled = compile(next, last);
    assert.equal(compiled.keptRoutes, 1_999);
    assert.equal(routeOf(compiled, `/now/${round}/x`).name, `now-${round}`);
    // Exchanges that run on the previous snapshot still find the routes with which they began.
    assert.equal(
      routeOf(last, config.routes[700 + round]!.match.path.replace('/*', '/x')).name,
      `route-${700 + round}`,
    );
    assert.deepEqual(
      compiled.routes.map(({ name }) => name),
      next.routes.map(({ name }) => name),
    );
    [config, last] = [next, compiled];
  }
  const wrong = config.routes.with(3, sampleRoute('twice', config.routes[9]!.match.path, to('a')));
  const { problems } = finish(compileSnapshot(sampleConfig({ upstreams, routes: wrong }), last, context));
  assert.match(problems[0]!.message, /can never be chosen: "twice" comes before it/);
});

test('a thousand snapshots, each made from the one before, leave the heap flat', () => {
  setFlagsFromString('--expose-gc');
  // Because: the flag adds `gc` to every new context, and there is no other way to get it at run time.
  const collect = runInNewContext('gc') as () => void;
  let config = sampleConfig({ upstreams, routes: manyRoutes(200, 'a') });
  let last = compile(config);
  let made = 0;
  const heapAfter = (count: number): number => {
    for (const end = made + count; made < end; made++) {
      const changed = sampleRoute(`now-${made}`, `/now/${made}/*`, to('b'));
      config = { ...config, routes: config.routes.with(made % 200, changed), version: `v${made}` };
      last = compile(config, last);
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(400);
  const grown = heapAfter(1_000) - before;
  // One of these snapshots takes half a megabyte.
  assert.ok(grown < 3_000_000, `${grown} bytes more`);
});

test('what a hedge has learned of its route outlives what else changes, and not where the route leads', () => {
  const io = new ThreadIo();
  const services = { io, cells: new Float64Array(1), feeds: new WorkerFeeds(() => {}), log: () => {} };
  const lasting = { ...context, worker: new SharedWorkerServices(services) };
  const hedged = (changes: Partial<RouteConfig>) =>
    sampleConfig({ upstreams, routes: [sampleRoute('r', '/r', { ...to('a'), hedge: { afterMs: 0 }, ...changes })] });
  const hedgeOf = (compiled: Compiled) => routeOf(compiled, '/r').plan.resilience.hedge!;
  const first = compile(hedged({}), null, lasting);
  for (let i = 0; i < 100; i++) hedgeOf(first).answered(20);
  assert.equal(hedgeOf(first).delayMs, 20);
  const second = compile(hedged({ timeoutMs: 5_000 }), first, lasting);
  assert.notEqual(routeOf(second, '/r'), routeOf(first, '/r'));
  assert.equal(hedgeOf(second).delayMs, 20);
  assert.equal(hedgeOf(compile(hedged(to('b')), second, lasting)).delayMs, Infinity);
});

test('a global filter that changed makes every route anew', () => {
  const filters: FilterConfig[] = [{ name: 'bodyLimit', config: { max: 10 } }];
  const routes = [sampleRoute('one', '/one')];
  const first = compile(sampleConfig({ filters, routes }));
  assert.equal(compile(sampleConfig({ filters: structuredClone(filters), routes }), first).keptRoutes, 1);
  const other = compile(sampleConfig({ filters: [{ name: 'bodyLimit', config: { max: 11 } }], routes }), first);
  assert.equal(other.keptRoutes, 0);
});

test('slots count over the global and the own filters', () => {
  const slots: number[] = [];
  const definition = {
    name: 'spy',
    build: (_config: unknown, services: { slot: number }) => {
      slots.push(services.slot);
      return {};
    },
  };
  const spies = (count: number) => Array.from({ length: count }, () => ({ name: 'spy', config: {} }));
  const config = sampleConfig({ filters: spies(2), routes: [sampleRoute('r', '/', { filters: spies(3) })] });
  const compiled = compile(config, null, { ...context, definitions: new Map([['spy', definition]]) });
  assert.deepEqual(slots, [0, 1, 2, 3, 4]);
  assert.equal(routeOf(compiled, '/').plan.chain.filters.length, 5);
});

test('every problem is told at once, with its path in the document', () => {
  const broken = {
    name: 'broken',
    build: () => {
      throw new TypeError('this cannot work');
    },
  };
  const config = sampleConfig({
    upstreams,
    routes: [
      sampleRoute('expression', '~/((', to('a')),
      sampleRoute('first', '/same', to('a')),
      sampleRoute('second', '/same', to('b')),
      sampleRoute('rewritten', '/x/{id}', { ...to('a'), rewrite: { stripPrefix: '', path: '/y/{no}', host: '' } }),
      sampleRoute('filtered', '/z', { ...to('a'), filters: [{ name: 'broken', config: {} }] }),
      sampleRoute('nowhere', '/n', to('absent')),
    ],
  });
  const { compiled, problems } = dryCompile(config, new Map([['broken', broken]]));
  assert.equal(compiled, null);
  const places = problems.map(({ path }) => path.join('.')).sort();
  assert.deepEqual(places, [
    'routes.0.match.path',
    'routes.2.match',
    'routes.3.rewrite.path',
    'routes.4.filters.0.broken',
    'routes.5.to',
  ]);
  const conflict = problems.find(({ path }) => path[1] === 2);
  assert.match(conflict?.message ?? '', /"second".*"first"/);
});

test('ten thousand routes are compiled in slices', () => {
  const steps = compileSnapshot(sampleConfig({ upstreams, routes: manyRoutes(10_000, 'a') }), null, context);
  let slices = 1;
  while (steps.next().done !== true) slices++;
  assert.ok(slices > 2, `${slices} slices`);
});

test('methods that the gateway refuses are told, and slips of others are not told twice', () => {
  const warned = (...methods: string[]) => {
    const route = sampleRoute('one', '/one', to('a'));
    const config = sampleConfig({ upstreams, routes: [{ ...route, match: { ...route.match, methods } }] });
    return dryCompile(config, new Map()).problems.map(({ path, message }) => `${path.at(-1)} ${message}`);
  };
  assert.deepEqual(warned('GET', 'QUERY', 'PURGE', 'GTE'), []);
  assert.deepEqual(warned('GET', 'BAN'), [
    '1 no request reaches this with BAN: the gateway refuses the method with 501',
  ]);
  assert.match(warned('TRACE')[0] ?? '', /with 405$/);
  assert.match(warned('CONNECT')[0] ?? '', /with 501$/);
});

test('a snapshot has the names of listeners only if a route asks how requests came in', () => {
  const [listener] = sampleConfig().listeners;
  const listeners = [
    { ...listener!, name: 'internal', port: 8_081 },
    { ...listener!, port: 0 },
    { ...listener!, name: 'second', port: 0 },
  ];
  const plain = sampleRoute('a', '/a');
  const bound = { ...plain, name: 'b', match: { ...plain.match, path: '/b', listeners: ['internal'] } };
  const without = compile(sampleConfig({ listeners, routes: [plain] }));
  assert.equal(without.snapshot.listenerNames, undefined);
  // The table is patched: the name is found in the added route alone.
  const { snapshot } = compile(sampleConfig({ listeners, routes: [plain, bound] }), without);
  assert.deepEqual(
    [...(snapshot.listenerNames ?? [])],
    [
      ['127.0.0.1 8081 0', 'internal'],
      ['127.0.0.1 0 0', ''],
      ['127.0.0.1 0 1', 'second'],
    ],
  );
});
