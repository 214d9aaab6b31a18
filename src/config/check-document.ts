// Checks a whole document part by part: every error at once, and what did not change since the last time is not checked
// again. What parts say of each other is in check-references.ts.

import type { Config, Problem } from './config.ts';
import { found } from './found.ts';
import { deepFreeze } from './freeze.ts';
import { documentKeys, type Language } from './language.ts';
import type { KeptChecks } from './load-cache.ts';
import { suggestion } from './nearest-name.ts';
import { isAboutReservedKey, reservedKeyProblems } from './reserved-keys.ts';
import { resourceName } from './resource-name.ts';
import { type Checked, checkValue } from './schema-problems.ts';

export type ConfigParts = Omit<Config, 'version'>;

/** Undefined where a part has an error. */
export type CheckedParts = {
  readonly [Key in keyof ConfigParts]: ConfigParts[Key] extends readonly (infer Element)[]
    ? readonly (Element | undefined)[]
    : ConfigParts[Key] | undefined;
};

type Settings = Readonly<Record<string, unknown>>;
type AnySchema = Parameters<typeof checkValue>[0];

/** Keys of the language that belong to later versions. */
const laterKeys: ReadonlySet<string> = new Set(['tls', 'tracing', 'policies', 'cluster']);

export function checkDocument(
  settings: Settings,
  { settings: single, elements, entries }: Language,
  before: KeptChecks,
): { readonly parts: CheckedParts; readonly problems: Problem[]; readonly checks: KeptChecks } {
  const run = new DocumentCheck(settings, before);
  run.checkKeys();
  const parts = {
    listeners: run.list('listeners', elements.listeners),
    admin: run.one('admin', single.admin),
    accessLog: run.one('accessLog', single.accessLog),
    drainTimeoutMs: run.one('drainTimeout', single.drainTimeout),
    limits: run.one('limits', single.limits),
    paths: run.one('paths', single.paths),
    metrics: run.one('metrics', single.metrics),
    shedding: run.one('shedding', single.shedding),
    zone: run.one('zone', single.zone),
    upstreams: run.map('upstreams', entries.upstreams),
    stores: run.map('stores', entries.stores),
    consumers: run.list('consumers', elements.consumers),
    plans: run.map('plans', entries.plans),
    filters: run.list('filters', elements.filters),
    routes: run.list('routes', elements.routes),
  };
  // Because: each schema gives the part whose key it stands under, which the two generic helpers forget.
  return { parts: parts as unknown as CheckedParts, problems: run.problems, checks: run.checks };
}

class DocumentCheck {
  readonly problems: Problem[] = [];
  private readonly settings: Settings;
  readonly checks: KeptChecks = new Map();
  private readonly before: KeptChecks;

  constructor(settings: Settings, before: KeptChecks) {
    this.settings = settings;
    this.before = before;
  }

  checkKeys(): void {
    const known: readonly string[] = documentKeys;
    for (const key of Object.keys(this.settings)) {
      if (known.includes(key)) continue;
      const written = JSON.stringify(key);
      const message = laterKeys.has(key)
        ? `${written} is not supported yet in this version`
        : `unknown key ${written}${suggestion(key, known) || `; expected one of ${known.join(', ')}`}`;
      this.fail([key], message, 'key');
    }
    if (this.settings['listeners'] === undefined) {
      this.fail([], 'there are no `listeners`: expected a list such as [{ address: 127.0.0.1:8080 }]');
    } else if (isEmpty(this.settings['listeners'])) {
      this.fail(['listeners'], 'name at least one listener');
    }
  }

  /** A part that is one value. */
  one(key: string, schema: AnySchema): unknown {
    return this.take(schema, this.settings[key] ?? undefined, [key], '');
  }

  /** A part that is a list; undefined in the place of an element that is wrong. */
  list(key: string, schema: AnySchema): unknown[] {
    const value = this.settings[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.fail([key], `expected a list, found ${found(value)}`);
      return [];
    }
    return value.map((element: unknown, at) => this.take(schema, element, [key, at], ''));
  }

  /** A part that is a map by name. Its values get their names. */
  map(key: string, schema: AnySchema): unknown[] {
    const value = this.settings[key];
    if (value === undefined || value === null) return [];
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.fail([key], `expected a map by name, found ${found(value)}`);
      return [];
    }
    return Object.entries(value).map(([name, entry]) => {
      const named = checkValue(resourceName, name);
      if (!named.ok) for (const { message } of named.problems) this.fail([key, name], message, 'key');
      return this.take(schema, entry, [key, name], name);
    });
  }

  private take(schema: AnySchema, value: unknown, path: readonly (string | number)[], name: string): unknown {
    const outcome = this.checked(schema, value, name);
    if (outcome.ok) return outcome.value;
    for (const problem of outcome.problems) this.problems.push({ ...problem, path: [...path, ...problem.path] });
    return undefined;
  }

  private checked(schema: AnySchema, value: unknown, name: string): Checked<unknown> {
    const key = typeof value === 'object' ? value : null;
    const known = key === null ? undefined : (this.checks.get(key) ?? this.before.get(key));
    if (key !== null && known !== undefined && known.schema === schema && known.name === name) {
      this.checks.set(key, known);
      return known.outcome;
    }
    let outcome = checkWithKeys(schema, value);
    if (outcome.ok) {
      // Because: entries of maps are objects by their schemas.
      const named = name === '' ? outcome.value : { name, ...(outcome.value as object) };
      outcome = { ok: true, value: deepFreeze(named) };
    }
    if (key !== null) this.checks.set(key, { schema, name, outcome });
    return outcome;
  }

  private fail(path: readonly (string | number)[], message: string, at?: 'key'): void {
    this.problems.push({ path, message, severity: 'error', ...(at !== undefined && { at }) });
  }
}

/** As `checkValue`, and no key is skipped. */
function checkWithKeys(schema: AnySchema, value: unknown): Checked<unknown> {
  const outcome: Checked<unknown> = checkValue(schema, value);
  const reserved = reservedKeyProblems(value);
  if (reserved.length === 0) return outcome;
  const others = outcome.ok ? [] : outcome.problems.filter(problem => !isAboutReservedKey(problem));
  return { ok: false, problems: [...others, ...reserved] };
}

/** A key with nothing behind it, or an empty list. */
function isEmpty(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}
