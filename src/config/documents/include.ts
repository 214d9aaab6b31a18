// Reads a file and everything that it includes. Returns the files in order; merge.ts merges them.

import { isUtf8 } from 'node:buffer';
import { globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { LocatedProblem } from '../config.ts';
import { includeSchema } from '../language.ts';
import { type KeptFile, type LoadCache, noPieces } from '../load-cache.ts';
import { checkValue } from '../problems/schema-problems.ts';
import { closedFolder } from './closed-folder.ts';
import {
  Expansion,
  type ExpansionCache,
  type ExpansionSources,
  mayExpand,
  noteWholeTexts,
  readFailure,
} from './expand.ts';
import { isFolder, magic, patternFolders } from './pattern-folders.ts';
import { readDocument } from './read-document.ts';
import { SourceFile } from './source-file.ts';
import { SourcePlaces } from './source-places.ts';
import { ReadError } from './yaml.ts';

const filesMax = 1_000;
const fileBytesMax = 64 * 1024 * 1024;

/** An empty file is an error, because all that it held before would be out of service until the next load. */
const empty =
  'the file is empty, as it is while it is being rewritten: if it is meant to be empty, say so in a comment, such as `# none`';

export interface ReadFiles {
  /** The main file first, each file with its placeholders filled in. */
  readonly sources: readonly SourceFile[];
  readonly problems: readonly LocatedProblem[];
  /** False when something could not be read: what seems to be missing may exist there. */
  readonly isWhole: boolean;
  /** Absolute paths of all files and folders that were read or searched. */
  readonly files: readonly string[];
  /** Texts in the order of reading, for the version. */
  readonly texts: readonly string[];
  /** For the cache, when the load succeeds. */
  readonly filledIn: ExpansionCache;
  readonly kept: ReadonlyMap<string, KeptFile>;
}

/** The place of an `include`. */
interface IncludeSite {
  readonly source: SourceFile;
  readonly path: readonly (string | number)[];
}

/** Reads `file` and what it includes. `text`, if not null, is used as the content of `file`. */
export function readFiles(file: string, text: string | null, outside: ExpansionSources, cache: LoadCache): ReadFiles {
  const reader = new Reader(outside, cache);
  const main = path.resolve(file);
  reader.read(main, text, null);
  return reader.finish();
}

class Reader {
  private readonly outside: ExpansionSources;
  private readonly cache: LoadCache;
  private readonly kept = new Map<string, KeptFile>();
  private readonly filledIn: ExpansionCache = new Map();
  private readonly sources: SourceFile[] = [];
  private readonly problems: LocatedProblem[] = [];
  /** How many of the problems say that a value could not be filled in. */
  private unfilled = 0;
  private readonly askedFor = new Set<string>();
  /** Folders that are searched for patterns, because files may appear there. */
  private readonly lookedThrough = new Set<string>();
  /** By the real path of a file: the file that included it. */
  private readonly includedFrom = new Map<string, string>();
  private readonly trail: string[] = [];

  constructor(outside: ExpansionSources, cache: LoadCache) {
    this.outside = outside;
    this.cache = cache;
  }

  finish(): ReadFiles {
    const files = [...this.askedFor, ...this.outside.files.keys(), ...this.lookedThrough];
    return {
      sources: this.sources,
      problems: this.problems,
      isWhole: this.problems.filter(({ severity }) => severity === 'error').length === this.unfilled,
      files,
      texts: this.sources.map(({ text }) => text),
      filledIn: this.filledIn,
      kept: this.kept,
    };
  }

  read(file: string, given: string | null, site: IncludeSite | null): void {
    this.askedFor.add(file);
    const text = given ?? this.textOf(file, site);
    if (text === null) return;
    if (site !== null && text.trim() === '')
      this.problems.push(new SourceFile(file, text, {}).problemAtOffset(0, empty));
    const raw = this.sourceOf(file, text);
    if (raw instanceof ReadError) {
      const broken = new SourceFile(file, text, {});
      this.sources.push(broken);
      this.problems.push(broken.problemAtOffset(raw.offset, raw.message));
      return;
    }
    const source = this.expanded(raw);
    this.sources.push(source);
    this.includedFrom.set(realPath(file), site === null ? 'the command line' : site.source.file);
    this.trail.push(realPath(file));
    this.followIncludes(source);
    this.trail.pop();
  }

  private textOf(file: string, site: IncludeSite | null): string | null {
    try {
      const status = statSync(file);
      // Because: reading a pipe waits without end and reading a device never stops, and the running gateway would wait as well. The
      // command line may give a pipe: `-c <(make-config)`.
      const isPipe = site === null && status.isFIFO();
      // The writer of the pipe is gone, and another may never open it for writing.
      if (isPipe && this.cache.files.has(file))
        return this.fail(file, site, `${file} is a pipe, and was read: only files can be read again`);
      const isReadable = status.isFile() || status.isDirectory() || isPipe;
      if (!isReadable) return this.fail(file, site, `${file} is not a file`);
      if (status.size > fileBytesMax) return this.fail(file, site, tooLarge(file));
      const bytes = readFileSync(file);
      if (bytes.length > fileBytesMax) return this.fail(file, site, tooLarge(file));
      const text = bytes.toString('utf8');
      if (!isUtf8(bytes)) return this.failEncoding(file, bytes, text);
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    } catch (error) {
      return this.fail(file, site, readFailure(file, error));
    }
  }

  /** Refuses a file that is not UTF-8: decoding would put letters that nobody wrote into names, paths and secrets. */
  private failEncoding(file: string, bytes: Buffer, text: string): null {
    const isUtf16 = bytes[0]! + bytes[1]! === 0xff + 0xfe;
    const message = isUtf16 ? 'the file is in UTF-16: save it as UTF-8' : 'this is not UTF-8: save the file as UTF-8';
    const at = isUtf16 ? 0 : Math.max(0, text.indexOf('\ufffd'));
    this.problems.push(new SourceFile(file, text, {}).problemAtOffset(at, message));
    return null;
  }

  private fail(file: string, site: IncludeSite | null, message: string): null {
    if (site !== null) this.problems.push(site.source.problemAt(site.path, message));
    else this.problems.push({ path: [], message, severity: 'error', file, line: 1, column: 1 });
    return null;
  }

  private sourceOf(file: string, text: string): SourceFile | ReadError {
    const before = this.cache.files.get(file);
    if (before !== undefined && before.text === text) {
      this.kept.set(file, before);
      return before.read;
    }
    const outcome = readDocument(text, file, before?.pieces ?? noPieces);
    const failed = outcome instanceof ReadError;
    const read = failed
      ? outcome
      : new SourceFile(file, text, outcome.settings, new SourcePlaces(text, outcome.places));
    this.kept.set(file, { text, read, pieces: failed ? (before?.pieces ?? noPieces) : outcome.pieces });
    return read;
  }

  /** Fills in values element by element, so that elements without anything from outside stay the same objects. */
  private expanded(source: SourceFile): SourceFile {
    if (!mayExpand(source.text)) return source;
    const expansion = new Expansion(this.outside, path.dirname(source.file), this.cache.expanded, this.filledIn);
    // Without a prototype, as in merge.ts, so that `__proto__` is a key like any other.
    const settings: Record<string, unknown> = Object.create(null);
    for (const [key, value] of Object.entries(source.settings)) {
      if (Array.isArray(value)) settings[key] = value.map((each, i) => expansion.expandCached(each, [key, i]));
      else if (typeof value === 'object' && value !== null) {
        const entries = Object.entries(value).map(([name, each]) => [name, expansion.expandCached(each, [key, name])]);
        const filled = Object.fromEntries(entries);
        noteWholeTexts(filled, Object.entries(value));
        settings[key] = filled;
      } else settings[key] = expansion.expandCached(value, [key]);
    }
    this.unfilled += expansion.problems.length;
    for (const { path: place, message } of expansion.problems) this.problems.push(source.problemAt(place, message));
    return source.withSettings(settings);
  }

  private followIncludes(source: SourceFile): void {
    const written = source.settings['include'];
    if (written === undefined) return;
    const checked = checkValue(includeSchema, written);
    if (!checked.ok) {
      for (const each of checked.problems) {
        this.problems.push(source.problemAt(['include', ...each.path], each.message, 'error', each.at ?? 'value'));
      }
      return;
    }
    for (const [at, pattern] of checked.value.entries()) this.followPattern({ source, path: ['include', at] }, pattern);
  }

  private followPattern(site: IncludeSite, pattern: string): void {
    const folder = path.dirname(site.source.file);
    if (!magic.test(pattern)) {
      this.follow(path.resolve(folder, pattern), site);
      return;
    }
    const found = globSync(pattern, { cwd: folder })
      .map(each => path.resolve(folder, each))
      // `**` also matches folders; the files in them are matched by themselves.
      .filter(each => !isFolder(each));
    const closed = closedFolder(pattern, folder);
    if (closed !== null) this.problems.push(site.source.problemAt(site.path, closed));
    else if (found.length === 0) {
      this.problems.push(site.source.problemAt(site.path, `no file matches ${pattern}`, 'warning'));
    }
    for (const each of patternFolders(pattern, folder)) this.lookedThrough.add(each);
    for (const file of found.sort()) this.follow(file, site);
  }

  private follow(file: string, site: IncludeSite): void {
    const real = realPath(file);
    const from = this.includedFrom.get(real);
    if (this.trail.includes(real)) {
      const circle = [...this.trail.slice(this.trail.indexOf(real)), real]
        .map(each => path.basename(each))
        .join(' -> ');
      this.problems.push(site.source.problemAt(site.path, `files include each other in a circle: ${circle}`));
    } else if (from !== undefined) {
      this.problems.push(site.source.problemAt(site.path, `${file} is included twice, first by ${from}`));
    } else if (this.askedFor.size >= filesMax) {
      if (this.askedFor.size === filesMax) {
        this.problems.push(site.source.problemAt(site.path, `more than ${filesMax} files are included`));
        this.askedFor.add(file);
      }
    } else this.read(file, null, site);
  }
}

function tooLarge(file: string): string {
  return `${file} is larger than 64 MiB`;
}

/** Resolves links, so that a circle through a link is recognised. Returns the path itself when it cannot be resolved. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
