// What is kept from one load to the next, so that a reload repeats only the work for what changed. A cache serves one list of filters.

import type { CheckedParts } from './checks/check-document.ts';
import type { CutList } from './documents/cut-list.ts';
import type { ExpansionCache } from './documents/expand.ts';
import type { SettingStarts } from './documents/setting-starts.ts';
import type { SourceFile } from './documents/source-file.ts';
import type { ReadError } from './documents/yaml.ts';
import type { FilterSchema } from './schemas/filter-schema.ts';

/** What a file was read into: its lists by their keys, and everything else by its text. See cut-document.ts. */
export interface PieceCache {
  readonly byText: ReadonlyMap<string, unknown>;
  readonly lists: ReadonlyMap<string, CutList>;
  /** Null when the text was not cut. */
  readonly starts: SettingStarts | null;
}

export const noPieces: PieceCache = { byText: new Map(), lists: new Map(), starts: null };

/** The text of a file with the result of reading it. */
export interface KeptFile {
  readonly text: string;
  readonly read: SourceFile | ReadError;
  readonly pieces: PieceCache;
}

/** A part of the document whose elements, entries or single value passed their schema. */
export interface KeptPart {
  readonly schema: object;
  readonly written: readonly unknown[];
  /** Names of the entries of a map; null for a list. */
  readonly names: readonly string[] | null;
  readonly checked: readonly unknown[];
}

/** By key of the document. */
export type KeptParts = Map<string, KeptPart>;

/** What the last good load has determined about a document. */
export interface KeptDocument {
  readonly byKey: KeptParts;
  readonly parts: CheckedParts | null;
  /** Upstreams that no route leads to. */
  readonly unused: ReadonlySet<string>;
  /** Whether there was a warning about a route or a filter. All of them are then checked again, so that the warning is repeated. */
  readonly isWarned: boolean;
}

/** For when nothing has been loaded yet. */
export const noDocument: KeptDocument = { byKey: new Map(), parts: null, unused: new Set(), isWarned: false };

/** The results of the last good load. One cache is passed to all loads of the same file. */
export class LoadCache {
  /** By absolute path. Files that the last good load did not read are dropped, and so is everything else that this load did not use. */
  files: ReadonlyMap<string, KeptFile> = new Map();
  expanded: ExpansionCache = new Map();
  private document: KeptDocument = noDocument;
  private filters: readonly FilterSchema[] = [];

  /** The document of the last good load if that load had these filters, otherwise an empty one. */
  documentFor(filters: readonly FilterSchema[]): KeptDocument {
    return this.filters === filters ? this.document : noDocument;
  }

  /** Called after good loads only: the next good version will resemble the last good one more than the broken ones between them. */
  keep(
    filters: readonly FilterSchema[],
    document: KeptDocument,
    files: ReadonlyMap<string, KeptFile>,
    expanded: ExpansionCache,
  ): void {
    this.filters = filters;
    this.files = files;
    this.document = document;
    this.expanded = expanded;
  }
}
