// What is kept from one load to the next, so that a reload does again only what changed. A cache serves one set of filters.

import type { ExpansionCache } from './expand.ts';
import type { FilterSchema } from './filter-schema.ts';
import type { Checked } from './schema-problems.ts';
import type { SourceFile } from './source-file.ts';
import type { ReadError } from './yaml.ts';

/** Pieces of a file by their text; see read-document.ts. */
export type PieceCache = Map<string, unknown>;

/** A file's text with what became of it. */
export interface KeptFile {
  readonly text: string;
  readonly read: SourceFile | ReadError;
  readonly pieces: PieceCache;
}

export interface KeptCheck {
  /** Because: aliases let one value stand in two places. */
  readonly schema: object;
  /** Name under which the value stands; empty for elements of lists. */
  readonly name: string;
  readonly outcome: Checked<unknown>;
}

/** Outcomes by the value that was checked. */
export type KeptChecks = Map<object, KeptCheck>;

export class LoadCache {
  /** By absolute path; files that the last load did not read are dropped, as is all else that it had no use for. */
  files: ReadonlyMap<string, KeptFile> = new Map();
  expanded: ExpansionCache = new Map();
  private checks: KeptChecks = new Map();
  private filters: readonly FilterSchema[] = [];

  /** Outcomes of the last load, when it had these filters. */
  checksFor(filters: readonly FilterSchema[]): KeptChecks {
    return this.filters === filters ? this.checks : new Map();
  }

  keep(filters: readonly FilterSchema[], checks: KeptChecks, expanded: ExpansionCache): void {
    this.filters = filters;
    this.checks = checks;
    this.expanded = expanded;
  }
}
