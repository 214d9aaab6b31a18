// Where the values and keys of one file stand. When the text was cut into parts, analyses only the part that a path leads into, because
// analysing the whole text costs many times what reading it does.

import { LineIndex } from './line-index.ts';
import { PlaceTree } from './place-tree.ts';

/** A part of a text: a setting, or one element or entry of a setting. Offsets are those in the whole text. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
}

/** The elements of a list, one after the other; see cut-list.ts. */
export interface ElementParts {
  readonly bodyStart: number;
  readonly bounds: Uint32Array;
}

/** One setting of a cut text. `parts` has its elements, or its entries by key; null when the setting was not cut. */
export interface CutSetting extends TextPart {
  readonly parts: ReadonlyMap<string, TextPart> | ElementParts | null;
}

export type CutSettings = ReadonlyMap<string, CutSetting>;

type Path = readonly (string | number)[];

export class SourcePlaces {
  private readonly text: string;
  private readonly settings: CutSettings;
  /** By the offset at which the part starts. */
  private readonly trees = new Map<number, PlaceTree>();
  private whole: PlaceTree | null = null;
  private lines: LineIndex | null = null;

  /** `settings` is empty for a text that was read as a whole. */
  constructor(text: string, settings: CutSettings) {
    this.text = text;
    this.settings = settings;
  }

  /** Offset of what `path` leads to, or else of the nearest value above that exists. `at` applies to the last step. */
  offsetOf(path: Path, at: 'key' | 'value'): number {
    return this.offsetInPart(path, at) ?? this.wholeTree().offsetOf(path, at);
  }

  /** Line and column both count from 1. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    this.lines ??= new LineIndex(this.text);
    return this.lines.placeOf(offset);
  }

  private offsetInPart(path: Path, at: 'key' | 'value'): number | null {
    const [key, step, ...rest] = path;
    const setting = this.settings.get(String(key));
    if (key === undefined || setting === undefined) return null;
    const { parts } = setting;
    if (parts === null) return this.treeOf(setting).offsetOf(path, at) + setting.start;
    const isList = 'bounds' in parts;
    if (step === undefined) {
      if (at === 'key') return setting.start;
      // The list or map starts where its first part does.
      const first = isList ? elementPart(parts, 0) : parts.values().next().value;
      return first === undefined ? null : this.treeOf(first).offsetOf([], 'value') + first.start;
    }
    const part = isList ? elementPart(parts, Number(step)) : parts.get(String(step));
    if (part === undefined) return null;
    return this.treeOf(part).offsetOf([isList ? 0 : step, ...rest], at) + part.start;
  }

  private treeOf({ start, end }: TextPart): PlaceTree {
    let tree = this.trees.get(start);
    if (tree === undefined) {
      tree = new PlaceTree(this.text.slice(start, end));
      this.trees.set(start, tree);
    }
    return tree;
  }

  private wholeTree(): PlaceTree {
    this.whole ??= new PlaceTree(this.text);
    return this.whole;
  }
}

function elementPart({ bodyStart, bounds }: ElementParts, at: number): TextPart | undefined {
  const [start, end] = [bounds[at], bounds[at + 1]];
  return start === undefined || end === undefined ? undefined : { start: bodyStart + start, end: bodyStart + end };
}
