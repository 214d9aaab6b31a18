// Reads and checks a configuration file with everything that is built in: what the command line and the supervisor use.

import { filterDefinitions, filterSchemas } from '../compile/catalog.ts';
import { dryCompile } from '../compile/dry-compile.ts';
import type { Config, LocatedProblem, Problem } from '../config/config.ts';
import type { FilterSchema } from '../config/filter-schema.ts';
import { loadConfig } from '../config/load.ts';
import { LoadCache } from '../config/load-cache.ts';

export interface LoadedFile {
  /** Null exactly when a problem is an error. */
  readonly config: Config | null;
  /** Absolute paths of every file that was read or looked for: what is to be watched. */
  readonly files: readonly string[];
  readonly problems: readonly LocatedProblem[];
  /** Where something stands in the documents. */
  readonly locate: (problem: Problem) => LocatedProblem;
}

/** The filters of the language, for its schema. */
export const knownFilters: readonly FilterSchema[] = filterSchemas;

/** A reload does again only what changed. */
const cache = new LoadCache();

/** Checks the document by its schemas and references. What only compiling shows is left to the workers. */
export async function loadFile(file: string): Promise<LoadedFile> {
  const loaded = await loadConfig(file, { filters: knownFilters, env: process.env, cache });
  return {
    config: loaded.ok ? loaded.config : null,
    files: loaded.files,
    problems: loaded.problems,
    locate: problem => loaded.locate(problem),
  };
}

/** As `loadFile`, and compiles it as a worker would: every error at once. */
export async function loadAndCompile(file: string): Promise<LoadedFile> {
  const loaded = await loadFile(file);
  if (loaded.config === null) return loaded;
  const { compiled, problems } = dryCompile(loaded.config, filterDefinitions);
  return {
    ...loaded,
    config: compiled === null ? null : loaded.config,
    problems: [...loaded.problems, ...problems.map(loaded.locate)],
  };
}
