// The differences between two values of a configuration, one line per setting. Knows no resources.

import { isDeepStrictEqual } from 'node:util';

/** A value, and the same with its secrets hidden: what is compared, and what is shown. */
export interface Side {
  readonly value: unknown;
  readonly shown: unknown;
}

/** `filters[rateLimit].burst: 200 -> 77`; empty when nothing differs. */
export function valueChanges(before: Side, after: Side, path = ''): string[] {
  if (isDeepStrictEqual(before.value, after.value)) return [];
  if (isRecord(before.value) && isRecord(after.value)) {
    const keys = new Set([...Object.keys(before.value), ...Object.keys(after.value)]);
    return [...keys].flatMap(key => valueChanges(inside(before, key), inside(after, key), below(path, key, before)));
  }
  const old = elementsOf(before);
  const now = elementsOf(after);
  if (old !== null && now !== null) return listChanges(old, now, path);
  return [line(path, before.shown, after.shown)];
}

/** Elements by what identifies them: a new one in a list of filters is reported alone, whatever the others are. */
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

/** By what elements of lists are known, the first that all of them have. */
const identities = ['name', 'id', 'url', 'upstream'] as const;

/** Null for what is no list. Elements that share a name are numbered, and those without one go by their place. */
function elementsOf({ value, shown }: Side): ReadonlyMap<string, Side> | null {
  if (!Array.isArray(value) || !Array.isArray(shown)) return null;
  const key = identities.find(each => value.every(element => isRecord(element) && typeof element[each] === 'string'));
  const elements = new Map<string, Side>();
  for (const [at, element] of value.entries()) {
    const known = isRecord(element) ? key !== undefined && isRecord(shown[at]) && shown[at][key] : shown[at];
    let name = String(typeof known === 'string' || typeof known === 'number' ? known : at);
    for (let nth = 2; elements.has(name); nth++) name = `${known} ${nth}`;
    elements.set(name, { value: element, shown: shown[at] });
  }
  return elements;
}

function inside({ value, shown }: Side, key: string): Side {
  return { value: isRecord(value) ? value[key] : undefined, shown: isRecord(shown) ? shown[key] : undefined };
}

/** A filter's settings are under its name, as written. */
function below(path: string, key: string, { value }: Side): string {
  if (key === 'config' && isRecord(value) && typeof value['name'] === 'string') return path;
  return path === '' ? key : `${path}.${key}`;
}

/** What is hidden on both sides has changed all the same. */
function line(path: string, before: unknown, after: unknown): string {
  const [old, now] = [textOf(before), textOf(after)];
  const values = old === now ? `${old} -> another value` : `${old} -> ${now}`;
  return path === '' ? values : `${path}: ${values}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Values with units are written without quotes. */
const withUnit = /^[0-9.]+(?:ms|s|m|h|B|KiB|MiB|GiB|TiB|%|\/(?:s|min|h|day|week|month))$/;

function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  return typeof value === 'string' && withUnit.test(value) ? value : JSON.stringify(value);
}
