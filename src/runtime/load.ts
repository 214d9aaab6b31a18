// Reads and checks a configuration file with all built-in filters, for the command line and the supervisor.

import { readFileSync, statSync } from 'node:fs';
import { filtersInUse } from '../compile/filters-in-use.ts';
import { filterSchemas, LanguageMissing, loadLanguages } from '../compile/languages.ts';
import type { Config, LocatedProblem, Problem } from '../config/config.ts';
import { pageProblems } from '../config/error-page-files.ts';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { LoadCache } from '../config/load-cache.ts';
import { type NamedFiles, readNamedFiles } from '../config/named-files.ts';
import { inReadingOrder, withoutEchoes } from '../config/problems/problem-order.ts';
import { type PairsByFile, type ReadMaterial, readTlsMaterial } from '../net/tls/read-material.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';
import { filterLists } from './filter-lists.ts';

export interface LoadedFile {
  /** Null exactly when one of the problems is an error. */
  readonly config: Config | null;
  /** Absolute paths of all files that were read or looked for: the files to watch. */
  readonly files: readonly string[];
  readonly problems: readonly LocatedProblem[];
  /** Adds the place of a problem in the documents. */
  readonly locate: (problem: Problem) => LocatedProblem;
  /** The certificates and keys that the configuration names, checked. */
  readonly tls: TlsMaterial;
  /** The pairs of `tls`. */
  readonly pairs: PairsByFile;
  /** Errors in files of certificates in whose place the pairs before stay in use. */
  readonly refused: readonly LocatedProblem[];
}

/** Lets a reload redo only what changed. */
const cache = new LoadCache();

/**
 * Checks the document against its schemas and references. Problems that only compiling shows are left to the workers. `serving` has the
 * certificates of a running gateway, which stay in use where their files are broken now.
 */
export async function loadFile(file: string, serving?: PairsByFile): Promise<LoadedFile> {
  return loadedFile(await load(file), serving);
}

/**
 * Like `loadFile`, and also compiles the configuration as a worker would. In a document with errors, the valid part is compiled and the
 * files that it names are read too, so that all errors are reported at once.
 */
export async function loadAndCompile(file: string): Promise<LoadedFile> {
  const result = await load(file);
  const loaded = loadedFile(result);
  const { config, inDocument } = result.ok
    ? { config: result.config, inDocument: (problem: Problem) => problem }
    : (result.partial ?? { config: null, inDocument: (problem: Problem) => problem });
  if (config === null) return loaded;
  // Loaded only for commands that check: `run` leaves compiling to the workers.
  const { dryCompile } = await import('../compile/dry-compile.ts');
  const { compiled, problems } = dryCompile(config, await filtersInUse(config));
  const ofFiles = result.ok ? [] : checkFiles(config, readNamedFiles(config), noPairs).problems;
  const all = withoutEchoes(
    loaded.problems,
    [...problems, ...ofFiles].map(problem => loaded.locate(inDocument(problem))),
  );
  return {
    ...loaded,
    config: compiled === null ? null : loaded.config,
    problems: inReadingOrder(all, loaded.files),
  };
}

async function load(file: string): Promise<LoadResult> {
  if (!isLookedAt) await loadLanguages(filtersNamedIn(file));
  isLookedAt = true;
  try {
    return loadConfig(file, { filters: filterSchemas, env: process.env, cache });
  } catch (error) {
    if (!(error instanceof LanguageMissing)) throw error;
  }
  // An included file uses a filter that the main file does not name, or an error message lists all settings of the filters.
  await loadLanguages();
  return loadConfig(file, { filters: filterSchemas, env: process.env, cache });
}

/** Whether filter names were searched for in the file, done once: later loads find missing languages by LanguageMissing. */
let isLookedAt = false;

/** A test for names that occur anywhere in the file. A false match only loads a language too many. */
function filtersNamedIn(file: string): (name: string) => boolean {
  try {
    // Because: anything but a regular file, such as a pipe, can be read only once, so a name found later would come too late.
    if (!statSync(file).isFile()) return () => true;
    const text = readFileSync(file, 'latin1');
    return name => text.includes(name);
  } catch {
    // The loader reports a file that cannot be read.
    return () => false;
  }
}

const noPairs: PairsByFile = new Map();
const noTls: TlsMaterial = { listeners: [], upstreams: new Map(), certificates: [], revocationLists: [] };

/** Checks the files that a configuration names. `material` is null when one of the problems is an error. */
function checkFiles(config: Config, named: NamedFiles, serving: PairsByFile): ReadMaterial {
  const lists = filterLists(config, filterSchemas);
  const read = readTlsMaterial(config, named, Date.now(), { filterLists: lists, serving });
  const ofPages = pageProblems(config, named);
  return { ...read, material: ofPages.length === 0 ? read.material : null, problems: [...read.problems, ...ofPages] };
}

function loadedFile(result: LoadResult, serving: PairsByFile = noPairs): LoadedFile {
  const { files, problems, locate } = result;
  const none = { tls: noTls, pairs: noPairs, refused: [] };
  if (!result.ok) return { config: null, files, problems, locate, ...none };
  const { config, named } = result;
  const { material, problems: ofFiles, refused, pairs } = checkFiles(config, named, serving);
  return {
    config: material === null ? null : config,
    files,
    problems: ofFiles.length === 0 ? problems : inReadingOrder([...problems, ...ofFiles.map(locate)], files),
    locate,
    tls: material ?? noTls,
    pairs,
    refused: refused.map(locate),
  };
}
