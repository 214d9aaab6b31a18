// Checks a whole document part by part: reports every error at once, and does not check again what has not changed since the last load.
// References between parts are checked in check-references.ts.

import { type ChangedRange, changedRange, rememberChangedRange } from '../../base/changed-range.ts';
import { isAnyKept } from '../../base/list-edits.ts';
import { found } from '../../base/schema/found.ts';
import type { Config, Problem } from '../config.ts';
import { isAboutReservedKey, reservedKeyProblems } from '../documents/reserved-keys.ts';
import { deepFreeze } from '../freeze.ts';
import { documentKeys, type Language } from '../language.ts';
import type { KeptPart, KeptParts } from '../load-cache.ts';
import {
  belongsIntoFilters,
  filterNamesOf,
  filtersAreElements,
  isFilterName,
  meantFilter,
} from '../problems/filter-names.ts';
import { foreignName } from '../problems/foreign-names.ts';
import { foreignNote } from '../problems/foreign-notes.ts';
import { spaceMissing } from '../problems/issue-text.ts';
import { probableName, suggestion } from '../problems/nearest-name.ts';
import { type Checked, checkValue } from '../problems/schema-problems.ts';
import { consumerName, resourceName } from '../schemas/resource-name.ts';
import { fieldOf } from '../written.ts';
import { checkBareRoute } from './check-bare-route.ts';

export type ConfigParts = Omit<Config, 'version' | 'errorPageFiles'>;

/** The checked parts of a document. A part, or an element of a list, that has an error is undefined. */
export type CheckedParts = {
  readonly [Key in keyof ConfigParts]: ConfigParts[Key] extends readonly (infer Element)[]
    ? readonly (Element | undefined)[]
    : ConfigParts[Key] | undefined;
};

type Settings = Readonly<Record<string, unknown>>;
type AnySchema = Parameters<typeof checkValue>[0];

/** Keys that later versions of the language will have. */
const laterKeys: ReadonlySet<string> = new Set(['tls', 'tracing', 'policies', 'cluster']);

export interface CheckedDocument {
  readonly parts: CheckedParts;
  readonly problems: Problem[];
  readonly byKey: KeptParts;
  /**
   * Keys of the document whose elements were not all found, because the key is misspelt or a value has the wrong form: what seems to be
   * missing there may exist.
   */
  readonly incompleteKeys: ReadonlySet<string>;
}

/**
 * Lists whose elements other parts refer to by name. An element whose own name is wrong cannot be found, and a reference to it only seems
 * to lead nowhere.
 */
const referredTo: ReadonlySet<string> = new Set(['routes', 'consumers', 'listeners']);

/** Checks the settings of a merged document. `before` has the parts that passed at the last good load. */
export function checkDocument(
  settings: Settings,
  { settings: single, elements, entries }: Language,
  before: KeptParts,
): CheckedDocument {
  const run = new DocumentCheck(settings, before);
  run.checkKeys(elements.filters);
  const parts = {
    listeners: run.list('listeners', elements.listeners),
    admin: run.one('admin', single.admin),
    accessLog: run.one('accessLog', single.accessLog),
    drainTimeoutMs: run.one('drainTimeout', single.drainTimeout),
    limits: run.one('limits', single.limits),
    paths: run.one('paths', single.paths),
    metrics: run.one('metrics', single.metrics),
    shedding: run.one('shedding', single.shedding),
    errorPages: run.one('errorPages', single.errorPages),
    zone: run.one('zone', single.zone),
    upstreams: run.map('upstreams', entries.upstreams),
    stores: run.map('stores', entries.stores),
    consumers: run.list('consumers', elements.consumers),
    plans: run.map('plans', entries.plans),
    chains: run.map('chains', entries.chains),
    filters: run.list('filters', elements.filters),
    routes: run.list('routes', elements.routes, checkBareRoute),
  };
  // Because: each schema returns the type of the part under its key, which the generic helpers lose.
  return {
    parts: parts as unknown as CheckedParts,
    problems: run.problems,
    byKey: run.byKey,
    incompleteKeys: run.incompleteKeys,
  };
}

/** Returns what the schema would make of a simple value, without running the schema; undefined for any other value. */
type Shortcut = (value: unknown) => unknown;

class DocumentCheck {
  readonly problems: Problem[] = [];
  private readonly settings: Settings;
  readonly incompleteKeys = new Set<string>();
  /** The checked values by key, for the next load. Valid only when there is no problem. */
  readonly byKey: KeptParts = new Map();
  private readonly before: KeptParts;

  constructor(settings: Settings, before: KeptParts) {
    this.settings = settings;
    this.before = before;
  }

  /** `filter` is the schema of one filter. */
  checkKeys(filter: AnySchema): void {
    const known: readonly string[] = documentKeys;
    // The last known key so far, if it has no value: an unknown key after it may be meant as part of its value.
    let empty: string | null = null;
    for (const [key, value] of Object.entries(this.settings)) {
      if (known.includes(key)) {
        empty = value === null ? key : null;
        continue;
      }
      const written = JSON.stringify(key);
      const meant = probableName(key, known) ?? empty;
      if (meant !== null) this.incompleteKeys.add(meant);
      const message = laterKeys.has(key)
        ? `${written} is not supported yet in this version`
        : `unknown key ${written}${suggestion(key, known) || elsewhere(key, empty, known, filter)}`;
      this.fail([key], message, 'key');
    }
    if (this.settings['listeners'] === undefined) {
      const message = 'there are no `listeners`: expected a list such as [{ address: 127.0.0.1:8080 }]';
      this.problems.push({ path: [], message, severity: 'error', absentFrom: 'listeners' });
    } else if (isEmpty(this.settings['listeners']) && !this.incompleteKeys.has('listeners')) {
      this.fail(['listeners'], 'name at least one listener');
    }
  }

  /** Checks a part that is a single value. */
  one(key: string, schema: AnySchema): unknown {
    const value = this.settings[key] ?? undefined;
    return this.take(key, schema, [value], null, () => [key])[0];
  }

  /** Checks a part that is a list. An element with an error becomes undefined. */
  list(key: string, schema: AnySchema, shortcut?: Shortcut): readonly unknown[] {
    const value = this.settings[key];
    if (value === undefined || value === null) return this.take(key, schema, [], null, () => [key]);
    if (!Array.isArray(value)) {
      this.incompleteKeys.add(key);
      const hint = key === 'filters' && typeof value === 'object' ? filtersAreElements : '';
      this.fail([key], `expected a list, found ${found(value)}${hint}`);
      return [];
    }
    return this.take(key, schema, value, null, at => [key, at], shortcut);
  }

  /** Checks a part that is a map by name. Each value gets its key as its `name`. */
  map(key: string, schema: AnySchema): readonly unknown[] {
    const value = this.settings[key] ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.incompleteKeys.add(key);
      this.fail([key], `expected a map by name, found ${found(value)}`);
      return [];
    }
    const names = Object.keys(value);
    return this.take(key, schema, Object.values(value), names, at => [key, names[at]!]);
  }

  /** Checks the values under one key. Values that passed at the last load and have not changed are not checked again. */
  private take(
    key: string,
    schema: AnySchema,
    written: readonly unknown[],
    names: readonly string[] | null,
    pathOf: (at: number) => readonly (string | number)[],
    shortcut?: Shortcut,
  ): readonly unknown[] {
    const kept = this.before.get(key);
    const before = kept?.schema === schema ? kept : nothing;
    const { from, toBefore, toNow } = changedEntries(before, written, names);
    let { checked } = before;
    if (from < toBefore || from < toNow) {
      const known = new Map<unknown, number>();
      if (isAnyKept(before.written, written, from, toBefore)) {
        for (let at = from; at < toBefore; at++) known.set(before.written[at], at);
      }
      const middle = written.slice(from, toNow).map((value, index) => {
        const at = from + index;
        const name = names?.[at] ?? null;
        const old = known.get(value);
        // Because: YAML aliases let one value stand under two names.
        if (old !== undefined && (before.names?.[old] ?? null) === name) return checked[old];
        const plain = shortcut?.(value);
        return plain === undefined ? this.check(schema, value, name, pathOf(at)) : deepFreeze(plain);
      });
      // Because: copying a frozen list as a whole is ten times faster than copying a part of it.
      const copy = [...before.checked];
      checked = Object.freeze(copy.slice(0, from).concat(middle, copy.slice(toBefore)));
      rememberChangedRange(before.checked, checked, { from, toBefore, toNow });
    }
    this.byKey.set(key, { schema, written, names, checked });
    return checked;
  }

  private check(schema: AnySchema, value: unknown, name: string | null, path: readonly (string | number)[]): unknown {
    if (name !== null) {
      const named = checkValue(resourceName, name);
      if (!named.ok) for (const { message } of named.problems) this.fail(path, message, 'key');
    }
    const outcome = checkWithKeys(schema, value);
    // Because: the schemas of map entries make objects.
    if (outcome.ok) return deepFreeze(name === null ? outcome.value : { name, ...(outcome.value as object) });
    for (const problem of outcome.problems) this.problems.push({ ...problem, path: [...path, ...problem.path] });
    const key = String(path[0]);
    const ofName = key === 'consumers' ? consumerName : resourceName;
    if (referredTo.has(key) && !checkValue(ofName, fieldOf(value, 'name')).ok) this.incompleteKeys.add(key);
    return undefined;
  }

  private fail(path: readonly (string | number)[], message: string, at?: 'key'): void {
    this.problems.push({ path, message, severity: 'error', ...(at !== undefined && { at }) });
  }
}

const nothing = { written: [], names: null, checked: Object.freeze([]) } as const;

/** The range of entries that changed, by their values or by their names, if they have names. */
function changedEntries(
  before: Pick<KeptPart, 'written' | 'names'>,
  written: readonly unknown[],
  names: readonly string[] | null,
): ChangedRange {
  const ofValues = changedRange(before.written, written);
  if (before.names === null || names === null) return ofValues;
  const ofNames = changedRange(before.names, names);
  return {
    from: Math.min(ofValues.from, ofNames.from),
    toBefore: Math.max(ofValues.toBefore, ofNames.toBefore),
    toNow: Math.max(ofValues.toNow, ofNames.toNow),
  };
}

/** Does what `checkValue` does, and also reports reserved keys, which schemas of maps skip silently. */
function checkWithKeys(schema: AnySchema, value: unknown): Checked<unknown> {
  const outcome: Checked<unknown> = checkValue(schema, value);
  const reserved = reservedKeyProblems(value);
  if (reserved.length === 0) return outcome;
  const others = outcome.ok ? [] : outcome.problems.filter(problem => !isAboutReservedKey(problem));
  return { ok: false, problems: [...others, ...reserved] };
}

/** The end of a message about an unknown key: where the key may have been meant to stand, or which keys may stand here. */
function elsewhere(key: string, empty: string | null, known: readonly string[], filter: AnySchema): string {
  if (/^(?:\/\/|\/\*)/.test(key)) return '; a comment begins with #';
  const space = spaceMissing(key, known);
  if (space !== undefined) return space;
  if (isFilterName(key, filter)) return belongsIntoFilters;
  const meant = foreignName(key, filterNamesOf(filter));
  if (meant !== undefined) return meantFilter(meant);
  const note = foreignNote(key);
  if (note !== undefined) return `; ${note}`;
  if (empty !== null) return `; is it to be indented, as a part of \`${empty}\` above?`;
  return `; expected one of ${known.join(', ')}`;
}

/** Whether a key has no value or an empty list. */
function isEmpty(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}
