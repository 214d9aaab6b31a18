// `cardea diff` describes the examples in the words of the configuration language: no internal names or units.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { filterSchemas, loadLanguages } from '../../../src/compile/languages.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { jsonSchema } from '../../../src/config/output/json-schema.ts';
import { inTerm } from '../../../src/config/output/written-terms.ts';

const folder = path.join(import.meta.dirname, '../../../examples');

/** Every key that may be written anywhere. */
function namesIn(schema: unknown, names = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return names;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') for (const name of Object.keys(value)) names.add(name);
    namesIn(value, names);
  }
  return names;
}

/** Keys that a checked configuration has in addition to the written ones: which form was chosen, and the parts of a form. */
const structure = new Set([
  'kind',
  'config',
  'match',
  'value',
  'source',
  'targets',
  'stickyCookie',
  'enabled',
  'adaptive',
]);

/** Keys with a unit in their name that do not belong to the language. */
function foreignKeys(value: unknown, names: ReadonlySet<string>): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(/(?:Ms|Max|Bytes|PerSecond)$/.test(key) && !names.has(key) && !structure.has(key) ? [key] : []),
    ...foreignKeys(inner, names),
  ]);
}

test('names and units', async () => {
  await loadLanguages();
  const names = namesIn(jsonSchema(filterSchemas));
  for (const file of readdirSync(folder).filter(each => each.endsWith('.yaml'))) {
    const result = loadConfig(path.join(folder, file), { filters: filterSchemas, env: process.env });
    assert.ok(result.ok, file);
    const written = Object.entries(result.config).map(([key, value]) => inTerm(key, value));
    assert.deepEqual(foreignKeys(Object.fromEntries(written), names), [], file);
  }
});
