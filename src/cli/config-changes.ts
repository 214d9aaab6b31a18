// What differs between two configurations, in the terms of the language: resources by name, settings by path.

import { isDeepStrictEqual } from 'node:util';
import { asWritten } from '../config/as-written.ts';
import type { Config } from '../config/config.ts';
import { redact } from '../control/redact.ts';
import { type Side, valueChanges } from './value-changes.ts';

export interface Change {
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  /** `route users`, `upstream users`, `limits`. */
  readonly what: string;
  /** For what changed: each value that differs, `timeoutMs: 30000 -> 5000`. */
  readonly details: readonly string[];
}

/** Lists whose elements have names, with the noun for one of them. */
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
  'zone',
  'filters',
] as const;

/** Empty when both mean the same, however they are written. */
export function configChanges(before: Config, after: Config): Change[] {
  const changes: Change[] = [];
  const compare: Compare = (old, now) => valueChanges(sideOf(before, old), sideOf(after, now));
  for (const key of single) {
    const details = compare(before[key], after[key]);
    if (details.length > 0) changes.push({ kind: 'changed', what: key, details });
  }
  for (const [key, noun] of Object.entries(named)) {
    // Because: the keys of `named` are those of Config, which Object.entries forgets.
    const list = key as keyof typeof named;
    changes.push(...listChanges(before[list], after[list], noun, compare));
  }
  return changes;
}

interface Named {
  readonly name: string;
}

/** What differs between a part of the one and a part of the other. */
type Compare = (before: unknown, after: unknown) => string[];

function listChanges(before: readonly Named[], after: readonly Named[], noun: string, compare: Compare): Change[] {
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

function sideOf(config: Config, value: unknown): Side {
  return { value, shown: redact(asWritten(config, value)) };
}
