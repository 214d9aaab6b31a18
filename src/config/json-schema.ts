// The JSON Schema (draft 2020-12) of the language, made from the schemas that check it: what editors complete by.

import { z } from 'zod';
import { filterPlace } from '../base/schema/filter-place.ts';
import type { FilterSchema } from './filter-schema.ts';
import { documentSchema, languageOf } from './language.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The input side: what may be written. Each filter is named. */
export function jsonSchema(filters: readonly FilterSchema[]): JsonSchema {
  const schema = toJsonSchema(documentSchema(languageOf(filters)));
  const { $defs = {}, properties = {}, ...rest } = schema;
  const settings = Object.entries(properties).map(([key, value]) => [
    key,
    mustBeGiven.has(key) ? value : orEmpty(value),
  ]);
  return {
    title: 'Configuration of Cardea',
    ...rest,
    properties: Object.fromEntries(settings),
    $defs: { ...$defs, filter: filterDefinition(filters) },
  };
}

/** Keys under which nothing may not stand. */
const mustBeGiven: ReadonlySet<string> = new Set(['include', 'listeners']);

/** As `routes:` with nothing behind it, which is what is meant when all is left out. */
function orEmpty(schema: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof schema === 'boolean') return schema;
  if (schema.anyOf !== undefined) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  // Because: the type that zod gives for a schema's `type` has no list.
  return { ...schema, type: [schema.type, 'null'].flat() as unknown as 'null' };
}

/** JSON Schema of what may be written for one schema; `fillable` lets `${env:NAME}` stand for numbers, truth values and where a pattern is asked for. */
export function toJsonSchema(schema: z.ZodType, fillable = true): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.title === filterPlace.title) {
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
        jsonSchema.$ref = '#/$defs/filter';
      }
      withoutSafeBounds(jsonSchema);
      if (fillable) letFillIn(jsonSchema);
    },
  });
}

/** What is filled in has its form only afterwards. May be called twice for one schema: each of its wrappings is looked at. */
function letFillIn(schema: z.core.JSONSchema.BaseSchema): void {
  const { type, pattern } = schema;
  if (pattern !== undefined && !pattern.endsWith(ANY_PLACE)) schema.pattern = `(?:${pattern})|${ANY_PLACE}`;
  if (type !== 'number' && type !== 'integer' && type !== 'boolean') return;
  // Because: the type that zod gives for a schema's `type` has no list.
  (schema as { type: unknown }).type = [type, 'string'];
  schema.pattern = `^${ANY_PLACE}`;
}

/** How `${env:NAME}` and `${file:PATH}` begin, as an expression. */
const ANY_PLACE = '\\$\\{(?:env|file):';

function filterDefinition(filters: readonly FilterSchema[]): JsonSchema {
  return {
    description: 'A filter: its name and its configuration.',
    oneOf: filters.map(({ name, schema, documentation }) => {
      const { $schema: _, ...whole } = toJsonSchema(schema);
      // Because: it is a schema in itself, and no boolean.
      const config = schema.safeParse({}).success ? (orEmpty(whole) as JsonSchema) : whole;
      return {
        // Because: editors show it in their list of what may stand here.
        title: name,
        type: 'object',
        properties: { [name]: { ...config, ...(documentation !== undefined && { description: documentation }) } },
        required: [name],
        additionalProperties: false,
      };
    }),
  };
}

/** Whole numbers are bounded by what a double can count: true, and noise to a reader. */
function withoutSafeBounds(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
