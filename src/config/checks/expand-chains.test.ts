import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from 'zod';
import { type LoadResult, loadConfig } from '../load.ts';
import { LoadCache } from '../load-cache.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';

const filters: readonly FilterSchema[] = [
  { name: 'login', schema: z.strictObject({ realm: z.string().default('all') }), identifies: true },
  {
    name: 'limit',
    schema: z.strictObject({ rate: z.int(), by: z.string().optional() }),
    placeProblems: (config, { knowsCaller, pathParameters }) => {
      // Because: the schema above has accepted it.
      const { by } = config as { by?: string };
      if (by === 'caller' && !knowsCaller) return [{ path: ['by'], message: 'nobody is known here' }];
      if (by === 'id' && pathParameters?.includes('id') === false)
        return [{ path: ['by'], message: 'the path has no {id}' }];
      return [];
    },
  },
  { name: 'any', schema: z.array(z.unknown()), nests: true },
];

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-chains-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const main = path.join(folder, 'cardea.yaml');

const start = 'listeners: [{ address: 127.0.0.1:8080 }]\n';
const to = 'to: { reply: { status: 204 } }';

function load(text: string, included = '', cache = new LoadCache()): LoadResult {
  writeFileSync(main, `${start}${text}\n`);
  writeFileSync(path.join(folder, 'more.yaml'), `${included}\n`);
  return loadConfig(main, { filters, cache });
}

function good(text: string, included = '', cache = new LoadCache()) {
  const result = load(text, included, cache);
  assert.ok(result.ok, JSON.stringify(result.problems));
  return result;
}

function problems(text: string, included = ''): string[] {
  return load(text, included).problems.map(
    ({ file, line, column, message }) => `${path.basename(file)}:${line}:${column} ${message}`,
  );
}

const partners = 'chains:\n  partners:\n    - login: {}\n    - limit: { rate: 5, by: caller }\n';
const loginOf = { name: 'login', config: { realm: 'all' }, chain: 'partners' };
const limitOf = { name: 'limit', config: { rate: 5, by: 'caller' }, chain: 'partners' };

describe('a chain', () => {
  test('stands for its filters, among others, in routes and in the global chain', () => {
    const { config } = good(`${partners}
filters: [{ chain: partners }]
routes:
  - { name: a, match: { path: /a }, filters: [{ limit: { rate: 1 } }, { chain: partners }, { limit: { rate: 2 } }], ${to} }
  - { name: b, match: { path: /b }, filters: [{ chain: partners }], ${to} }`);
    assert.deepEqual(config.filters, [loginOf, limitOf]);
    const limit = (rate: number) => ({ name: 'limit', config: { rate } });
    assert.deepEqual(config.routes[0]!.filters, [limit(1), loginOf, limitOf, limit(2)]);
    assert.equal(config.routes[0]!.filters[1], config.routes[1]!.filters[0], 'the filter was checked once');
    assert.deepEqual(config.chains, [
      { name: 'partners', filters: [loginOf, limitOf].map(({ name, config: own }) => ({ name, config: own })) },
    ]);
  });

  test('is found in every file, wherever it is written', () => {
    const { config } = good(
      `include: [more.yaml]\nroutes: [{ name: a, filters: [{ chain: partners }, { chain: mine }], ${to} }]`,
      `${partners}  mine: [{ limit: { rate: 1 } }]`,
    );
    assert.deepEqual(
      config.routes[0]!.filters.map(({ chain }) => chain),
      ['partners', 'partners', 'mine'],
    );
  });

  test('that is unchanged leaves routes the same objects over reloads, and one that changed changes its routes only', () => {
    const cache = new LoadCache();
    const text = (rate: number, rest = '') => `chains:
  one: [{ limit: { rate: ${rate} } }]
  two: [{ limit: { rate: 2 } }]
filters: [{ limit: { rate: 9 } }, { chain: two }]
routes:
  - { name: a, match: { path: /a }, filters: [{ chain: one }], ${to} }
  - { name: b, match: { path: /b }, filters: [{ chain: two }, { limit: { rate: 3 } }], ${to} }
${rest}`;
    const more = `  - { name: c, match: { path: /c }, ${to} }\n`;
    const first = good(text(1, more), '', cache).config;
    const second = good(text(1, `${more}  - { name: d, match: { path: /d }, ${to} }`), '', cache).config;
    assert.equal(first.filters, second.filters);
    assert.deepEqual(
      [0, 1].map(at => first.routes[at] === second.routes[at]),
      [true, true],
    );
    const third = good(text(5, more), '', cache).config;
    assert.deepEqual(
      [0, 1].map(at => first.routes[at] === third.routes[at]),
      [false, true],
    );
    assert.deepEqual(third.routes[0]!.filters, [{ name: 'limit', config: { rate: 5 }, chain: 'one' }]);
  });
});

describe('what is wrong', () => {
  test('inside a chain is shown where the chain is written, once', () => {
    const routes = ['a', 'b'].map(
      name => `  - { name: ${name}, match: { path: /${name} }, filters: [{ chain: partners }], ${to} }\n`,
    );
    assert.deepEqual(
      problems(`include: [more.yaml]\nroutes:\n${routes.join('')}`, 'chains:\n  partners: [{ limit: { rate: x } }]'),
      ['more.yaml:2:31 expected a whole number, found "x"'],
    );
  });

  test('at the place of a filter is shown where it is written, with the routes in which it is wrong', () => {
    const route = (name: string, list: string) =>
      `  - { name: ${name}, match: { path: /${name} }, filters: [${list}], ${to} }\n`;
    const chain = 'chains:\n  counted: [{ limit: { rate: 1 } }, { limit: { rate: 5, by: caller } }]\n';
    const use = '{ limit: { rate: 7 } }, { chain: counted }';
    assert.deepEqual(problems(`${chain}routes:\n${route('a', use)}${route('b', `{ login: {} }, ${use}`)}`), [
      'cardea.yaml:3:61 nobody is known here (in the route a)',
    ]);
    const names = ['a', 'b', 'c', 'd', 'e'];
    assert.deepEqual(problems(`${chain}routes:\n${names.map(name => route(name, use)).join('')}`), [
      'cardea.yaml:3:61 nobody is known here (in the routes a, b, c and 2 more)',
    ]);
    assert.deepEqual(problems(`${chain}filters: [{ chain: counted }]\nroutes:\n${route('a', '')}`), [
      'cardea.yaml:3:61 nobody is known here',
    ]);
  });

  test('behind a chain in the list is shown at its own place', () => {
    assert.deepEqual(
      problems(`chains: { two: [{ limit: { rate: 1 } }, { limit: { rate: 2 } }] }
routes:
  - name: a
    filters:
      - chain: two
      - limit: { rate: 3, by: id }
    ${to}`),
      ['cardea.yaml:7:31 the path has no {id}'],
    );
  });

  test('with a name is told with the nearest one', () => {
    const route = (name: string) => `routes: [{ name: a, filters: [{ chain: ${name} }], ${to} }]`;
    assert.deepEqual(problems(`${partners}filters: [{ chain: partners }]\n${route('partnrs')}`), [
      'cardea.yaml:7:40 there is no chain "partnrs"; did you mean "partners"?',
    ]);
    assert.deepEqual(problems(`${partners}filters: [{ chain: partners }]\n${route('other')}`), [
      'cardea.yaml:7:40 there is no chain "other"; there are partners',
    ]);
    assert.deepEqual(problems(route('other')), ['cardea.yaml:2:40 there is no chain "other"; there are none']);
    assert.deepEqual(problems(`filters: [{ chain: other }]\nroutes: [{ name: a, ${to} }]`), [
      'cardea.yaml:2:20 there is no chain "other"; there are none',
    ]);
  });

  test('with the form is told', () => {
    const of = (element: string) =>
      problems(`${partners}filters: [{ chain: partners }]\nroutes: [{ name: a, filters: [${element}], ${to} }]`);
    assert.deepEqual(of('{ chain: [partners] }'), [
      'cardea.yaml:7:40 expected the name of a chain, found a list: write an element for each, - chain: NAME',
    ]);
    assert.deepEqual(of('{ chain: { login: {} } }'), [
      'cardea.yaml:7:40 expected the name of a chain, found a map: its filters are written under `chains`',
    ]);
    assert.deepEqual(of('{ any: [{ chain: partners }] }'), [
      'cardea.yaml:7:41 a chain cannot stand here: only `filters` of a route and the global `filters` use chains',
    ]);
    assert.deepEqual(problems(`chains: { a: [], b: { login: {} } }\nroutes: [{ name: a, ${to} }]`), [
      'cardea.yaml:2:14 expected at least one filter, found an empty list',
      'cardea.yaml:2:21 expected a list of filters, found a map',
    ]);
  });

  test('with a chain in a chain, itself or another, is told: chains do not nest', () => {
    assert.deepEqual(problems(`chains: { a: [{ chain: a }] }\nroutes: [{ name: a, filters: [{ chain: a }], ${to} }]`), [
      'cardea.yaml:2:17 a chain cannot stand here: only `filters` of a route and the global `filters` use chains',
    ]);
  });

  test('a chain that nothing uses is a warning', () => {
    assert.deepEqual(problems(`${partners}routes: [{ name: a, ${to} }]`), [
      'cardea.yaml:3:3 nothing uses the chain "partners"',
    ]);
    assert.deepEqual(problems(`${partners}filters: [{ chain: partners }]\nroutes: [{ name: a, ${to} }]`), []);
  });
});

test('ten thousand routes with a chain are expanded without checking its filters again', () => {
  let checks = 0;
  const counted: readonly FilterSchema[] = [{ name: 'counted', schema: z.strictObject({}).refine(() => ++checks > 0) }];
  const routes = Array.from(
    { length: 10_000 },
    (_, at) => `  - { name: r${at}, match: { path: /r${at} }, filters: [{ chain: all }], ${to} }\n`,
  );
  writeFileSync(main, `${start}chains: { all: [{ counted: {} }] }\nroutes:\n${routes.join('')}`);
  const result = loadConfig(main, { filters: counted });
  assert.ok(result.ok);
  assert.equal(checks, 1);
  assert.equal(result.config.routes[0]!.filters, result.config.routes[9_999]!.filters);
});
