// Merges the files of a configuration: lists are joined, maps are merged, and a setting that two files give is an error that names both.
// Remembers which file each part came from.

import type { LocatedProblem, Problem } from '../config.ts';
import { passWholeTexts } from './expand.ts';
import type { SourceFile } from './source-file.ts';

/** Keys of a file that are about the file itself: what it includes, and the schema by which editors complete it. */
const aboutFile: ReadonlySet<string> = new Set(['include', '$schema']);

/** The elements of a joined list that came from one file. They begin at index `start` of the joined list. */
interface ListPart {
  readonly source: SourceFile;
  readonly start: number;
}

/** The files that a key of the document comes from. */
type Origin =
  | { readonly kind: 'whole'; readonly source: SourceFile }
  | { readonly kind: 'list'; readonly parts: ListPart[] }
  | { readonly kind: 'map'; readonly first: SourceFile; readonly sources: Map<string, SourceFile> };

export class MergedDocument {
  /** Without a prototype, so that `__proto__` is a key like any other: an unknown one. */
  readonly settings: Record<string, unknown> = Object.create(null);
  readonly problems: LocatedProblem[] = [];
  private readonly main: SourceFile;
  private readonly origins = new Map<string, Origin>();

  /** `sources` has at least the main file, which comes first. */
  constructor(sources: readonly SourceFile[]) {
    this.main = sources[0]!;
    for (const source of sources) {
      for (const [key, value] of Object.entries(source.settings)) if (!aboutFile.has(key)) this.add(key, value, source);
    }
  }

  /** Adds the file, line and column of the value that a problem is about. */
  locate(problem: Problem): LocatedProblem {
    const { path, message, severity, at = 'value' } = problem;
    const { source, inFile } = this.placeOf(path);
    const located = source.problemAt(inFile, message, severity, at);
    return { ...located, path, ...(problem.at !== undefined && { at: problem.at }) };
  }

  /** `routes/a.yaml:3`, for messages that name a second place. */
  placeText(path: readonly (string | number)[]): string {
    const { file, line } = this.locate({ path, message: '', severity: 'error' });
    return `${file}:${line}`;
  }

  /** The file of the value that a path leads to. Cheaper than `locate`, which looks for the line as well. */
  fileOf(path: readonly (string | number)[]): string {
    return this.placeOf(path).source.file;
  }

  private placeOf(path: readonly (string | number)[]): {
    readonly source: SourceFile;
    readonly inFile: readonly (string | number)[];
  } {
    const [key, step, ...rest] = path;
    const origin = this.origins.get(String(key));
    switch (origin?.kind) {
      case undefined:
        return { source: this.main, inFile: path };
      case 'whole':
        return { source: origin.source, inFile: path };
      case 'map':
        return { source: origin.sources.get(String(step)) ?? origin.first, inFile: path };
      case 'list': {
        const at = Number(step);
        const part = origin.parts.findLast(({ start }) => start <= at) ?? origin.parts[0]!;
        if (step === undefined) return { source: part.source, inFile: path };
        return { source: part.source, inFile: [key!, at - part.start, ...rest] };
      }
    }
  }

  private add(key: string, value: unknown, source: SourceFile): void {
    const before = this.origins.get(key);
    const known = this.settings[key];
    if (before === undefined) {
      this.settings[key] = value;
      this.origins.set(key, originOf(value, source));
    } else if (before.kind === 'list' && Array.isArray(known) && Array.isArray(value)) {
      before.parts.push({ source, start: known.length });
      this.settings[key] = [...known, ...value];
    } else if (before.kind === 'map' && isMap(known) && isMap(value)) {
      const joined = { ...known, ...this.newEntries(key, value, before.sources, source) };
      passWholeTexts([known, value], joined);
      this.settings[key] = joined;
    } else {
      const { file, line } = this.locate({ path: [key], message: '', severity: 'error', at: 'key' });
      this.problems.push(
        source.problemAt([key], `\`${key}\` is given twice, first in ${file}:${line}`, 'error', 'key'),
      );
    }
  }

  /** The entries that no earlier file gave; each of the others is reported as an error. */
  private newEntries(
    key: string,
    value: Readonly<Record<string, unknown>>,
    sources: Map<string, SourceFile>,
    source: SourceFile,
  ): Record<string, unknown> {
    const fresh: [string, unknown][] = [];
    for (const [name, each] of Object.entries(value)) {
      const first = sources.get(name);
      if (first === undefined) {
        sources.set(name, source);
        fresh.push([name, each]);
        continue;
      }
      const { line } = first.problemAt([key, name], '', 'error', 'key');
      const message = `"${name}" is given twice in \`${key}\`, first in ${first.file}:${line}`;
      this.problems.push(source.problemAt([key, name], message, 'error', 'key'));
    }
    return Object.fromEntries(fresh);
  }
}

function originOf(value: unknown, source: SourceFile): Origin {
  if (Array.isArray(value)) return { kind: 'list', parts: [{ source, start: 0 }] };
  if (!isMap(value)) return { kind: 'whole', source };
  return { kind: 'map', first: source, sources: new Map(Object.keys(value).map(name => [name, source])) };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
