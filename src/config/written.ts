// What a document says at a place before anything is known of it: mistakes are told of documents that no schema has taken.

/** The elements of a list; none of what is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What stands under this key; undefined where nothing does, or where the value has no keys. */
export function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  // Because: the line above has seen that the key is there.
  return (value as Readonly<Record<string, unknown>>)[key];
}

/** The keys of a map. */
export function keysOf(value: unknown): ReadonlySet<string> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Set(isMap ? Object.keys(value) : []);
}

/** The `name` of each element of a list that has one. */
export function elementNames(list: unknown): ReadonlySet<string> {
  const names = listOf(list).map(element => fieldOf(element, 'name'));
  return new Set(names.filter(name => typeof name === 'string'));
}
