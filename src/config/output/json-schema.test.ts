// The generated JSON Schema and reference cover the language: each key described, each map closed, each filter named.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { documentKeys } from '../language.ts';
import { type JsonSchema, jsonSchema } from './json-schema.ts';
import { configurationReference } from './reference.ts';

const filters = [
  {
    name: 'echo',
    schema: z.strictObject({ text: z.string().default('hi').describe('Said.') }),
    documentation: 'Says it.',
  },
];
const schema = jsonSchema(filters);
const reference = configurationReference(filters);

interface Place {
  readonly path: string;
  readonly schema: JsonSchema;
}

/** The schema and all schemas below it, each with its path. */
function placesOf(schema: unknown, path: string): Place[] {
  // Because: `true` and `false` are schemas too, with nothing below them.
  if (typeof schema !== 'object' || schema === null) return [];
  // Because: JSON Schema consists of JSON, so that an object has string keys.
  const here = schema as JsonSchema;
  const named = Object.entries({ ...here.properties, ...here.$defs });
  const below = [here.items, here.additionalProperties, ...(here.anyOf ?? []), ...(here.oneOf ?? [])];
  return [
    { path, schema: here },
    ...named.flatMap(([key, value]) => placesOf(value, `${path}.${key}`)),
    ...below.flatMap(value => placesOf(value, `${path}[]`)),
  ];
}

const places = placesOf(schema, '');

test('the document has the keys of the language, and no other', () => {
  assert.match(schema.$schema ?? '', /2020-12/);
  assert.deepEqual(Object.keys(schema.properties ?? {}), ['$schema', ...documentKeys]);
  assert.equal(schema.additionalProperties, false);
});

test('every map of settings is closed, and every setting is described', () => {
  const maps = places.filter(place => place.schema.properties !== undefined);
  assert.ok(maps.length > 15, 'the walk has found the maps');
  for (const { path, schema } of maps) {
    assert.equal(schema.additionalProperties, false, path);
    // Because: the only property of a filter's place is the name of the filter, which has its description inside.
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      assert.ok(typeof value === 'object' && (value.description ?? '') !== '', `${path}.${key} is not described`);
    }
  }
});

test('a setting with a default may be left out', () => {
  for (const { path, schema } of places) {
    for (const key of schema.required ?? []) {
      const value = schema.properties?.[key];
      assert.ok(typeof value === 'object' && value.default === undefined, `${path}.${key}`);
    }
  }
});

test('where all has a default nothing may stand, as the gateway reads it', () => {
  // Because: the properties of a document are schemas.
  const typeOf = (key: string) => [(schema.properties![key] as JsonSchema).type].flat();
  assert.ok(typeOf('routes').includes('null') && typeOf('zone').includes('null'));
  assert.ok(!typeOf('listeners').includes('null'));
  const admin = places.find(({ path }) => path === '.admin')?.schema.anyOf;
  assert.deepEqual(admin?.at(-1), { type: 'null' });
  const echo = places.find(({ path }) => path.endsWith('.echo'))?.schema.type;
  assert.deepEqual(echo, ['object', 'null']);
});

test('where a number, a truth value or text of some form is asked for, what is filled in may stand', () => {
  const settings = places.filter(({ path }) => /\.(?:weight|proxyProtocol|timeout)$/.test(path));
  assert.ok(settings.length >= 4, 'the walk has found them');
  for (const { path, schema: each } of settings) {
    const form = new RegExp(each.pattern ?? '^$');
    assert.ok(form.test('${env:NAME}') && form.test('${file:/path}'), path);
    assert.equal(form.test('nonsense'), false, path);
    assert.ok([each.type].flat().includes('string'), path);
  }
});

test('filters are named wherever one may stand, and every reference leads somewhere', () => {
  assert.ok(places.some(({ path }) => path.includes('.echo')));
  assert.ok(
    places.some(({ schema: each }) => each.title === 'echo'),
    'editors name it',
  );
  const references = places.map(place => place.schema.$ref).filter(to => to !== undefined);
  assert.ok(references.length >= 2, 'the global chain and the chain of a route');
  for (const to of references) assert.ok(Object.hasOwn(schema.$defs ?? {}, to.replace('#/$defs/', '')), to);
});

test('the reference has a row for each setting of each resource, and a section for each filter', () => {
  for (const name of [
    'listeners[].address',
    'accessLog.sample',
    'limits.matchBody',
    'upstreams.NAME.pool.connectTimeout',
    'upstreams.NAME.endpoints[].weight',
    'consumers[].keys[].hash',
    'plans.NAME.quota',
    'routes[].match.path',
    'routes[].to[].weight',
    'routes[].to.redirect.status',
    'routes[].sticky.cookie',
  ]) {
    assert.ok(reference.includes(`| \`${name}\` |`), name);
  }
  for (const key of documentKeys) assert.ok(reference.includes(`\n## ${key}\n`), key);
  assert.match(reference, /### echo\n\nSays it\.\n[\s\S]*\| `text` \| text \| `hi` \| Said\. \|/);
});

test('patterns are read by validators in every language, and in no time', () => {
  const patterns = new Set(places.flatMap(({ schema: each }) => each.pattern ?? []));
  assert.ok(patterns.size > 10, 'the walk has found them');
  for (const pattern of patterns) {
    // Go and Rust have no lookaround, and Java does not accept `\\0`.
    assert.doesNotMatch(pattern, /\(\?[=!<]|\\0/);
    const form = new RegExp(pattern);
    for (const unit of ['a', 'a.', 'a-', '/a', '1', '%', ' ']) {
      const from = performance.now();
      form.test(`${unit.repeat(40)}!`);
      assert.ok(performance.now() - from < 1_000, `${pattern} on ${unit}`);
    }
  }
});
