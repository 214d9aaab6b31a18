// The differences between two configurations, in the terms of the language: resources by name, settings by path.

import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config, RouteConfig } from '../config/config.ts';
import { asWritten } from '../config/output/as-written.ts';
import { inFilterTerms } from '../config/output/filter-terms.ts';
import { inTerm } from '../config/output/written-terms.ts';
import type { FilterSchema } from '../config/schemas/filter-schema.ts';
import { redact } from '../control/redact.ts';
import { comparable, placesOf } from './chain-changes.ts';
import { type Side, valueChanges } from './value-changes.ts';

export interface Change {
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  /** `route users`, `upstream users`, `limits`. */
  readonly what: string;
  /** For a change of values: each value that differs, `timeout: 30s -> 5s`. */
  readonly details: readonly string[];
}

/** Lists whose elements have names, with the noun for one element. */
const named = {
  upstreams: 'upstream',
  stores: 'store',
  routes: 'route',
  consumers: 'consumer',
  plans: 'plan',
} as const;

const single = [
  'listeners',
  'admin',
  'accessLog',
  'drainTimeoutMs',
  'limits',
  'paths',
  'metrics',
  'shedding',
  'errorPages',
  'errorPageFiles',
  'zone',
  'filters',
] as const;

/** A configuration, and the folder of its file. */
export interface PlacedConfig {
  readonly config: Config;
  readonly folder: string;
}

/**
 * Empty when both configurations mean the same, however they are written, and wherever their files are: a path inside the configuration's
 * folder is compared relative to that folder. `filters` are the schemas of the filters that the configurations have.
 */
export function configChanges(old: PlacedConfig, now: PlacedConfig, filters: readonly FilterSchema[]): Change[] {
  const changes: Change[] = [];
  const { config: before } = old;
  const { config: after } = now;
  const compare: Compare = (one, other, key) =>
    valueChanges(sideOf(old, one, key, filters), sideOf(now, other, key, filters));
  const compareRoutes = (one: RouteConfig, other: RouteConfig): string[] => {
    const [filtersBefore, filtersNow] = comparable([one.filters, other.filters], [before, after]);
    return compare({ ...one, filters: filtersBefore }, { ...other, filters: filtersNow }, 'route');
  };
  for (const key of single) {
    const values =
      key === 'filters' ? comparable([before.filters, after.filters], [before, after]) : [before[key], after[key]];
    const details = compare(values[0], values[1], key);
    if (details.length > 0) changes.push({ kind: 'changed', what: inTerm(key, null)[0], details });
  }
  changes.push(...chainChanges(before, after, compare));
  for (const [key, noun] of Object.entries(named)) {
    // Because: Object.entries returns string keys, and those of `named` are keys of Config.
    const list = key as keyof typeof named;
    const ofList =
      list === 'routes'
        ? listChanges(before.routes, after.routes, noun, compareRoutes)
        : listChanges<Named>(before[list], after[list], noun, (one, other) => compare(one, other, noun));
    changes.push(...ofList);
  }
  return changes;
}

/** A chain is a way to write filters: it has changed where the same filters have it in both configurations, and differ. */
function chainChanges(before: Config, after: Config, compare: Compare): Change[] {
  return after.chains.flatMap((chain): Change[] => {
    const old = before.chains.find(({ name }) => name === chain.name);
    const places = old === undefined ? '' : placesOf(chain, before, after);
    const details = places === '' ? [] : compare(old, chain, 'chain');
    return details.length === 0
      ? []
      : [{ kind: 'changed', what: `chain ${chain.name}`, details: [...details, `in ${places}`] }];
  });
}

interface Named {
  readonly name: string;
}

/** The differences between two values of the same setting. */
type Compare = (before: unknown, after: unknown, key: string) => string[];

function listChanges<Element extends Named>(
  before: readonly Element[],
  after: readonly Element[],
  noun: string,
  compare: (before: Element, after: Element) => string[],
): Change[] {
  const old = new Map(before.map(each => [each.name, each]));
  const now = new Map(after.map(each => [each.name, each]));
  const changes: Change[] = [];
  for (const each of before) {
    if (!now.has(each.name)) changes.push({ kind: 'removed', what: `${noun} ${each.name}`, details: [] });
  }
  for (const each of after) {
    const previous = old.get(each.name);
    if (previous === undefined) {
      changes.push({ kind: 'added', what: `${noun} ${each.name}`, details: [] });
      continue;
    }
    const details = compare(previous, each);
    if (details.length > 0) changes.push({ kind: 'changed', what: `${noun} ${each.name}`, details });
  }
  // Order decides between routes that are equally specific.
  const inBoth = (list: readonly Named[]) =>
    list.map(({ name }) => name).filter(name => old.has(name) && now.has(name));
  if (noun === 'route' && !isDeepStrictEqual(inBoth(before), inBoth(after))) {
    changes.push({ kind: 'moved', what: 'routes', details: ['the order of routes differs'] });
  }
  return changes;
}

/** Both forms of a value for the comparison. `key` is the setting's key, which says whether a number has a unit. */
function sideOf({ config, folder }: PlacedConfig, value: unknown, key: string, filters: readonly FilterSchema[]): Side {
  const inside = `${folder}${path.sep}`;
  // Units come last: a number with a unit is text, which may be taken for a secret or a value from outside.
  const written = (form: unknown) => inTerm(key, inFilterTerms(form, filters))[1];
  return {
    value: written(besideIt(value, inside)),
    shown: written(redact(besideIt(asWritten(config, value), inside))),
  };
}

/** A copy in which paths inside the folder are relative to it; a checked configuration has absolute paths. */
function besideIt(value: unknown, folder: string): unknown {
  if (typeof value === 'string') return value.startsWith(folder) ? value.slice(folder.length) : value;
  if (Array.isArray(value)) return value.map(each => besideIt(each, folder));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, besideIt(inner, folder)]));
}
