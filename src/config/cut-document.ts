// Cuts a YAML document into its settings, and long lists and maps into their elements, so that only what changed is read
// again. Every cut is at a line where no valid document could be inside a value; whatever is in doubt is not cut.

import { type CutList, cutList } from './cut-list.ts';
import type { PieceCache } from './load-cache.ts';
import { notPlain, readPlainYaml } from './plain-yaml.ts';
import { settingStarts } from './setting-starts.ts';
import type { CutSetting, CutSettings, TextPart } from './source-places.ts';
import { ReadError, readYaml } from './yaml.ts';

type Settings = Record<string, unknown>;

const header = /^[A-Za-z][A-Za-z0-9_]*:(?: +#[^\n]*| *)(?:\n|$)/;
const keyStart = /^[A-Za-z0-9_"']/;
const firstContent = /(?:^|\n)( *)([^ \n#])/;

export interface CutDocument {
  readonly settings: Readonly<Settings>;
  /** For the next version. */
  readonly pieces: PieceCache;
  /** Where settings and their parts stand in the text; empty when the cut text is not quite the one that was written. */
  readonly places: CutSettings;
}

/** Null when the text is to be read as a whole. `before` is what the last version was made of. */
export function readCut(written: string, before: PieceCache): CutDocument | null {
  // YAML reads a line's end the same way in both spellings. A carriage return alone would be an end that
  // no cut sees, and tabs are white space that is no indent.
  const text = written.includes('\r') ? written.replaceAll('\r\n', '\n') : written;
  if (text.includes('\r') || text.includes('\t')) return null;
  const starts = settingStarts(text, before.starts);
  // Content before the first start is indented deeper than what follows: no valid document, and nobody's section.
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
  /** What this version is made of. Texts are this version's, so that the old one's can go. */
  readonly byText = new Map<string, unknown>();
  readonly lists = new Map<string, CutList>();
  readonly places = new Map<string, CutSetting>();
  private readonly text: string;
  private readonly before: PieceCache;

  constructor(text: string, before: PieceCache) {
    this.text = text;
    this.before = before;
  }

  /** Adds one setting with its value; false when it cannot be told what it is. */
  section({ start, end }: TextPart): boolean {
    const section = this.text.slice(start, end);
    const head = header.exec(section);
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
    // Because: `{ a: 1 }` and `---` are documents by themselves and nothing behind another entry, and what `<<` gives
    // depends on the entries around it.
    if (!keyStart.test(firstContent.exec(text)?.[2] ?? '')) return null;
    const value = this.piece(text);
    // Because: an object that is no list is a map, and its keys are strings.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : null;
  }

  /** The value of a piece; undefined when it has none of its own. */
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

/** The body in parts; each match of `boundary` is the line end before a part. `bodyStart` is where it stands in the text. */
function cutAt(body: string, boundary: RegExp, bodyStart: number): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  // The first element's own line is preceded by a boundary only when comments stand before it.
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

/** Adds entries; false when one is there already. */
function joinInto(target: Settings, entries: Settings): boolean {
  for (const [key, value] of Object.entries(entries)) {
    if (Object.hasOwn(target, key) || key === '__proto__') return false;
    target[key] = value;
  }
  return true;
}
