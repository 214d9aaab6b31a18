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

export class LoadCache {
  /** By absolute path; files that the last load did not read are dropped. */
  files: ReadonlyMap<string, KeptFile> = new Map();
  readonly expanded: ExpansionCache = new WeakMap();
  private checkedByFilters = new WeakMap<readonly FilterSchema[], WeakMap<object, KeptCheck>>();

  /** Outcomes by the value that was checked. */
  checked(filters: readonly FilterSchema[]): WeakMap<object, KeptCheck> {
    let checked = this.checkedByFilters.get(filters);
    if (checked === undefined) {
      checked = new WeakMap();
      this.checkedByFilters.set(filters, checked);
    }
    return checked;
  }
}
