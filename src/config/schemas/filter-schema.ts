// One element of `filters`: a filter's name and its configuration, or the use of a chain. The caller passes in the list of filters.

import { z } from 'zod';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { filterOrChainPlace, filterPlace } from '../../base/schema/filter-place.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { found } from '../../base/schema/found.ts';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';
import type { FilterConfig } from '../config.ts';
import { withFilterNames } from '../problems/filter-names.ts';
import { settingInsteadOfFilter } from '../problems/foreign-names.ts';
import { foreignNote } from '../problems/foreign-notes.ts';
import { probableName, suggestion } from '../problems/nearest-name.ts';
import { checkValue } from '../problems/schema-problems.ts';
import { CHAIN, chainName } from './chain-use.ts';

/** What config/ needs to know of a filter. */
export interface FilterSchema {
  readonly name: string;
  readonly schema: z.ZodType;
  /** What the filter does, in Markdown. */
  readonly documentation?: string;
  /** Whether this configuration depends on who calls, so that it makes sense only after a filter that identifies the caller. */
  dependsOnCaller?(config: unknown): boolean;
  /** True when the filter responds from what it remembers, so that a later filter may never get to identify the caller. */
  readonly remembersAnswers?: boolean;
  /** Whether the filter identifies the caller. */
  readonly identifies?: boolean;
  /** What this configuration can make known of a caller, for a filter that identifies it. Without this: everything. */
  makesKnown?(config: unknown): readonly CallerPart[];
  /** True when the filter's configuration is a list of filters that identify the caller, each checked by its own schema. */
  readonly nests?: boolean;
  /** The stores that a checked configuration names, so that an unknown name is reported with its place. */
  storesOf?(config: unknown): readonly StoreReference[];
  /** False while the code of the filter is not loaded, because no document has named it. Then only `name` may be read. */
  readonly isLoaded?: boolean;
  /** Paths that the filter serves itself when a request is sent to it, so that some route with this filter has to match them. */
  ownPaths?(config: unknown): readonly OwnPath[];
  /** The revocation lists by which a checked configuration refuses clients once they have expired; used together. */
  revocationLists?(config: unknown): readonly ReadList[];
  /** What a checked configuration needs and its place in the document can never give. Paths start at the filter's configuration. */
  placeProblems?(config: unknown, around: FilterSurroundings): readonly PlaceProblem[];
}

/** `place` is the path of the setting inside the filter's configuration; `otherwise` says what happens when no route matches. */
export interface OwnPath {
  readonly path: string;
  readonly method: string;
  readonly place: readonly (string | number)[];
  readonly otherwise: string;
}

/** A text in PEM. `path` is its path inside the filter's configuration. */
export interface ReadList {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** `path` is the path of the name inside the filter's configuration. */
export interface StoreReference {
  readonly name: string;
  readonly path: readonly (string | number)[];
}

/** The filters inside a checked filter, for one that nests; none for all others. */
export function innerFilters({ config }: FilterConfig, schema: FilterSchema | undefined): readonly FilterConfig[] {
  // Because: the schema of a filter that nests has made a list of filters.
  return schema?.nests === true ? (config as readonly FilterConfig[]) : [];
}

/** The schema of an element of `filters`, which is checked by the schema of the filter that it names. */
export function filterSchema(filters: readonly FilterSchema[]) {
  return withFilterNames(elementSchema(filters, filterPlace, checkFilter), namesOf(filters));
}

/** As `filterSchema`, or `{ chain: NAME }`, which becomes a filter of the name `chain` until `expandChains` replaces it. */
export function filterOrChainSchema(filters: readonly FilterSchema[]) {
  const schema = elementSchema(filters, filterOrChainPlace, (written, byName, problems, path) =>
    isUseOfChain(written) ? checkChain(written, problems, path) : checkFilter(written, byName, problems, path),
  );
  return withFilterNames(schema, [...namesOf(filters), CHAIN]);
}

function namesOf(filters: readonly FilterSchema[]): string[] {
  return filters.map(({ name }) => name);
}

function elementSchema(filters: readonly FilterSchema[], place: typeof filterPlace, check: typeof checkFilter) {
  const byName = new Map(filters.map(filter => [filter.name, filter]));
  return z
    .unknown()
    .meta(place)
    .transform((written, context): FilterConfig => {
      const problems: FilterProblem[] = [];
      const filter = check(written, byName, problems, []);
      for (const { path, message, at } of problems) {
        context.addIssue({ code: 'custom', path: [...path], message, params: { at, settled: true } });
      }
      return filter ?? z.NEVER;
    });
}

function isUseOfChain(written: unknown): written is { readonly [CHAIN]: unknown } {
  const isMap = typeof written === 'object' && written !== null && !Array.isArray(written);
  return isMap && Object.hasOwn(written, CHAIN) && Object.keys(written).length === 1;
}

function checkChain(
  written: { readonly [CHAIN]: unknown },
  problems: FilterProblem[],
  path: readonly (string | number)[],
): FilterConfig | null {
  const checked = checkValue(chainName, written[CHAIN]);
  if (checked.ok) return { name: CHAIN, config: checked.value };
  problems.push(...checked.problems.map(problem => ({ ...problem, path: [...path, CHAIN, ...problem.path] })));
  return null;
}

interface FilterProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly at?: 'key' | undefined;
}

/** Null when something is wrong, which is then added to `problems`. `path` leads to the element. */
function checkFilter(
  written: unknown,
  byName: ReadonlyMap<string, FilterSchema>,
  problems: FilterProblem[],
  path: readonly (string | number)[],
): FilterConfig | null {
  const named = nameAndConfig(written, byName);
  if (typeof named === 'string') {
    problems.push({ path, message: named });
    return null;
  }
  const { name, config } = named;
  const filter = byName.get(name);
  const inside = [...path, name];
  if (name === CHAIN) {
    const message = 'a chain cannot stand here: only `filters` of a route and the global `filters` use chains';
    problems.push({ path: inside, message, at: 'key' });
    return null;
  }
  if (filter === undefined) {
    const message = `there is no filter ${JSON.stringify(name)}${insteadOf(name, byName.keys())}`;
    problems.push({ path: inside, message, at: 'key' });
    return null;
  }
  const checked = checkValue(filter.schema, config ?? {});
  if (!checked.ok) {
    problems.push(...checked.problems.map(problem => ({ ...problem, path: [...inside, ...problem.path] })));
    return null;
  }
  if (filter.nests !== true) return { name, config: checked.value };
  // Because: the schema of a filter that nests makes a list.
  const elements = (checked.value as readonly unknown[]).map((element, at) =>
    checkInner(element, byName, problems, [...inside, at]),
  );
  return elements.includes(null) ? null : { name, config: elements };
}

/** The end of a message about a filter that does not exist: what has its effect here, or which filters there are. */
function insteadOf(name: string, known: Iterable<string>): string {
  const names = [...known];
  const setting = settingInsteadOfFilter(name);
  if (setting !== undefined) return `; it is ${setting}`;
  const near = suggestion(name, names);
  if (near !== '') return near;
  const note = foreignNote(name);
  return note === undefined ? `; there are ${names.sort().join(', ')}` : `; ${note}`;
}

/** Like `checkFilter`, for an element of a filter that nests: this element has to identify the caller. */
function checkInner(
  written: unknown,
  byName: ReadonlyMap<string, FilterSchema>,
  problems: FilterProblem[],
  path: readonly (string | number)[],
): FilterConfig | null {
  const inner = checkFilter(written, byName, problems, path);
  if (inner === null) return null;
  const { identifies, nests } = byName.get(inner.name)!;
  if (identifies === true || nests === true) return inner;
  const can = [...byName.values()].filter(each => each.identifies === true || each.nests === true);
  problems.push({
    path: [...path, inner.name],
    message: `${inner.name} does not identify the caller, so it cannot be used here; ${can.map(each => each.name).join(', ')} can`,
    at: 'key',
  });
  return null;
}

function nameAndConfig(
  written: unknown,
  known: ReadonlyMap<string, FilterSchema>,
): { readonly name: string; readonly config: unknown } | string {
  if (typeof written === 'string') {
    const meant = nameOf(written, known);
    const hint = meant === undefined ? '' : `: write { ${meant}: {} }`;
    return `expected a filter’s name with its configuration, found ${found(written)}${hint}`;
  }
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return `expected a filter’s name with its configuration, found ${found(written)}`;
  }
  const entries = Object.entries(written);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined) return { name: first[0], config: first[1] };
  if (entries.length === 0) return 'expected a filter’s name with its configuration, found an empty map';
  const names = entries.map(([name]) => name).join(', ');
  const told = `expected one filter, found the keys ${names}`;
  const named: unknown = Object.hasOwn(written, 'name') ? Reflect.get(written, 'name') : undefined;
  const meant = typeof named === 'string' ? nameOf(named, known) : undefined;
  if (meant !== undefined) return `${told}: the name of a filter is the key of its settings, { ${meant}: { ... } }`;
  return `${told}: each filter is an element of the list, with its settings indented under its name`;
}

/** The filter that a name stands for, or was probably meant for; undefined when there is none. */
function nameOf(written: string, known: ReadonlyMap<string, FilterSchema>): string | undefined {
  return known.has(written) ? written : probableName(written, known.keys());
}
