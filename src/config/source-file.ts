// One file of the configuration as it was read, with the places of what stands in it.

import type { LocatedProblem } from './config.ts';
import { LineIndex } from './line-index.ts';
import { PlaceTree } from './place-tree.ts';

export type Settings = Readonly<Record<string, unknown>>;

export class SourceFile {
  /** Absolute. */
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
  /** What stands in it; empty for an empty file, and for one that could not be read. */
  readonly settings: Settings;
  private tree: PlaceTree | null = null;
  private lines: LineIndex | null = null;

  constructor(file: string, text: string, settings: Settings) {
    this.file = file;
    this.text = text;
    this.settings = settings;
  }

  /** The same file with other values at the same places. */
  withSettings(settings: Settings): SourceFile {
    return new SourceFile(this.file, this.text, settings);
  }

  /** An error or warning about what `path` leads to in this file. */
  problemAt(
    path: readonly (string | number)[],
    message: string,
    severity: 'error' | 'warning' = 'error',
    at: 'key' | 'value' = 'value',
  ): LocatedProblem {
    this.tree ??= new PlaceTree(this.text);
    return this.problemAtOffset(this.tree.offsetOf(path, at), message, severity, path);
  }

  problemAtOffset(
    offset: number,
    message: string,
    severity: 'error' | 'warning' = 'error',
    path: readonly (string | number)[] = [],
  ): LocatedProblem {
    this.lines ??= new LineIndex(this.text);
    return { path, message, severity, file: this.file, ...this.lines.placeOf(offset) };
  }
}
