// One file of the configuration as it was read, with the places of its values.

import type { LocatedProblem } from '../config.ts';
import { SourcePlaces } from './source-places.ts';

export type Settings = Readonly<Record<string, unknown>>;

export class SourceFile {
  /** Absolute path. */
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
  /** The settings of the file; empty for an empty file, and for one that could not be read. */
  readonly settings: Settings;
  private readonly places: SourcePlaces;

  constructor(
    file: string,
    text: string,
    settings: Settings,
    places: SourcePlaces = new SourcePlaces(text, new Map()),
  ) {
    this.file = file;
    this.text = text;
    this.settings = settings;
    this.places = places;
  }

  /** The same file with other values at the same places. */
  withSettings(settings: Settings): SourceFile {
    return new SourceFile(this.file, this.text, settings, this.places);
  }

  /** An error or warning about what `path` leads to in this file. */
  problemAt(
    path: readonly (string | number)[],
    message: string,
    severity: 'error' | 'warning' = 'error',
    at: 'key' | 'value' = 'value',
  ): LocatedProblem {
    return this.problemAtOffset(this.places.offsetOf(path, at), message, severity, path);
  }

  problemAtOffset(
    offset: number,
    message: string,
    severity: 'error' | 'warning' = 'error',
    path: readonly (string | number)[] = [],
  ): LocatedProblem {
    return { path, message, severity, file: this.file, ...this.places.placeOf(offset) };
  }
}
