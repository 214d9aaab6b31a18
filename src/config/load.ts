// Loads a configuration: files → settings → checked parts → Config. Every error at once, each with its place.
// Opens no sockets and compiles nothing.

import { createHash } from 'node:crypto';
import path from 'node:path';
import { checkCaptures } from './checks/check-captures.ts';
import { type ConfigParts, checkDocument } from './checks/check-document.ts';
import { checkFilterPlaces } from './checks/check-filter-places.ts';
import { checkHiddenRoutes } from './checks/check-hidden-routes.ts';
import { checkMethods } from './checks/check-methods.ts';
import { checkOwnPaths } from './checks/check-own-paths.ts';
import { checkReferences } from './checks/check-references.ts';
import { checkReplyHeaders } from './checks/check-reply-headers.ts';
import { checkRoutePaths } from './checks/check-route-paths.ts';
import { expandChains, whereWritten } from './checks/expand-chains.ts';
import { allRoutes, routesToCheck } from './checks/routes-to-check.ts';
import type { Config, LocatedProblem, Problem } from './config.ts';
import type { ExpansionSources } from './documents/expand.ts';
import { type ReadFiles, readFiles } from './documents/include.ts';
import { MergedDocument } from './documents/merge.ts';
import { readPages } from './error-page-files.ts';
import { deepFreeze } from './freeze.ts';
import { languageOf } from './language.ts';
import { LoadCache } from './load-cache.ts';
import { type NamedFiles, readNamedFiles, watchedNames, withAuthorities } from './named-files.ts';
import { rememberOutsideValues } from './output/as-written.ts';
import { type PartialConfig, partialConfig } from './partial-config.ts';
import { valueAt } from './problems/found-text.ts';
import { hideSecrets } from './problems/hide-secrets.ts';
import { onOneLine } from './problems/one-line.ts';
import { inReadingOrder, isAbsenceUncertain, withoutEchoes } from './problems/problem-order.ts';
import type { FilterSchema } from './schemas/filter-schema.ts';
import { withAbsoluteFiles } from './schemas/tls-file.ts';

export interface LoadOptions {
  /** The filters of this gateway. Pass the same list every time: the cache is valid for one list. */
  readonly filters: readonly FilterSchema[];
  /** Variables for `${env:NAME}`; none when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Passed to every load, it makes a reload repeat only the work for what changed. */
  readonly cache?: LoadCache;
}

export type LoadResult = {
  /** Errors and warnings when not ok, otherwise warnings only. */
  readonly problems: readonly LocatedProblem[];
  /** Absolute paths of all that was read or searched, which is what has to be watched. */
  readonly files: readonly string[];
  /** Finds the place in the files of a problem that a later stage reports. */
  readonly locate: (problem: Problem) => LocatedProblem;
} & (
  | { readonly ok: true; readonly config: Config; readonly named: NamedFiles }
  /** `partial` is the document without its faulty elements, to find further errors; null when no file could be read. */
  | { readonly ok: false; readonly partial: PartialConfig | null }
);

/** Reads and checks `file` and what it includes. Never throws because of the content of files, or because files are missing. */
export function loadConfig(file: string, options: LoadOptions): LoadResult {
  return loadWithinDepth(file, null, options);
}

/**
 * Like `loadConfig`, with `text` as the content of `file`. The name of `file` determines the format, and its folder where includes start.
 */
export function loadConfigText(text: string, file: string, options: LoadOptions): LoadResult {
  return loadWithinDepth(file, text, options);
}

/** Like `load`. Reports a document that is nested too deeply for the stack: no real configuration has thousands of nested values. */
function loadWithinDepth(file: string, text: string | null, options: LoadOptions): LoadResult {
  try {
    return load(file, text, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = 'the document is nested too deeply';
    const problem = { path: [], message, severity: 'error', file, line: 1, column: 1 } as const;
    const locate = (other: Problem): LocatedProblem => ({ ...other, file, line: 1, column: 1 });
    return { ok: false, problems: [problem], files: [path.resolve(file)], locate, partial: null };
  }
}

function load(
  file: string,
  text: string | null,
  { filters, env = {}, cache = new LoadCache() }: LoadOptions,
): LoadResult {
  const outside: ExpansionSources = { env, files: new Map(), secrets: new Map() };
  const read = readFiles(file, text, outside, cache);
  if (read.sources.length === 0) {
    const atStart = (problem: Problem): LocatedProblem => ({ ...problem, file: read.files[0]!, line: 1, column: 1 });
    return { ok: false, problems: read.problems, files: read.files, locate: atStart, partial: null };
  }

  const document = new MergedDocument(read.sources);
  const language = languageOf(filters);
  const before = cache.documentFor(filters);
  const checked = checkDocument(document.settings, language, before.byKey);
  const { problems, byKey, incompleteKeys } = checked;
  const { parts, problems: ofChains } = expandChains(document.settings, checked.parts);
  problems.push(...ofChains);
  const changed = before.isWarned ? allRoutes(parts) : routesToCheck(before.parts, parts);
  const placeText = (at: Problem['path']) => document.placeText(at);
  const references = checkReferences(document.settings, parts, filters, placeText, before, changed);
  const ofChanged = [
    ...references.problems,
    ...checkFilterPlaces(document.settings, parts, filters, changed),
    ...checkRoutePaths(parts, changed),
    ...checkMethods(parts, changed),
    ...checkCaptures(parts, changed),
    ...checkReplyHeaders(parts, changed),
  ];
  problems.push(...ofChanged, ...checkOwnPaths(parts, filters), ...checkHiddenRoutes(parts));

  const locate = (given: Problem): LocatedProblem => {
    const { path: at, route } = whereWritten(given.path, document.settings, parts);
    const problem = { ...given, path: at };
    const located = document.locate(problem);
    const message = hideSecrets(located.message, outside.secrets) + lineEndHint(problem, document.settings);
    return { ...located, message: onOneLine(message), ...(route !== undefined && { inRoute: route }) };
  };
  const early = [...read.problems, ...document.problems].map(problem => ({
    ...problem,
    message: onOneLine(hideSecrets(problem.message, outside.secrets)),
  }));
  const later = problems
    .filter(problem => (read.isWhole || !mayComeFromAbsence(problem)) && !isAbsenceUncertain(problem, incompleteKeys))
    .map(locate);
  const all = inReadingOrder(withoutEchoes(early, later), read.files);
  const folderOf = (at: Problem['path']) => path.dirname(path.resolve(document.fileOf(at)));
  if (all.some(({ severity }) => severity === 'error')) {
    const partial = partialConfig(parts, problems, language, folderOf, filters);
    return { ok: false, problems: all, files: read.files, locate, partial };
  }
  const isWarned = ofChanged.some(({ path: [key] }) => key === 'routes' || key === 'filters');
  cache.keep(filters, { byKey, parts, unused: references.unused, isWarned }, read.kept, read.filledIn);
  // Because: for each part that is undefined there is an error, and there was none.
  const whole = withAbsoluteFiles(parts as ConfigParts, folderOf);
  const named = readNamedFiles(whole);
  const stores = withAuthorities(whole.stores, named);
  const config = deepFreeze({ version: versionOf(read, outside, named), ...whole, stores, ...readPages(whole, named) });
  rememberOutsideValues(config, outside.secrets);
  return { ok: true, config, named, problems: all, files: [...read.files, ...watchedNames(named)], locate };
}

/** A hint when the value is one line with a line end, which is hardly ever meant: block scalars leave one. */
function lineEndHint({ path: at, severity, at: part }: Problem, settings: unknown): string {
  const value = severity === 'error' && part !== 'key' ? valueAt(settings, at) : undefined;
  const isLine = typeof value === 'string' && /^[^\n]+\n$/.test(value);
  return isLine ? '; the text ends with a line end: `|-` and `>-` leave it out' : '';
}

/** Whether a problem may be due to a file that could not be read: what seems to be missing or unused may exist there. */
function mayComeFromAbsence({ path, severity, absentFrom }: Problem): boolean {
  return severity === 'warning' || path.length === 0 || absentFrom !== undefined;
}

/** Hex SHA-256 of everything that was read. */
function versionOf({ texts }: ReadFiles, { files, secrets }: ExpansionSources, named: NamedFiles): string {
  const hash = createHash('sha256');
  // Because: hashing a long string takes four times as long as hashing its bytes.
  for (const text of texts) hash.update(`${text.length}:`).update(Buffer.from(text));
  for (const [file, text] of named.texts) {
    const length = typeof text === 'string' ? text.length : -1;
    hash.update(`${file}:${length}:`).update(typeof text === 'string' ? text : text.error);
  }
  for (const text of [...files.values(), ...secrets.keys()]) {
    if (typeof text === 'string') hash.update(`${text.length}:`).update(text);
  }
  return hash.digest('hex');
}
