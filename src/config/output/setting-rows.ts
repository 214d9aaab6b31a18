// Turns a JSON Schema into rows of a table: each setting with the values it takes, its default and its meaning.

import type { z } from 'zod';
import { duration, durationOrZero } from '../../base/schema/duration.ts';
import { size } from '../../base/schema/size.ts';
import { percentage } from '../schemas/percentage.ts';
import { rate } from '../schemas/rate.ts';
import { type JsonSchema, toJsonSchema } from './json-schema.ts';

export interface SettingRow {
  /** Such as `pool.maxConnections` or `endpoints[].weight`. */
  readonly name: string;
  readonly values: string;
  /** The default, or `required`; empty when there is neither. */
  readonly fallback: string;
  readonly meaning: string;
}

/** By their pattern: the words for texts of a certain form. */
const forms = new Map(
  (
    [
      ['duration', duration],
      ['duration', durationOrZero],
      ['size', size],
      ['rate', rate],
      ['percentage', percentage],
    ] as const
  ).map(([word, schema]) => [patternOf(schema), word]),
);

function patternOf(schema: z.ZodType): string | undefined {
  return toJsonSchema(schema, false).pattern;
}

/** The rows of all settings inside a value, with names below `name`. */
export function settingRows(schema: JsonSchema, name: string): SettingRow[] {
  return kindsOf(schema).flatMap(kind => {
    const required = new Set(kind.required);
    const inner = Object.entries(kind.properties ?? {}).flatMap(([key, value]) => {
      const setting = asSchema(value);
      const full = name === '' ? key : `${name}.${key}`;
      return [row(setting, full, required.has(key)), ...settingRows(setting, full)];
    });
    const items = kind.items === undefined ? [] : settingRows(asSchema(kind.items), `${name}[]`);
    return [...inner, ...items];
  });
}

function row(schema: JsonSchema, name: string, required: boolean): SettingRow {
  const fallback = required ? 'required' : defaultText(schema);
  return { name, values: valuesText(schema), fallback, meaning: schema.description ?? '' };
}

/** The default of a setting; empty when it has none, or when only the settings inside it have defaults. */
export function defaultText({ default: value }: JsonSchema): string {
  const isEmptyMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
  return value === undefined || isEmptyMap || value === '' ? '' : code(value);
}

/** What may be written, in a few words. */
export function valuesText(schema: JsonSchema): string {
  const kinds = kindsOf(schema);
  if (kinds.length > 1) return [...new Set(kinds.map(valuesText))].join(' or ');
  if (schema.$ref !== undefined) return 'filter';
  if (schema.enum !== undefined) return schema.enum.map(code).join(' ');
  if (schema.const !== undefined) return code(schema.const);
  if (Array.isArray(schema.type)) return schema.type.map(type => valuesText({ type })).join(' or ');
  switch (schema.type) {
    case 'array':
      return `list of ${schema.items === undefined ? 'values' : valuesText(asSchema(schema.items))}`;
    case 'object':
      return schema.properties === undefined ? mapText(schema) : 'map';
    case 'integer':
    case 'number':
      return numberText(schema);
    case 'string':
      return forms.get(schema.pattern) ?? 'text';
    case 'boolean':
      return '`true` `false`';
    case 'null':
      return '`null`';
    default:
      return 'any value';
  }
}

function mapText({ additionalProperties }: JsonSchema): string {
  const isSchema = typeof additionalProperties === 'object';
  return isSchema ? `map of names to ${valuesText(additionalProperties)}` : 'map';
}

function numberText({ type, minimum, maximum }: JsonSchema): string {
  const noun = type === 'integer' ? 'whole number' : 'number';
  if (minimum === undefined) return noun;
  return maximum === undefined ? `${noun} from ${minimum}` : `${noun}, ${minimum} to ${maximum}`;
}

function kindsOf(schema: JsonSchema): JsonSchema[] {
  const options = schema.anyOf ?? schema.oneOf;
  return options === undefined ? [schema] : options.flatMap(each => kindsOf(asSchema(each)));
}

function asSchema(schema: unknown): JsonSchema {
  // Because: `true` and `false` are schemas too, but none of ours is one.
  return typeof schema === 'object' && schema !== null ? (schema as JsonSchema) : {};
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
