// Checks bare routes: a name, at most one host, a path, methods and one upstream. Every other route, and every route with an error, is
// left to the schema, which takes fifty times as long. A property test checks that both give the same result.

import { bareMatch, bareRoute, noNames } from '../bare-route.ts';
import type { MatchConfig, RouteConfig } from '../config.ts';
import { everyPath, isHost, isMethod } from '../schemas/match-schema.ts';
import { resourceNamePattern } from '../schemas/resource-name.ts';

/** What the schema would make of the value, frozen; undefined when the schema has to check the value. */
export function checkBareRoute(value: unknown): RouteConfig | undefined {
  const fields = fieldsOf(value, 'name', 'match', 'to');
  if (fields === null) return undefined;
  const [name, written, to] = fields;
  if (typeof name !== 'string' || !resourceNamePattern.test(name)) return undefined;
  if (typeof to !== 'string' || to === '') return undefined;
  const match = written === undefined ? bareMatch(noNames, everyPath, noNames) : checkBareMatch(written);
  return match === null ? undefined : Object.freeze(bareRoute(name, Object.freeze(match), to));
}

function checkBareMatch(value: unknown): MatchConfig | null {
  const fields = fieldsOf(value, 'host', 'path', 'methods');
  if (fields === null) return null;
  const [host, path = everyPath, methods] = fields;
  // Whether a regular expression compiles is left to the schema.
  if (typeof path !== 'string' || !path.startsWith('/')) return null;
  let hosts = noNames;
  if (host !== undefined) {
    if (typeof host !== 'string') return null;
    const lower = host.toLowerCase();
    if (!isHost(lower)) return null;
    hosts = Object.freeze([lower]);
  }
  if (methods === undefined) return bareMatch(hosts, path, noNames);
  if (!Array.isArray(methods) || methods.length === 0) return null;
  const list: string[] = [];
  for (const method of methods) {
    if (typeof method !== 'string' || !isMethod(method)) return null;
    list.push(method);
  }
  return bareMatch(hosts, path, Object.freeze(list));
}

/** The values of these keys of a map. Null when the value is not a map, has other keys, or has a key without a value. */
function fieldsOf(value: unknown, ...keys: readonly [string, string, string]): [unknown, unknown, unknown] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields: [unknown, unknown, unknown] = [undefined, undefined, undefined];
  for (const key of Object.keys(value)) {
    const at = keys.indexOf(key);
    // Because: the key was found in this object.
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (at === -1 || field === undefined) return null;
    fields[at] = field;
  }
  return fields;
}
