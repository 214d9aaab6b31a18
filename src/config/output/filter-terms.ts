// Gives the numbers in the configurations of filters the units that a document writes: `cacheFor: 10m` for 600000. Each filter's own schema
// says which numbers have one; written-terms.ts does the same for the rest of a configuration, by the names of its keys.

import { durationText } from '../../base/schema/duration.ts';
import { sizeText } from '../../base/size.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';
import { type JsonSchema, toJsonSchema } from './json-schema.ts';

/** The text of a number for settings whose pattern accepts this sample; no pattern of a setting that is a plain word accepts one. */
const forms: readonly (readonly [sample: string, text: (value: number) => string])[] = [
  ['90m', durationText],
  ['4KiB', sizeText],
  ['80%', share => `${Number((share * 100).toFixed(4))}%`],
  ['08:30', minutes => `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`],
];

const schemas = new WeakMap<FilterSchema, JsonSchema>();

function schemaOf(filter: FilterSchema): JsonSchema {
  let schema = schemas.get(filter);
  if (schema === undefined) {
    schema = toJsonSchema(filter.schema, false);
    schemas.set(filter, schema);
  }
  return schema;
}

/** A copy of any part of a configuration, in which the numbers of its filters are texts with units. */
export function inFilterTerms(value: unknown, filters: readonly FilterSchema[]): unknown {
  if (Array.isArray(value)) return value.map(each => inFilterTerms(each, filters));
  if (!isMap(value)) return value;
  const filter = filters.find(({ name }) => name === value['name']);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'config' && filter !== undefined && filter.nests !== true
        ? withUnits(inner, [schemaOf(filter)])
        : inFilterTerms(inner, filters),
    ]),
  );
}

/** `schema` are alternatives: the value fits one of them. */
function withUnits(value: unknown, schema: readonly JsonSchema[]): unknown {
  const all = schema.flatMap(alternatives);
  if (typeof value === 'number') return textOf(value, all);
  if (Array.isArray(value)) {
    const items = all.flatMap(each => asSchemas(each.items));
    return value.map(each => withUnits(each, items));
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const own = all.flatMap(({ properties, additionalProperties }) =>
        asSchemas(properties?.[key] ?? additionalProperties),
      );
      return [key, withUnits(inner, own)];
    }),
  );
}

/** The number itself when the settings at its place are no texts with units, or are derived by the filter. */
function textOf(value: number, all: readonly JsonSchema[]): unknown {
  for (const { pattern } of all) {
    const expression = pattern === undefined ? null : new RegExp(pattern);
    if (expression === null || expression.test('word')) continue;
    const form = forms.find(([sample]) => expression.test(sample));
    if (form !== undefined) return form[1](value);
  }
  return value;
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...inner.flatMap(asSchemas).flatMap(alternatives)];
}

function asSchemas(written: unknown): JsonSchema[] {
  // Because: what JSON Schema has in place of a schema is a schema or a boolean; of the lists that `items` may be, zod makes none here.
  return isMap(written) ? [written as JsonSchema] : [];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
