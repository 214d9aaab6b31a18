// Filters that give out remembered responses have to follow those that identify the caller; and what filters report of their own place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { languageOf } from '../language.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';
import { checkDocument } from './check-document.ts';
import { checkFilterPlaces } from './check-filter-places.ts';
import { allRoutes } from './routes-to-check.ts';

const any = z.strictObject({});
const filters: readonly FilterSchema[] = [
  { name: 'remember', schema: any, remembersAnswers: true },
  { name: 'identify', schema: any, identifies: true },
  { name: 'other', schema: any },
  { name: 'doubt', schema: any, placeProblems: () => [{ path: ['cost'], message: 'really?', severity: 'warning' }] },
  { name: 'object', schema: any, placeProblems: () => [{ path: ['by'], message: 'no' }] },
];

/** `path: message` of each problem with these chains: the global one, and the chain of one route. */
function problems(global: readonly string[], ofRoute: readonly string[]): string[] {
  const chain = (names: readonly string[]) => names.map(name => ({ [name]: {} }));
  const document = {
    listeners: [{ address: '127.0.0.1:8080' }],
    upstreams: { users: { endpoints: ['http://10.0.0.1:8080'] } },
    filters: chain(global),
    routes: [{ name: 'users', to: 'users', filters: chain(ofRoute) }],
  };
  const { parts, problems } = checkDocument(document, languageOf(filters), new Map());
  assert.deepEqual(problems, []);
  return checkFilterPlaces(document, parts, filters, allRoutes(parts)).map(
    ({ path, message, severity }) => `${severity === 'warning' ? 'warning: ' : ''}${path.join('.')}: ${message}`,
  );
}

const told = 'remember gives out kept responses before identify has identified the caller: put it after that';

test('an answer that is remembered before anybody asked who calls is refused, in the chain of a route', () => {
  assert.deepEqual(problems([], ['remember', 'other', 'identify']), [`routes.0.filters.0.remember: ${told}`]);
});

test('and in the chain of all routes, for what stands there and for what a route adds', () => {
  assert.deepEqual(problems(['remember', 'identify'], []), [`filters.0.remember: ${told}`]);
  assert.deepEqual(problems(['other', 'remember'], ['identify']), [`filters.1.remember: ${told}`]);
});

test('behind, or where nobody asks who calls, it is taken', () => {
  assert.deepEqual(problems([], ['identify', 'remember']), []);
  assert.deepEqual(problems(['identify'], ['remember', 'other']), []);
  assert.deepEqual(problems(['remember'], ['other']), []);
});

test('what a filter says of its place is an error, unless it says otherwise', () => {
  assert.deepEqual(problems(['doubt'], ['object']), [
    'warning: filters.0.doubt.cost: really?',
    'routes.0.filters.0.object.by: no',
  ]);
});

test('what filters can know of a caller is told to those behind them', () => {
  const said = (name: string, ...parts: CallerPart[]): FilterSchema => ({
    name,
    schema: z.strictObject({ optional: z.unknown().optional() }),
    identifies: true,
    makesKnown: () => parts,
  });
  const asks: FilterSchema = {
    name: 'asks',
    schema: any,
    placeProblems: (_, { knowsCaller, knownOfCaller }) => [
      { path: [], message: `${knowsCaller ? 'known: ' : 'nobody'}${[...knownOfCaller].sort().join(' ')}` },
    ],
  };
  const nested: FilterSchema = { name: 'either', schema: z.array(z.unknown()), nests: true };
  const schemas = [
    said('token', 'claim'),
    said('password'),
    { name: 'login', schema: any, identifies: true },
    nested,
    asks,
  ];
  const toldBehind = (global: readonly object[], ofRoute: readonly object[] = []) => {
    const chain = [...ofRoute, { asks: {} }];
    const document = {
      listeners: [{ address: '127.0.0.1:8080' }],
      consumers: [{ name: 'guest' }],
      filters: global,
      routes: [{ name: 'a', to: { reply: {} }, filters: chain }],
    };
    const { parts } = checkDocument(document, languageOf(schemas), new Map());
    return checkFilterPlaces(document, parts, schemas, allRoutes(parts)).map(({ message }) => message);
  };
  assert.deepEqual(toldBehind([]), ['nobody']);
  assert.deepEqual(toldBehind([{ password: {} }]), ['known: ']);
  assert.deepEqual(toldBehind([{ password: {} }], [{ token: {} }]), ['known: claim']);
  assert.deepEqual(toldBehind([{ either: [{ password: {} }, { either: [{ token: {} }] }] }]), ['known: claim']);
  assert.deepEqual(toldBehind([{ token: { optional: { consumer: 'guest' } } }]), ['known: claim consumer']);
  assert.deepEqual(toldBehind([{ login: {} }]), ['known: claim consumer key']);
  assert.deepEqual(toldBehind([{ login: { wrong: 1 } }]), ['known: claim consumer key']);
});

test('what a filter inside another says of its place is told with both', () => {
  const inside: FilterSchema = { name: 'either', schema: z.array(z.unknown()), nests: true };
  const known: FilterSchema = {
    name: 'known',
    schema: any,
    identifies: true,
    placeProblems: (_, { consumers }) => [...consumers].map(name => ({ path: [name], message: 'is known' })),
  };
  const schemas = [inside, known];
  const document = {
    listeners: [{ address: '127.0.0.1:8080' }],
    consumers: [{ name: 'acme' }],
    filters: [{ either: [{ known: {} }, { either: [{ known: {} }] }] }],
  };
  const { parts, problems: others } = checkDocument(document, languageOf(schemas), new Map());
  assert.deepEqual(others, []);
  assert.deepEqual(
    checkFilterPlaces(document, parts, schemas, allRoutes(parts)).map(({ path }) => path.join('.')),
    ['filters.0.either.0.known.acme', 'filters.0.either.1.either.0.known.acme'],
  );
});
