// The differences between two values of a configuration, one line per setting. Knows nothing of resources.

import { isDeepStrictEqual } from 'node:util';

/** A value, which is compared, and the same value with its secrets hidden, which is shown. */
export interface Side {
  readonly value: unknown;
  readonly shown: unknown;
}

/** Lines such as `filters[rateLimit].burst: 200 -> 77`; empty when nothing differs. */
export function valueChanges(before: Side, after: Side, path = ''): string[] {
  if (isDeepStrictEqual(before.value, after.value)) return [];
  if (isRecord(before.value) && isRecord(after.value)) {
    const keys = new Set([...Object.keys(before.value), ...Object.keys(after.value)]);
    return [...keys].flatMap(key => valueChanges(inside(before, key), inside(after, key), below(path, key, before)));
  }
  const key = identityOf(before, after);
  const old = elementsOf(before, key);
  const now = elementsOf(after, key);
  if (old !== null && now !== null) return listChanges(old, now, path);
  return [line(path, before.shown, after.shown)];
}

/** Matches elements by identity, so that a new element in a list of filters is reported alone, without those after it. */
function listChanges(old: ReadonlyMap<string, Side>, now: ReadonlyMap<string, Side>, path: string): string[] {
  const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap(name =>
    valueChanges(old.get(name) ?? absent, now.get(name) ?? absent, `${path}[${name}]`),
  );
  const inBoth = [[...old.keys()].filter(name => now.has(name)), [...now.keys()].filter(name => old.has(name))];
  if (!isDeepStrictEqual(inBoth[0], inBoth[1]))
    changes.push(line(`${path} in another order`.trimStart(), inBoth[0], inBoth[1]));
  return changes;
}

const absent: Side = { value: undefined, shown: undefined };

/** Keys that identify the elements of a list; the first that all elements of both lists have is used. */
const identities = ['name', 'id', 'url', 'upstream'] as const;

function identityOf(before: Side, after: Side): string | undefined {
  const elements = [before.value, after.value].flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : []));
  return identities.find(each => elements.every(element => isRecord(element) && typeof element[each] === 'string'));
}

/**
 * Elements by identity; null for a value that is not a list. Elements that share an identity are numbered, and those without one go by
 * their index.
 */
function elementsOf({ value, shown }: Side, key: string | undefined): ReadonlyMap<string, Side> | null {
  if (!Array.isArray(value) || !Array.isArray(shown)) return null;
  const elements = new Map<string, Side>();
  for (const [at, element] of value.entries()) {
    const known = isRecord(element) ? key !== undefined && isRecord(shown[at]) && shown[at][key] : shown[at];
    const own = String(typeof known === 'string' || typeof known === 'number' ? known : at);
    let name = own;
    for (let nth = 2; elements.has(name); nth++) name = `${own} ${nth}`;
    elements.set(name, { value: element, shown: shown[at] });
  }
  return elements;
}

function inside({ value, shown }: Side, key: string): Side {
  return { value: isRecord(value) ? value[key] : undefined, shown: isRecord(shown) ? shown[key] : undefined };
}

/** The path of an inner setting. A filter's settings are shown directly under the filter's name, as in the file. */
function below(path: string, key: string, { value }: Side): string {
  if (key === 'config' && isRecord(value) && typeof value['name'] === 'string') return path;
  return path === '' ? key : `${path}.${key}`;
}

/** A line for a change. When both sides are hidden and so look the same, the line still says that the value changed. */
function line(path: string, before: unknown, after: unknown): string {
  const [old, now] = [textOf(before), textOf(after)];
  const values = old === now ? `${old} -> another value` : `${old} -> ${now}`;
  return path === '' ? values : `${path}: ${values}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Values with units are shown without quotes. */
const withUnit = /^[0-9.]+(?:ms|s|m|h|B|KiB|MiB|GiB|TiB|%|\/(?:s|min|h|day|week|month))$/;

function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  return typeof value === 'string' && withUnit.test(value) ? value : JSON.stringify(value);
}
