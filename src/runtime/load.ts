// Reads and checks a configuration file with everything that is built in: what the command line and the supervisor use.

import { readFileSync, statSync } from 'node:fs';
import { filtersInUse } from '../compile/filters-in-use.ts';
import { filterSchemas, LanguageMissing, loadLanguages } from '../compile/languages.ts';
import type { Config, LocatedProblem, Problem } from '../config/config.ts';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { LoadCache } from '../config/load-cache.ts';
import { readNamedFiles } from '../config/named-files.ts';
import { inReadingOrder, withoutEchoes } from '../config/problem-order.ts';
import { readTlsMaterial } from '../net/tls/read-material.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';

export interface LoadedFile {
  /** Null exactly when a problem is an error. */
  readonly config: Config | null;
  /** Absolute paths of every file that was read or looked for: what is to be watched. */
  readonly files: readonly string[];
  readonly problems: readonly LocatedProblem[];
  /** Where something stands in the documents. */
  readonly locate: (problem: Problem) => LocatedProblem;
  /** Certificates and keys that the configuration names, checked. */
  readonly tls: TlsMaterial;
}

/** A reload does again only what changed. */
const cache = new LoadCache();

/** Checks the document by its schemas and references. What only compiling shows is left to the workers. */
export async function loadFile(file: string): Promise<LoadedFile> {
  return loadedFile(await load(file));
}

/**
 * As `loadFile`, and compiles it as a worker would. What is good in a document with errors is compiled, too, and the files that it
 * names are read: all errors at once.
 */
export async function loadAndCompile(file: string): Promise<LoadedFile> {
  const result = await load(file);
  const loaded = loadedFile(result);
  const { config, inDocument } = result.ok
    ? { config: result.config, inDocument: (problem: Problem) => problem }
    : (result.partial ?? { config: null, inDocument: (problem: Problem) => problem });
  if (config === null) return loaded;
  // The compiler is loaded for commands that check: `run` leaves it to the workers.
  const { dryCompile } = await import('../compile/dry-compile.ts');
  const { compiled, problems } = dryCompile(config, await filtersInUse(config));
  const ofTls = result.ok ? [] : readTlsMaterial(config, readNamedFiles(config), Date.now()).problems;
  const all = withoutEchoes(
    loaded.problems,
    [...problems, ...ofTls].map(problem => loaded.locate(inDocument(problem))),
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
  // An included file names another, or a message lists what they can do.
  await loadLanguages();
  return loadConfig(file, { filters: filterSchemas, env: process.env, cache });
}

/** Whether the names in a file were looked for: later loads find out as they go. */
let isLookedAt = false;

/** Names that stand anywhere in a file: too many do no harm. */
function filtersNamedIn(file: string): (name: string) => boolean {
  try {
    // Because: what is no file, a pipe say, can be read only once, so that a name found later would come too late.
    if (!statSync(file).isFile()) return () => true;
    const text = readFileSync(file, 'latin1');
    return name => text.includes(name);
  } catch {
    // That it cannot be read is told by who reads it.
    return () => false;
  }
}

const noTls: TlsMaterial = { listeners: [], upstreams: new Map(), certificates: [] };

function loadedFile(result: LoadResult): LoadedFile {
  const { files, problems, locate } = result;
  if (!result.ok) return { config: null, files, problems, locate, tls: noTls };
  const { config, named } = result;
  const { material, problems: ofTls } = readTlsMaterial(config, named, Date.now());
  return {
    config: material === null ? null : config,
    files,
    problems: ofTls.length === 0 ? problems : inReadingOrder([...problems, ...ofTls.map(locate)], files),
    locate,
    tls: material ?? noTls,
  };
}
