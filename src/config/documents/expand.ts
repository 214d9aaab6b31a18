// Fills in `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` inside strings. `$${env:` and `$${file:` stand for the literal text.
// `${NAME}`, as shells and others write it, is refused: taken literally, it would be a secret that everybody knows. An unknown
// `${kind:...}` is refused as well. Any other `${...}` is left to the code that reads the value.

import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../base/message-of.ts';

const placeholder = /(\$?)\$\{(?:([A-Z][A-Z0-9_]*)\}|([A-Za-z][A-Za-z0-9_]*):([^}]*)(\}?))/g;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const fileBytesMax = 1024 * 1024;

/** Where values come from, and which values a load has read there. */
export interface ExpansionSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of the files that were read in this load, or why a file cannot be read, by absolute path. */
  readonly files: Map<string, string | { readonly error: string }>;
  /** Values that came from outside, each with the reference as written: messages show the reference. */
  readonly secrets: Map<string, string>;
}

export interface ExpansionProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Results by original value, so that the same text and values from outside give the same object. Null without a placeholder. */
export type ExpansionCache = Map<object, { readonly filledIn: string; readonly value: unknown } | null>;

/** A text that is a single placeholder and nothing else. */
const wholePlaceholder = /^\$\{(?:env|file):[^}]*\}$/;

/** By list or map: the keys whose text was a single placeholder, so that the value may be read as a number as well. */
const wholeTexts = new WeakMap<object, Set<string | number>>();

/** Whether the whole text that `container` has at `key` was filled in. */
export function isFilledInWhole(container: object, key: string | number): boolean {
  return wholeTexts.get(container)?.has(key) ?? false;
}

/** A copy of a list or map with another value at `key`. What is known of the other values is known of the copy's values too. */
export function withValueAt(container: object, key: string | number, value: unknown): object {
  const copy = Object.assign(Array.isArray(container) ? [] : {}, container, { [key]: value });
  const known = wholeTexts.get(container);
  if (known !== undefined) wholeTexts.set(copy, known);
  return copy;
}

/** Records which of these entries, as written, were a single placeholder. `container` holds them after they were filled in. */
export function noteWholeTexts(container: object, entries: Iterable<readonly [string | number, unknown]>): void {
  const keys = new Set<string | number>();
  for (const [key, value] of entries) if (typeof value === 'string' && wholePlaceholder.test(value)) keys.add(key);
  if (keys.size > 0) wholeTexts.set(container, keys);
}

/** Makes what is known of the values of maps known of the values of `container`, which holds the entries of all of them. */
export function passWholeTexts(maps: readonly object[], container: object): void {
  const keys = new Set(maps.flatMap(map => [...(wholeTexts.get(map) ?? [])]));
  if (keys.size > 0) wholeTexts.set(container, keys);
}

/** Whether the text of a document may contain a placeholder. */
export function mayExpand(text: string): boolean {
  return text.includes('${');
}

/** Fills in the values of one file. */
export class Expansion {
  readonly problems: ExpansionProblem[] = [];
  private readonly sources: ExpansionSources;
  private readonly folder: string;
  private readonly before: ExpansionCache;
  private readonly after: ExpansionCache;
  private filledIn: string[] = [];

  /** Relative paths of `${file:}` start at `folder`. `before` has the results of the last load; those of this load go to `after`. */
  constructor(sources: ExpansionSources, folder: string, before: ExpansionCache, after: ExpansionCache) {
    this.sources = sources;
    this.folder = folder;
    this.before = before;
    this.after = after;
  }

  /** The value with everything filled in. The same object as before when there was nothing to fill in or nothing has changed. */
  expandCached(value: unknown, at: readonly (string | number)[]): unknown {
    if (typeof value !== 'object' || value === null) return this.expand(value, at);
    const known = this.before.get(value);
    if (known === null) {
      this.after.set(value, null);
      return value;
    }
    this.filledIn = [];
    const problemsBefore = this.problems.length;
    const expanded = this.expand(value, at);
    if (this.problems.length > problemsBefore) return expanded;
    const filledIn = JSON.stringify(this.filledIn);
    const same = known !== undefined && known.filledIn === filledIn;
    const now = same ? known : expanded === value ? null : { filledIn, value: expanded };
    this.after.set(value, now);
    return now === null ? value : now.value;
  }

  private expand(value: unknown, at: readonly (string | number)[]): unknown {
    if (typeof value === 'string') return value.includes('${') ? this.expandText(value, at) : value;
    if (Array.isArray(value)) {
      const elements = value.map((element, i) => this.expand(element, [...at, i]));
      if (!elements.some((element, i) => element !== value[i])) return value;
      noteWholeTexts(elements, value.entries());
      return elements;
    }
    if (typeof value !== 'object' || value === null) return value;
    const before = Object.entries(value);
    const after = before.map(([key, inner]): [string, unknown] => [key, this.expand(inner, [...at, key])]);
    if (!after.some(([, inner], i) => inner !== before[i]![1])) return value;
    const map = Object.fromEntries(after);
    noteWholeTexts(map, before);
    return map;
  }

  private expandText(text: string, at: readonly (string | number)[]): string {
    return text.replace(
      placeholder,
      (whole, dollar: string, bare: string | undefined, kind: string, rest: string, close: string) => {
        if (bare !== undefined) return this.bareVariable(whole, dollar, bare, at);
        const known = kind === 'env' || kind === 'file';
        if (dollar !== '') return known ? whole.slice(1) : whole;
        const outcome = !known
          ? `there is no \${${kind}:...}; expected \${env:NAME} or \${file:/path}`
          : close === ''
            ? `"\${${kind}:" is not closed by a brace; write "$\${" for a literal "\${"`
            : rest.includes('${')
              ? `another \${...} is inside "\${${kind}:", where only text may be: write the inner one separately`
              : kind === 'env'
                ? this.variable(rest)
                : this.file(rest);
        if (typeof outcome === 'string') {
          this.problems.push({ path: at, message: outcome });
          return whole;
        }
        this.filledIn.push(outcome.value);
        if (outcome.outside && outcome.value !== '') this.sources.secrets.set(outcome.value, whole);
        return outcome.value;
      },
    );
  }

  private bareVariable(whole: string, dollar: string, name: string, at: readonly (string | number)[]): string {
    if (dollar !== '') return whole.slice(1);
    const message = `\${${name}} is not replaced: write \${env:${name}}, or $\${${name}} to keep it as text`;
    this.problems.push({ path: at, message });
    return whole;
  }

  private variable(written: string): { readonly value: string; readonly outside: boolean } | string {
    const defaultAt = written.indexOf(':-');
    const name = defaultAt === -1 ? written : written.slice(0, defaultAt);
    if (!variableName.test(name)) return `expected the name of an environment variable, found ${JSON.stringify(name)}`;
    const value = this.sources.env[name];
    if (value !== undefined && (value !== '' || defaultAt === -1)) return { value, outside: true };
    if (defaultAt !== -1) return { value: written.slice(defaultAt + 2), outside: false };
    return `the environment variable ${name} is not set; \${env:${name}:-default} would give a default`;
  }

  private file(written: string): { readonly value: string; readonly outside: boolean } | string {
    if (written === '') return 'expected the path of a file, found ""';
    const full = path.resolve(this.folder, written);
    let text = this.sources.files.get(full);
    if (text === undefined) {
      text = readValue(full);
      this.sources.files.set(full, text);
    }
    return typeof text === 'string' ? { value: text, outside: true } : text.error;
  }
}

/**
 * Reads a value from a file. Refuses bytes that are not UTF-8, such as a random key: decoding would make a value that is easier to guess.
 */
function readValue(file: string): string | { readonly error: string } {
  const bytes = readBytes(file);
  if (!Buffer.isBuffer(bytes)) return bytes;
  if (isUtf8(bytes)) return textOf(bytes);
  return { error: `${file} is not text in UTF-8: what is not text is written in base64 or hexadecimal digits` };
}

/** The text of a file of at most 1 MiB without the line ends at its end, whatever its encoding. */
export function readSmallFile(file: string): string | { readonly error: string } {
  const bytes = readBytes(file);
  return Buffer.isBuffer(bytes) ? textOf(bytes) : bytes;
}

/** Removes the line ends at the end, because secrets are written with and without one. */
function textOf(bytes: Buffer): string {
  return bytes.toString().replace(/[\r\n]+$/, '');
}

function readBytes(file: string): Buffer | { readonly error: string } {
  try {
    const status = statSync(file);
    if (!status.isFile()) return { error: `${file} is not a file` };
    if (status.size > fileBytesMax) return { error: `${file} is larger than 1 MiB` };
    return readFileSync(file);
  } catch (error) {
    return { error: readFailure(file, error) };
  }
}

/** A message for operators: why a file could not be read. */
export function readFailure(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return `there is no file ${file}`;
  if (code === 'EACCES' || code === 'EPERM') return `${file} may not be read by this user`;
  if (code === 'EISDIR') return `${file} is a folder`;
  return `${file} cannot be read: ${messageOf(error)}`;
}
