// Random documents: valid ones mean the same in JSON and YAML, and however they are split into files; broken ones never throw, and every
// problem has a place.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { z } from 'zod';
import { type LoadResult, loadConfig, loadConfigText } from './load.ts';
import { LoadCache } from './load-cache.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-property-'));
after(() => rmSync(folder, { recursive: true }));

const filters = [
  { name: 'tag', schema: z.strictObject({ value: z.string().optional() }) },
  { name: 'list', schema: z.strictObject({ of: z.array(z.union([z.string(), z.int()])) }) },
];
const options = { filters, env: { A: 'value-of-a' } };
const seed = 20_261_121;

const letters = fc.string({ maxLength: 12, size: 'max' }).filter(text => !text.includes('${'));
const duration = fc.constantFrom('1ms', '250ms', '30s', '5m', '24h');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const record = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }, requiredKeys: (keyof T)[]) =>
  fc.record(shape, { requiredKeys, noNullPrototype: true });

const conditionsOn = (values: fc.Arbitrary<string>) =>
  fc.dictionary(
    fc.constantFrom('a', 'b-c', 'x'),
    fc.oneof(
      values.filter(text => !text.startsWith('~')),
      fc.boolean(),
      fc.constantFrom('~a+', '~[a-z]*'),
    ),
    { maxKeys: 3, noNullPrototype: true },
  );
const match = record(
  {
    host: fc.oneof(fc.constantFrom('a.example', '*.b.example'), fc.constant(['a.example', 'c.example'])),
    path: fc.constantFrom('/', '/a', '/a/*', '/u/{id}', '/f/{rest*}', '~/x[0-9]+'),
    methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'PURGE'), { minLength: 1 }),
    headers: conditionsOn(letters.filter(text => text.trim() === text)),
    query: conditionsOn(letters),
    cookies: conditionsOn(letters.filter(text => !/[ ",;\\]/.test(text))),
    body: fc.dictionary(
      fc.constantFrom('$.a', '$.a[0].b'),
      fc.oneof(
        letters.filter(text => !text.startsWith('~')),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ),
      { noNullPrototype: true },
    ),
  },
  [],
);
const filter = fc.oneof(
  record({ tag: record({ value: letters }, []) }, ['tag']),
  record({ list: record({ of: fc.array(fc.oneof(letters, fc.integer()), { maxLength: 3 }) }, ['of']) }, ['list']),
);
const destination = fc.oneof(
  fc.constantFrom('u0', 'u1'),
  fc.constant([{ upstream: 'u0', weight: 3 }, { upstream: 'u1' }]),
  record({ reply: record({ status: fc.integer({ min: 206, max: 303 }), body: letters }, []) }, ['reply']),
  fc.constant({ redirect: { url: 'https://{host}{path}' } }),
);
const route = record(
  { match, public: fc.boolean(), filters: fc.array(filter, { maxLength: 2 }), to: destination, timeout: duration },
  ['to'],
);
const upstream = record(
  {
    endpoints: fc.constantFrom(['http://a'], ['http://a:1', { url: 'http://[::1]:2', weight: 2, zone: 'z' }]),
    balance: fc.constantFrom('p2c', 'roundRobin', 'leastRequest', 'random'),
    pool: record({ maxConnections: fc.nat({ max: 1000 }), idleTimeout: duration }, []),
    timeout: duration,
  },
  ['endpoints'],
);
const document = fc
  .record({
    address: fc.constantFrom('127.0.0.1:0', '0.0.0.0:8080', '[::1]:1'),
    settings: record(
      {
        drainTimeout: duration,
        accessLog: fc.constantFrom('off', { path: 'stdout', sample: '5%' }),
        limits: record({ headerCount: fc.integer({ min: 1, max: 99 }), body: fc.constantFrom(0, '1MiB') }, []),
      },
      [],
    ),
    upstreams: fc.tuple(upstream, upstream),
    filters: optional(fc.array(filter, { maxLength: 2 })),
    routes: fc.array(route, { maxLength: 5 }),
  })
  .map(({ address, settings, upstreams: [u0, u1], filters: chain, routes }) => ({
    listeners: [{ address }],
    ...settings,
    upstreams: { u0, u1 },
    ...(chain !== undefined && { filters: chain }),
    routes: routes.map((each, at) => ({ name: `r${at}`, ...each })),
  }));

function configOf(result: LoadResult): unknown {
  assert.ok(result.ok, JSON.stringify(result.problems));
  return { ...result.config, version: '' };
}

test('a document means the same in JSON, in YAML of any style, and read again with what was kept', () => {
  const cache = new LoadCache();
  fc.assert(
    fc.property(document, fc.constantFrom(-1, 1, 2, 3, 4), fc.boolean(), (value, flowLevel, seqNoIndent) => {
      const json = configOf(loadConfigText(JSON.stringify(value), 'a.json', options));
      const yaml = dump(value, { flowLevel, seqNoIndent, noRefs: true });
      assert.deepEqual(configOf(loadConfigText(yaml, 'a.yaml', options)), json);
      assert.deepEqual(configOf(loadConfigText(yaml, 'kept.yaml', { ...options, cache })), json);
      assert.deepEqual(configOf(loadConfigText(JSON.stringify(value, null, 2), 'a.yaml', options)), json);
    }),
    { numRuns: 400, seed },
  );
});

test('a document means the same when it is cut into files', () => {
  fc.assert(
    fc.property(document, fc.nat({ max: 5 }), (value, at) => {
      const { routes, upstreams, ...rest } = value;
      const main = { include: ['one-*.yaml'], ...rest, upstreams: { u0: upstreams.u0 }, routes: routes.slice(0, at) };
      const part = { upstreams: { u1: upstreams.u1 }, routes: routes.slice(at) };
      writeFileSync(path.join(folder, 'main.yaml'), dump(main));
      writeFileSync(path.join(folder, 'one-part.yaml'), dump(part));
      const whole = configOf(loadConfigText(dump(value), 'whole.yaml', options));
      assert.deepEqual(configOf(loadConfig(path.join(folder, 'main.yaml'), options)), whole);
    }),
    { numRuns: 100, seed },
  );
});

/** The value with `other` at the place that `choices` select. */
function mutated(value: unknown, choices: readonly number[], other: unknown): unknown {
  const [choice = 0, ...rest] = choices;
  if (typeof value !== 'object' || value === null || rest.length === 0) return other;
  if (Array.isArray(value))
    return value.length === 0
      ? [other]
      : value.with(choice % value.length, mutated(value[choice % value.length], rest, other));
  const keys = Object.keys(value);
  const key = keys[choice % (keys.length + 1)] ?? `unknown${choice}`;
  return { ...value, [key]: mutated(Reflect.get(value, key), rest, other) };
}

const odd = fc.oneof(
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1.5,
    true,
    [],
    {},
    [[]],
    { a: {} },
    '~(',
    '*',
    '${env:B}',
    '${env:A}',
    '${x:y}',
    '/{',
    'u9',
    'tag',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

test('a document with something odd in it never throws, and every problem has its place', () => {
  let refused = 0;
  fc.assert(
    fc.property(
      document,
      fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 7 }),
      odd,
      (value, choices, other) => {
        const text = dump(mutated(value, choices, other));
        const result = loadConfigText(text, path.join(folder, 'odd.yaml'), options);
        if (!result.ok) refused++;
        assertPlaces(result, text);
      },
    ),
    { numRuns: 1_500, seed },
  );
  assert.ok(refused > 700, `only ${refused} were refused`);
});

test('a text with letters changed never throws, and is read as without what was kept', () => {
  const cache = new LoadCache();
  const edit = fc.tuple(
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.string({ maxLength: 3, unit: fc.constantFrom(...'\n :-#"\'[]{}&*!|>%a0\t$') }),
  );
  fc.assert(
    fc.property(document, fc.array(edit, { minLength: 1, maxLength: 3 }), (value, edits) => {
      let text = dump(value);
      for (const [at, length, inserted] of edits) {
        const from = at % (text.length + 1);
        text = text.slice(0, from) + inserted + text.slice(from + length);
      }
      const file = path.join(folder, 'edited.yaml');
      const fresh = loadConfigText(text, file, options);
      assertPlaces(fresh, text);
      const kept = loadConfigText(text, file, { ...options, cache });
      assert.deepEqual(kept.problems, fresh.problems);
      assert.deepEqual(kept.ok && kept.config, fresh.ok && fresh.config);
    }),
    { numRuns: 1_500, seed },
  );
});

function assertPlaces(result: LoadResult, text: string): void {
  const lines = text.split('\n');
  assert.equal(
    result.ok,
    result.problems.every(({ severity }) => severity === 'warning'),
  );
  for (const { line, column, message } of result.problems) {
    assert.notEqual(message, '');
    assert.doesNotMatch(message, /Invalid input|\[object|undefined/);
    assert.ok(line >= 1 && line <= lines.length, `${line} of ${lines.length}: ${message}`);
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `${line}:${column}: ${message}`);
  }
}
