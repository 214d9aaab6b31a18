// Cuts a YAML document into its settings, and long lists and maps into their elements, so that only what changed is read
// again. Every cut is at a line where no valid document could be inside a value; whatever is in doubt is not cut.

import type { PieceCache } from './load-cache.ts';
import { notPlain, readPlainYaml } from './plain-yaml.ts';
import { ReadError, readYaml } from './yaml.ts';

type Settings = Record<string, unknown>;

/** Content at the start of a line: a setting begins, or an element of a list that is not indented. */
const lineStarts = /(?:^|\n)(?=[^ \n#])/g;
/** Markers of documents and directives: such a text is read as a whole. */
const marker = /^(?:---|\.\.\.|%)/;
const header = /^[A-Za-z][A-Za-z0-9_]*:(?: +#[^\n]*| *)(?:\n|$)/;
const keyStart = /^[A-Za-z0-9_"']/;
/** A dash that stands alone, behind comments and empty lines. */
const elementStart = /^(?: *(?:#[^\n]*)?\n)* *-(?: |\n|$)/;
const firstContent = /(?:^|\n)( *)([^ \n#])/;

/** The settings, or null when the text is to be read as a whole. `pieces` is what the last version was made of. */
export function readCut(
  written: string,
  before: PieceCache,
): { readonly settings: Settings; readonly pieces: PieceCache } | null {
  // YAML reads a line's end the same way in both spellings. A carriage return alone would be an end that
  // no cut sees, and tabs are white space that is no indent.
  const text = written.includes('\r') ? written.replaceAll('\r\n', '\n') : written;
  if (/[\r\t]/.test(text)) return null;
  const cutter = new Cutter(before);
  const settings: Settings = {};
  const starts = settingStarts(text);
  // Content before the first start is indented deeper than what follows: no valid document, and nobody's section.
  if (starts === null || starts.length === 0 || firstContent.test(text.slice(0, starts[0]))) return null;
  for (const [at, start] of starts.entries()) {
    const section = text.slice(start, starts[at + 1] ?? text.length);
    const values = cutter.section(section);
    if (values === null || !joinInto(settings, values)) return null;
  }
  return { settings, pieces: cutter.pieces };
}

/** Offsets where settings begin; null when there is a marker in the way. */
function settingStarts(text: string): number[] | null {
  const starts: number[] = [];
  for (const { index } of text.matchAll(lineStarts)) {
    const at = text[index] === '\n' ? index + 1 : index;
    const next = text[at];
    if (next === '-' || next === '.' || next === '%') {
      if (marker.test(text.slice(at, at + 3))) return null;
      if (next === '-') continue;
    }
    starts.push(at);
  }
  return starts;
}

class Cutter {
  /** What this version is made of. Keys are texts of this version, so that the old one's can go. */
  readonly pieces: PieceCache = new Map();
  private readonly before: PieceCache;

  constructor(before: PieceCache) {
    this.before = before;
  }

  /** One setting with its value, or null. */
  section(section: string): Settings | null {
    const head = header.exec(section);
    if (head === null) return this.map(section);
    const body = section.slice(head[0].length);
    const first = firstContent.exec(body);
    if (first === null) return this.map(section);
    const key = section.slice(0, section.indexOf(':'));
    const [, indent = '', letter = ''] = first;
    if (letter === '-') {
      const elements: unknown[] = [];
      for (const piece of cutAt(body, new RegExp(`\\n(?= {${indent.length}}- )`, 'g'))) {
        if (!elementStart.test(piece)) return null;
        const values = this.piece(piece);
        if (!Array.isArray(values)) return null;
        for (const value of values) elements.push(value);
      }
      return { [key]: elements };
    }
    if (indent === '' || !keyStart.test(letter)) return this.map(section);
    const entries: Settings = {};
    for (const piece of cutAt(body, new RegExp(`\\n(?= {${indent.length}}[^ #\\n])`, 'g'))) {
      const values = this.map(piece);
      if (values === null || !joinInto(entries, values)) return null;
    }
    return { [key]: entries };
  }

  private map(text: string): Settings | null {
    // Because: `{ a: 1 }` and `---` are documents by themselves, and nothing behind another entry.
    if (!keyStart.test(firstContent.exec(text)?.[2] ?? '')) return null;
    // Because: a merge key takes its entries from another part, or would give way to one.
    if (/^ *(?:<<|\?)/m.test(text)) return null;
    const value = this.piece(text);
    // Because: an object that is no list is a map, and its keys are strings.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : null;
  }

  /** The value of a piece; undefined when it has none of its own. */
  private piece(text: string): unknown {
    let value = this.before.get(text) ?? this.pieces.get(text);
    if (value === undefined) {
      value = readPlainYaml(text);
      if (value === notPlain) {
        const outcome = readYaml(text);
        if (outcome instanceof ReadError || outcome.value === null) return undefined;
        value = outcome.value;
      }
    }
    this.pieces.set(text, value);
    return value;
  }
}

/** The text in pieces; each match of `boundary` is the line end before a piece. */
function cutAt(text: string, boundary: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  // The first element's own line is preceded by a boundary only when comments stand before it.
  const first = firstContent.exec(text);
  const firstAt = first === null ? 0 : first.index + 1;
  for (const { index } of text.matchAll(boundary)) {
    if (index < firstAt) continue;
    pieces.push(text.slice(from, index + 1));
    from = index + 1;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** Adds entries; false when one is there already. */
function joinInto(target: Settings, entries: Settings): boolean {
  for (const [key, value] of Object.entries(entries)) {
    if (Object.hasOwn(target, key) || key === '__proto__') return false;
    target[key] = value;
  }
  return true;
}
