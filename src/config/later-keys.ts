// Keys and values that the language will have and this version has not: refused by name, since a setting that is accepted and does
// nothing is dangerous. Not part of the schemas, so editors do not offer them.

import { z } from 'zod';

type Shape = Readonly<Record<string, unknown>>;

/** By the schema of an object's first field: zod copies objects and their shapes when a check is added, not the fields. */
const laterByField = new WeakMap<object, ReadonlySet<string>>();

/** Says which keys of an object belong to a later version. Returns the same schema. */
export function withLaterKeys<Schema extends z.ZodObject>(schema: Schema, ...keys: readonly string[]): Schema {
  const first = firstField(schema.shape);
  if (first !== undefined) laterByField.set(first, new Set(keys));
  return schema;
}

/** `shape` is that of the object where the key was written. */
export function isLaterKey(shape: Shape | undefined, key: string): boolean {
  const first = shape === undefined ? undefined : firstField(shape);
  return first !== undefined && laterByField.get(first)?.has(key) === true;
}

function firstField(shape: Shape): object | undefined {
  const [first] = Object.values(shape);
  return typeof first === 'object' && first !== null ? first : undefined;
}

/** One of the values that this version knows; those of a later one are refused by name. */
export function onlyNow<const Now extends readonly string[]>(now: Now, later: readonly string[]) {
  return z.enum(now, {
    error: ({ input }) =>
      typeof input === 'string' && later.includes(input)
        ? `${input} is not supported yet in this version; expected ${now.join(' or ')}`
        : undefined,
  });
}
