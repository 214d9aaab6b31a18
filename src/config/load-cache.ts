// What is kept from one load to the next, so that a reload does again only what changed. A cache serves one set of filters.

import type { CheckedParts } from './check-document.ts';
import type { CutList } from './cut-list.ts';
import type { ExpansionCache } from './expand.ts';
import type { FilterSchema } from './filter-schema.ts';
import type { SettingStarts } from './setting-starts.ts';
import type { SourceFile } from './source-file.ts';
import type { ReadError } from './yaml.ts';

/** What a file was made of: its lists, and everything else by its text. See cut-document.ts. */
export interface PieceCache {
  readonly byText: ReadonlyMap<string, unknown>;
  readonly lists: ReadonlyMap<string, CutList>;
  /** Null where the text was not cut. */
  readonly starts: SettingStarts | null;
}

export const noPieces: PieceCache = { byText: new Map(), lists: new Map(), starts: null };

/** A file's text with what became of it. */
export interface KeptFile {
  readonly text: string;
  readonly read: SourceFile | ReadError;
  readonly pieces: PieceCache;
}

/** A part of the document whose elements, or entries, or whose one value passed their schema. */
export interface KeptPart {
  readonly schema: object;
  readonly written: readonly unknown[];
  /** Of entries; null for a list. */
  readonly names: readonly string[] | null;
  readonly checked: readonly unknown[];
}

/** By key of the document. */
export type KeptParts = Map<string, KeptPart>;

/** What the last good load found out about a document. */
export interface KeptDocument {
  readonly byKey: KeptParts;
  readonly parts: CheckedParts | null;
  /** Upstreams that no route leads to. */
  readonly unused: ReadonlySet<string>;
}

/** Where nothing was loaded. */
export const noDocument: KeptDocument = { byKey: new Map(), parts: null, unused: new Set() };

export class LoadCache {
  /** By absolute path; files that the last good load did not read are dropped, as is all else that it had no use for. */
  files: ReadonlyMap<string, KeptFile> = new Map();
  expanded: ExpansionCache = new Map();
  private document: KeptDocument = noDocument;
  private filters: readonly FilterSchema[] = [];

  /** Of the last good load, when it had these filters. */
  documentFor(filters: readonly FilterSchema[]): KeptDocument {
    return this.filters === filters ? this.document : noDocument;
  }

  /** Called for good loads only: the next good one will be much like the last, not like the broken ones between them. */
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
