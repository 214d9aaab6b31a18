// Reads values of a document before any schema has accepted it, because errors are reported in such documents too.

/** The elements of a list; empty when the value is not a list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value under this key; undefined when there is none, or when `value` has no keys. */
export function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  // Because: the line above has checked that the key is there.
  return (value as Readonly<Record<string, unknown>>)[key];
}

/** The keys of a map; empty when the value is not a map. */
export function keysOf(value: unknown): ReadonlySet<string> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Set(isMap ? Object.keys(value) : []);
}

/** The `name` of each element of a list that has one. */
export function elementNames(list: unknown): ReadonlySet<string> {
  const names = listOf(list).map(element => fieldOf(element, 'name'));
  return new Set(names.filter(name => typeof name === 'string'));
}
