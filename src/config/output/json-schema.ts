// The JSON Schema (draft 2020-12) of the language, made from the schemas that check it. Editors use it for completion.

import { z } from 'zod';
import { filterOrChainPlace, filterPlace } from '../../base/schema/filter-place.ts';
import { documentSchema, languageOf } from '../language.ts';
import { CHAIN } from '../schemas/chain-use.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of what may be written (zod's input side). Lists every filter by name. */
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
    properties: { $schema: schemaKey, ...Object.fromEntries(settings) },
    $defs: { ...$defs, filter: filterDefinition(filters), chain: chainDefinition },
  };
}

/** Read by editors only. Documents in JSON name their schema by this key, those in YAML in a comment. */
const schemaKey: JsonSchema = { type: 'string', description: 'Where this schema is, for editors.' };

/** Keys that must not be left without a value. */
const mustBeGiven: ReadonlySet<string> = new Set(['include', 'listeners']);

/** Also allows a key without a value, as in `routes:`, which means the same as leaving the key out. */
function orEmpty(schema: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof schema === 'boolean') return schema;
  if (schema.anyOf !== undefined) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  // Because: zod's type for the `type` of a schema does not allow a list.
  return { ...schema, type: [schema.type, 'null'].flat() as unknown as 'null' };
}

/** The JSON Schema of what may be written for one schema. `fillable` also allows `${env:NAME}` for numbers, booleans and patterns. */
export function toJsonSchema(schema: z.ZodType, fillable = true): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.title === filterPlace.title) replaceBy(jsonSchema, { $ref: '#/$defs/filter' });
      if (jsonSchema.title === filterOrChainPlace.title)
        replaceBy(jsonSchema, { anyOf: [{ $ref: '#/$defs/filter' }, { $ref: '#/$defs/chain' }] });
      withoutSafeBounds(jsonSchema);
      if (fillable) letFillIn(jsonSchema);
    },
  });
}

/** A placeholder gets the required form only when it is filled in. May be called twice for one schema: zod visits each of its wrappers. */
function letFillIn(schema: z.core.JSONSchema.BaseSchema): void {
  const { type, pattern } = schema;
  if (pattern !== undefined && !pattern.endsWith(ANY_PLACE)) schema.pattern = `(?:${pattern})|${ANY_PLACE}`;
  if (type !== 'number' && type !== 'integer' && type !== 'boolean') return;
  // Because: zod's type for the `type` of a schema does not allow a list.
  (schema as { type: unknown }).type = [type, 'string'];
  schema.pattern = `^${ANY_PLACE}`;
}

/** How `${env:NAME}` and `${file:PATH}` begin, as a regular expression. */
const ANY_PLACE = '\\$\\{(?:env|file):';

function replaceBy(schema: z.core.JSONSchema.BaseSchema, other: z.core.JSONSchema.BaseSchema): void {
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, other);
}

const chainDefinition: JsonSchema = {
  title: CHAIN,
  type: 'object',
  properties: { [CHAIN]: { type: 'string', description: 'The filters of a chain, by its name under `chains`.' } },
  required: [CHAIN],
  additionalProperties: false,
};

function filterDefinition(filters: readonly FilterSchema[]): JsonSchema {
  return {
    description: 'A filter: its name and its configuration.',
    oneOf: filters.map(({ name, schema, documentation }) => {
      const { $schema: _, ...whole } = toJsonSchema(schema);
      // Because: it was made of a schema, so that it is not a boolean.
      const config = schema.safeParse({}).success ? (orEmpty(whole) as JsonSchema) : whole;
      return {
        // Because: editors show the title in their list of completions.
        title: name,
        type: 'object',
        properties: { [name]: { ...config, ...(documentation !== undefined && { description: documentation }) } },
        required: [name],
        additionalProperties: false,
      };
    }),
  };
}

/** Removes the bounds of what a double can count from whole numbers: they are true, but noise to a reader. */
function withoutSafeBounds(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
