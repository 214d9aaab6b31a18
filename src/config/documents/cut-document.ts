// Cuts a YAML document into its settings, and long lists and maps into their elements, so that only what changed is parsed again. Cuts
// only at lines where a valid document cannot be inside a value, and does not cut when in doubt.

import type { PieceCache } from '../load-cache.ts';
import { type CutList, cutList } from './cut-list.ts';
import { notPlain, readPlainYaml } from './plain-yaml.ts';
import { settingStarts } from './setting-starts.ts';
import type { CutSetting, CutSettings, TextPart } from './source-places.ts';
import { ReadError, readYaml } from './yaml.ts';

type Settings = Record<string, unknown>;

const settingLine = /^[A-Za-z][A-Za-z0-9_]*:(?: +#[^\n]*| *)(?:\n|$)/;
const keyStart = /^[A-Za-z0-9_"']/;
const firstContent = /(?:^|\n)( *)([^ \n#])/;

export interface CutDocument {
  readonly settings: Readonly<Settings>;
  /** The cache for reading the next version. */
  readonly pieces: PieceCache;
  /** Where settings and their parts stand in the text; empty when the text that was cut is not exactly the one that was written. */
  readonly places: CutSettings;
}

/** Null when the text has to be parsed as a whole. `before` is the cache of the last version. */
export function readCut(written: string, before: PieceCache): CutDocument | null {
  // YAML reads a line feed with and without a carriage return alike. A carriage return alone would be a line end that no cut recognises,
  // and a tab is white space that is not indentation.
  const text = written.includes('\r') ? written.replaceAll('\r\n', '\n') : written;
  if (text.includes('\r') || text.includes('\t')) return null;
  const starts = settingStarts(text, before.starts);
  // Content before the first start is indented deeper than what follows: the document is not valid, and the content belongs to no section.
  if (starts === null || starts.length === 0 || firstContent.test(text.slice(0, starts[0]))) return null;
  const cutter = new Cutter(text, before);
  for (const [at, start] of starts.entries()) {
    if (!cutter.section({ start, end: starts[at + 1] ?? text.length })) return null;
  }
  const { settings, byText, lists, places } = cutter;
  return {
    settings,
    pieces: { byText, lists, starts: { text, starts } },
    places: text === written ? places : new Map(),
  };
}

class Cutter {
  readonly settings: Settings = {};
  /** The pieces of this version by their text. The keys are cut from this version's text, so that the old version's text can be freed. */
  readonly byText = new Map<string, unknown>();
  readonly lists = new Map<string, CutList>();
  readonly places = new Map<string, CutSetting>();
  private readonly text: string;
  private readonly before: PieceCache;

  constructor(text: string, before: PieceCache) {
    this.text = text;
    this.before = before;
  }

  /** Adds one setting with its value; false when the value cannot be determined from this part of the text. */
  section({ start, end }: TextPart): boolean {
    const section = this.text.slice(start, end);
    const head = settingLine.exec(section);
    if (head === null) return this.wholeSection(section, start);
    const body = section.slice(head[0].length);
    const first = firstContent.exec(body);
    if (first === null) return this.wholeSection(section, start);
    const key = section.slice(0, section.indexOf(':'));
    const [, indent = '', letter = ''] = first;
    const bodyStart = start + head[0].length;
    if (letter === '-') {
      const list = cutList(body, indent.length, this.before.lists.get(key), text => this.element(text));
      if (list === null) return false;
      this.lists.set(key, list);
      return this.add({ [key]: list.elements }, { start, end, parts: { bodyStart, bounds: list.bounds } });
    }
    if (indent === '' || !keyStart.test(letter)) return this.wholeSection(section, start);
    const parts = cutAt(body, new RegExp(`\\n(?= {${indent.length}}[^ #\\n])`, 'g'), bodyStart);
    return this.entries(key, parts, { start, end });
  }

  private wholeSection(section: string, start: number): boolean {
    const values = this.map(section);
    return values !== null && this.add(values, { start, end: start + section.length, parts: null });
  }

  private element(text: string): unknown {
    const values = this.read(text);
    return Array.isArray(values) && values.length === 1 ? values[0] : undefined;
  }

  private entries(key: string, parts: readonly TextPart[], section: TextPart): boolean {
    const entries: Settings = {};
    const byKey = new Map<string, TextPart>();
    for (const part of parts) {
      const values = this.map(this.text.slice(part.start, part.end));
      if (values === null || !joinInto(entries, values)) return false;
      for (const name of Object.keys(values)) byKey.set(name, part);
    }
    return this.add({ [key]: entries }, { ...section, parts: byKey });
  }

  private add(values: Settings, place: CutSetting): boolean {
    for (const key of Object.keys(values)) this.places.set(key, place);
    return joinInto(this.settings, values);
  }

  private map(text: string): Settings | null {
    // Because: `{ a: 1 }` and `---` are documents by themselves but not valid after another entry, and what `<<` gives depends on the
    // entries around it.
    if (!keyStart.test(firstContent.exec(text)?.[2] ?? '')) return null;
    const value = this.piece(text);
    // Because: an object that is not a list is a map, and its keys are strings.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : null;
  }

  /** The value of a piece of text; undefined when the piece is not a document with a value by itself. */
  private piece(text: string): unknown {
    const value = this.before.byText.get(text) ?? this.byText.get(text) ?? this.read(text);
    if (value !== undefined) this.byText.set(text, value);
    return value;
  }

  private read(text: string): unknown {
    const plain = readPlainYaml(text);
    if (plain !== notPlain) return plain;
    const outcome = readYaml(text);
    return outcome instanceof ReadError || outcome.value === null ? undefined : outcome.value;
  }
}

/**
 * Splits the body into parts; each match of `boundary` is the line end before a part. `bodyStart` is the offset of the body in the text.
 */
function cutAt(body: string, boundary: RegExp, bodyStart: number): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  // A boundary precedes the line of the first element only when comments stand before it.
  const first = firstContent.exec(body);
  const firstAt = first === null ? 0 : first.index + 1;
  for (const { index } of body.matchAll(boundary)) {
    if (index < firstAt) continue;
    parts.push({ start: bodyStart + from, end: bodyStart + index + 1 });
    from = index + 1;
  }
  parts.push({ start: bodyStart + from, end: bodyStart + body.length });
  return parts;
}

/** Adds entries to `target`; false when a key exists there already or is `__proto__`. */
function joinInto(target: Settings, entries: Settings): boolean {
  for (const [key, value] of Object.entries(entries)) {
    if (Object.hasOwn(target, key) || key === '__proto__') return false;
    target[key] = value;
  }
  return true;
}
