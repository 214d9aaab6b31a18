// The configuration of rateLimit: what may be written, what results from it, and the messages for what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countMax, perSecondMax } from '../../base/schema/budget-rate.ts';
import { type CallerPart, callerParts } from '../../base/schema/caller-part.ts';
import { algorithms, COUNT_MAX, LOG_COUNT_MAX, PER_SECOND_MAX } from '../../store/limiter/limit-rule.ts';
import { logCountMax, placeProblems, schema } from './config.ts';

/** The first problem, as `path: message`. */
function problemOf(config: unknown): string {
  const issue = schema.safeParse(config).error?.issues[0];
  return issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
}

test('one limit needs nothing but a rate', () => {
  const config = schema.parse({ limit: '100/s' });
  assert.equal(config.limits.length, 1);
  const [limit] = config.limits;
  assert.deepEqual(limit!.rate, { count: 100, perMs: 1_000 });
  assert.equal(limit!.burst, 100);
  assert.equal(limit!.algorithm, 'gcra');
  assert.deepEqual(limit!.by, [{ kind: 'ip', name: '' }]);
  assert.deepEqual(limit!.cost, { each: 1, routes: {}, responseHeader: null });
  assert.equal(limit!.name, 'default');
  assert.equal(config.headers, 'always');
  assert.equal(config.ipv6Prefix, 64);
});

test('by is a word, a map or a list of them', () => {
  const byOf = (by: unknown) => schema.parse({ limit: '1/s', by }).limits[0]!.by;
  assert.deepEqual(byOf('global'), []);
  assert.deepEqual(byOf({ header: 'X-User' }), [{ kind: 'header', name: 'x-user' }]);
  assert.deepEqual(byOf(['route', { claim: 'org.id' }, { cookie: 'S' }, { pathParameter: 'id' }]), [
    { kind: 'route', name: '' },
    { kind: 'claim', name: 'org.id' },
    { kind: 'cookie', name: 'S' },
    { kind: 'pathParameter', name: 'id' },
  ]);
});

test('several limits get names of what they go by', () => {
  const { limits } = schema.parse({
    limits: [
      { limit: '10/s' },
      { limit: '1000/min', by: ['route', 'ip'] },
      { concurrency: 5, by: 'global', name: 'all' },
    ],
  });
  assert.deepEqual(
    limits.map(({ name }) => name),
    ['ip-1', 'route-ip-2', 'all'],
  );
});

test('bad input is refused at its place', () => {
  const cases: [unknown, RegExp][] = [
    [{}, /^: a `limit` such as 100\/s is missing/],
    [{ limit: '0/s' }, /^limit: a limit of zero would refuse every request/],
    [{ limit: 'fast' }, /^limit: expected a rate such as 100\/s.*found "fast"/],
    [{ limit: '2M/s' }, /^limit: expected at most 1M\/s/],
    [{ limit: '10/s', burst: 0 }, /^burst: a burst below 1/],
    [{ limit: '10/s', burst: 1.5 }, /^burst: expected a whole number/],
    [{ limit: '10/s', burst: 5, algorithm: 'fixedWindow' }, /^burst: fixedWindow has no burst/],
    [{ limit: '20000/h', algorithm: 'slidingLog' }, /^limit: slidingLog remembers every request/],
    [{ limit: '20/h', algorithm: 'slidingLog', plan: true }, /^plan: slidingLog/],
    [{ limit: '10/s', burst: 20, cost: 21 }, /^cost: a request of 21 units would never fit into a burst of 20/],
    [{ limit: '10/s', cost: { routes: { search: 11 } } }, /^cost: a request of 11 units would never fit/],
    [{ limit: '10/s', cost: 0 }, /^cost/],
    [{ concurrency: 0 }, /^concurrency: a concurrency of 0/],
    [{ concurrency: 3, plan: true }, /^plan: write a `limit` as well/],
    [{ limit: '10/s', limits: [{ limit: '1/s' }] }, /^limit: this is beside `limits`/],
    ...(
      [
        ['name', 'api'],
        ['by', 'consumer'],
        ['by', ['ip', 'route']],
        ['by', 'global'],
        ['burst', 5],
        ['algorithm', 'slidingWindow'],
        ['fallback', 'shared'],
        ['cost', 5],
        ['plan', true],
      ] as const
    ).map(([key, value]): [object, RegExp] => [
      { [key]: value, limits: [{ limit: '10/s' }] },
      new RegExp(`^${key}: this is beside .limits., where it applies to none of them: write it in each$`),
    ]),
    [{ limits: [] }, /^limits: name at least one/],
    [
      {
        limits: [
          { limit: '1/s', name: 'a' },
          { limit: '1/h', name: 'a' },
        ],
      },
      /^limits.1.name: two limits are named "a"/,
    ],
    [
      { limits: [{ limit: '10/s' }, { limit: '1000/min' }] },
      /^limits.1.limit: this limit can never be the one that refuses: "ip-1"/,
    ],
    [{ limits: [{ limit: '100/min' }, { limit: '50/h' }] }, /^limits.0.limit: this limit can never/],
    [
      {
        limits: [
          { limit: '5/s', algorithm: 'slidingLog' },
          { limit: '5/s', algorithm: 'fixedWindow' },
        ],
      },
      /^limits.1.limit: this limit can never/,
    ],
    [{ limits: [{ limit: '100/week' }, { limit: '500/month' }] }, /^limits.1.limit: this limit can never/],
    [
      {
        limits: [
          { limit: '100/week', algorithm: 'fixedWindow' },
          { limit: '600/month', algorithm: 'fixedWindow' },
        ],
      },
      /^limits.1.limit: this limit can never/,
    ],
    [
      {
        limits: [
          { limit: '100/week', algorithm: 'slidingLog' },
          { limit: '500/month', algorithm: 'slidingLog' },
        ],
      },
      /^limits.1.limit: this limit can never/,
    ],
    // Different algorithms: a bucket of ten admits at most 610 in a minute, windows of ten seconds at most 620 wherever the minute begins.
    [
      { limits: [{ limit: '10/s' }, { limit: '610/min', algorithm: 'fixedWindow' }] },
      /^limits.1.limit: this limit can never/,
    ],
    [
      { limits: [{ limit: '10/s' }, { limit: '1220/min', algorithm: 'slidingWindow' }] },
      /^limits.1.limit: this limit can never/,
    ],
    [
      {
        limits: [
          { limit: '10/s', algorithm: 'fixedWindow' },
          { limit: '620/min', algorithm: 'slidingLog' },
        ],
      },
      /^limits.1.limit: this limit can never/,
    ],
    [
      {
        limits: [
          { limit: '10/s', algorithm: 'slidingWindow' },
          { limit: '600/min', burst: 20 },
        ],
      },
      /^limits.1.limit: this limit can never/,
    ],
    [{ limit: '10/s', by: 'plan' }, /^by: expected ip, consumer/],
    [{ limit: '10/s', by: ['ip', 'global'] }, /^by/],
    [{ limit: '10/s', mode: 'exact' }, /^mode: `mode` is for limits in a Redis/],
    [{ limit: '10/s', onStoreFailure: 'open' }, /^onStoreFailure: /],
    [{ limit: '10/s', answerTimeout: '5ms' }, /^answerTimeout: .*in a Redis/],
    [{ limit: '10/s', store: 'main', answerTimeout: '5ms' }, /^answerTimeout: only `mode: exact`/],
    [{ limit: '10/s', store: 'main', mode: 'exact', answerTimeout: '11s' }, /^answerTimeout: expected 1ms to 10s/],
    [{ limit: '10/s', store: 'main', mode: 'strict' }, /^mode: /],
    [{ concurrency: 10, store: 'main' }, /^store: .*by each gateway for itself/],
    [{ limit: '10/s', memory: '1KiB' }, /^memory: expected a size from 64KiB/],
    [{ limit: '10/s', except: { ips: ['10.0.0.1/8'] } }, /^except.ips.0: .*bits set after/],
    [{ limit: '10/s', limt: 1 }, /limt/],
  ];
  for (const [config, expected] of cases) assert.match(problemOf(config), expected, JSON.stringify(config));
});

test('limits that do not contradict each other stand together', () => {
  for (const limits of [
    [{ limit: '100/s' }, { limit: '1000/min' }],
    [
      { limit: '10/s', burst: 5 },
      { limit: '10/s', by: 'global' },
    ],
    [
      { limit: '10/s', burst: 50 },
      { limit: '20/s', burst: 20 },
    ],
    [{ limit: '10/s', plan: true }, { limit: '1000/s' }],
    [{ limit: '100/min' }, { limit: '100/min', algorithm: 'slidingLog' }],
    [{ limit: '50/min', algorithm: 'fixedWindow' }, { limit: '60/min' }],
    // After a burst of five, gcra admits one more each fifth of a second; the fixed window admits none until its end.
    [{ limit: '5/s' }, { limit: '5/s', algorithm: 'fixedWindow' }],
    // A month of thirty days is touched by six weeks, of which the two at its ends may be used up within it.
    [
      { limit: '100/week', algorithm: 'fixedWindow' },
      { limit: '500/month', algorithm: 'fixedWindow' },
    ],
    // And a week by two months.
    [
      { limit: '100/month', algorithm: 'fixedWindow' },
      { limit: '150/week', algorithm: 'fixedWindow' },
    ],
    [
      { limit: '100/week', algorithm: 'slidingWindow' },
      { limit: '600/month', algorithm: 'slidingWindow' },
    ],
    // The log admits on days 0, 7, 14, 21 and 28.
    [
      { limit: '100/week', algorithm: 'slidingLog' },
      { limit: '450/month', algorithm: 'slidingLog' },
    ],
    // After a second whose units all came at its start, the two counters still take them for spread over it.
    [
      { limit: '5/s', algorithm: 'slidingLog' },
      { limit: '5/s', algorithm: 'slidingWindow' },
    ],
    [{ limit: '10/s' }, { limit: '609/min', algorithm: 'fixedWindow' }],
    [{ limit: '10/s' }, { limit: '1219/min', algorithm: 'slidingWindow' }],
    [
      { limit: '10/s', algorithm: 'fixedWindow' },
      { limit: '619/min', algorithm: 'slidingLog' },
    ],
    [
      { limit: '10/s', algorithm: 'fixedWindow' },
      { limit: '600/min', burst: 19 },
    ],
    // What responses cost is owed until the end of a window, or until a bucket has gained it.
    [
      { limit: '10/s', algorithm: 'fixedWindow', cost: { responseHeader: 'x-cost' } },
      { limit: '600/min', burst: 20, cost: { responseHeader: 'x-cost' } },
    ],
    [
      { limit: '50/h', by: { header: 'x-a' } },
      { limit: '100/h', by: { header: 'x-a' }, fallback: 'shared' },
    ],
  ]) {
    assert.equal(problemOf({ limits }), '', JSON.stringify(limits));
  }
});

test('what a place can never have is told', () => {
  const around = {
    knowsCaller: false,
    knownOfCaller: new Set<CallerPart>(callerParts),
    pathParameters: ['id'],
    routes: new Set(['a']),
    consumers: new Set(['acme']),
    plans: [
      {
        name: 'tiny',
        rates: [
          { count: 5, perMs: 60_000 },
          { count: 9, perMs: 3_600_000 },
        ],
        quotas: null,
      },
    ],
    tagValues: () => new Map(),
  };
  const told = (config: unknown, known: Partial<typeof around> & object = {}) =>
    placeProblems(schema.parse(config), { ...around, ...known }).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
  for (const by of ['consumer', 'key', 'tenant', { claim: 'sub' }]) {
    assert.match(told({ limit: '1/s', by })[0]!, /^by: no filter before this one finds out who calls/);
    assert.deepEqual(told({ limit: '1/s', by }, { knowsCaller: true }), []);
  }
  assert.match(told({ limits: [{ limit: '1/s', by: ['ip', 'tenant'] }] })[0]!, /^limits.0.by: /);
  const toldOf = (known: readonly CallerPart[], by: unknown) =>
    placeProblems(schema.parse({ limit: '1/s', by }), {
      ...around,
      knowsCaller: true,
      knownOfCaller: new Set(known),
    }).map(({ path, message, severity }) => `${severity ?? 'error'} ${path.join('.')}: ${message}`);
  assert.match(toldOf(['consumer', 'key'], { claim: 'sub' })[0]!, /^error by: .*reads the claims of a token/);
  assert.match(toldOf(['claim', 'consumer'], ['ip', 'key'])[0]!, /^error by: .*keys.*or limit by a claim/);
  for (const by of ['consumer', 'tenant'])
    assert.match(toldOf(['claim'], by)[0]!, /^warning by: .*names a consumer.*or limit by a claim/);
  assert.match(
    told({ limit: '1/s', plan: true }, { knowsCaller: true, knownOfCaller: new Set<CallerPart>(['claim']) })[0]!,
    /^plan: .*names a consumer, so there is never a plan/,
  );
  assert.match(told({ limit: '1/s', plan: true })[0]!, /^plan: /);
  assert.match(told({ limit: '1/s', by: { pathParameter: 'ids' } })[0]!, /no parameter \{ids\}; there are id/);
  assert.match(told({ limit: '1/s', cost: { routes: { b: 1 } } })[0]!, /^cost: there is no route "b"/);
  const dear = { limit: '9/s', cost: { routes: { a: 6 } } };
  assert.match(
    told({ ...dear, plan: true }, { knowsCaller: true })[0]!,
    /^cost: .* 6 units .* the plan "tiny", which is 5/,
  );
  assert.deepEqual(told(dear), []);
  const beside = (name: string) =>
    told({ limits: [{ name: 'own', limit: '9/s', plan: true }, { name, limit: '99/h', by: 'global' }] }, { knowsCaller: true }); // biome-ignore format: short
  assert.match(beside('own-h')[0]!, /^limits.0.plan: .* plan "tiny" is told to callers as "own-h", which is the name/);
  assert.deepEqual(beside('own-day'), []);
  assert.match(told({ limit: '1/s', except: { consumers: ['acme'] } })[0]!, /^except.consumers.0: no filter/);
  const unlisted = schema.parse({ limit: '1/s', except: { consumers: ['acne'] } });
  const [problem] = placeProblems(unlisted, { ...around, knowsCaller: true });
  // Because: keys of a store may belong to consumers that are not listed.
  assert.equal(problem?.severity, 'warning');
  assert.match(problem.message, /no consumer "acne"/);
});

test('the bounds are those of the algorithms', () => {
  assert.deepEqual([countMax, logCountMax, perSecondMax], [COUNT_MAX, LOG_COUNT_MAX, PER_SECOND_MAX]);
  for (const algorithm of algorithms) assert.equal(problemOf({ limit: '5/s', algorithm }), '');
});
