// The elements of one list in a YAML document, and how they are cut again when the text of a few of them has changed: elements before and
// after the change are reused. What an element means is read elsewhere.

import { rememberChangedRange } from '../../base/changed-range.ts';
import { changedText } from '../../base/changed-text.ts';
import { isAnySampled } from '../../base/list-edits.ts';
import { readPlainList } from './plain-yaml.ts';

/** `bounds` has the offset in `body` at which each element begins, followed by the offset at which the last one ends. */
export interface CutList {
  /** The whole lines below the list's key. */
  readonly body: string;
  /** Number of spaces in front of the dashes. */
  readonly indent: number;
  readonly bounds: Uint32Array<ArrayBuffer>;
  readonly elements: readonly unknown[];
}

/** Returns the value of an element from its text; undefined when the text is not exactly one element. */
export type ReadElement = (text: string) => unknown;

/** The dash of the first element, after any comments and empty lines. */
const elementStart = /^(?: *(?:#[^\n]*)?\n)* *-(?: |\n|$)/;
const firstContent = /(?:^|\n) *[^ \n#]/;

/** Null when a part of the body is not an element by itself. `before` is the same list in the last version. */
export function cutList(body: string, indent: number, before: CutList | undefined, read: ReadElement): CutList | null {
  if (before === undefined || before.indent !== indent) return cutAll(body, indent, read);
  const { from, to } = changedElements(before, body);
  const start = before.bounds[from]!;
  // How far the elements after the change have moved.
  const shift = body.length - before.body.length;
  if (from === to) return { ...before, body };
  // A copy of the text: values read from a slice of `body` would keep the whole of it in memory for as long as they are not changed again.
  const textOfChange = Buffer.from(body.slice(start, before.bounds[to]! + shift)).toString();
  // When all changed elements are new, searching for each of them among the old ones would be wasted.
  const isAnyKept = isAnySampled(from, to, 4, at => textOfChange.includes(textOf(before, at)));
  const changed = isAnyKept
    ? cutEach(textOfChange, indent, withKnown(before, from, to, read))
    : cutAll(textOfChange, indent, read);
  if (changed === null) return null;
  const { elements } = changed;
  const bounds = new Uint32Array(from + elements.length + before.bounds.length - to);
  bounds.set(before.bounds.subarray(0, from));
  for (let at = 0; at < elements.length; at++) bounds[from + at] = start + changed.bounds[at]!;
  const behind = from + elements.length;
  if (shift === 0) bounds.set(before.bounds.subarray(to), behind);
  else for (let at = to; at < before.bounds.length; at++) bounds[behind + at - to] = before.bounds[at]! + shift;
  const all = before.elements.slice(0, from).concat(elements, before.elements.slice(to));
  rememberChangedRange(before.elements, all, { from, toBefore: to, toNow: behind });
  return { body, indent, bounds, elements: all };
}

function textOf({ body, bounds }: CutList, at: number): string {
  return body.slice(bounds[at], bounds[at + 1]);
}

/** How far an element may have moved among the others to be recognised. An element that moved farther is read again. */
const lookAhead = 32;

/** Reuses the value of an element that was there before, and reads any other. Has to be called in the order of the text. */
function withKnown(before: CutList, from: number, to: number, read: ReadElement): ReadElement {
  let next = from;
  return text => {
    const end = Math.min(to, next + lookAhead);
    for (let at = next; at < end; at++) {
      if (textOf(before, at) !== text) continue;
      next = at + 1;
      return before.elements[at];
    }
    return read(text);
  };
}

/** Reads all elements at once when the list is in plain YAML, and otherwise one by one. */
function cutAll(body: string, indent: number, read: ReadElement): CutList | null {
  const plain = readPlainList(body, indent);
  if (plain === null) return cutEach(body, indent, read);
  const { elements, starts } = plain;
  return { body, indent, bounds: Uint32Array.from([...starts, body.length]), elements };
}

function cutEach(body: string, indent: number, read: ReadElement): CutList | null {
  const starts = [0];
  // A boundary precedes the line of the first element only when comments stand before it.
  const firstAt = (firstContent.exec(body)?.index ?? -1) + 1;
  for (const { index } of body.matchAll(new RegExp(`\\n(?= {${indent}}-(?: |\\n|$))`, 'g'))) {
    if (index >= firstAt) starts.push(index + 1);
  }
  const bounds = Uint32Array.from([...starts, body.length]);
  const elements: unknown[] = [];
  for (let at = 0; at < starts.length; at++) {
    const text = body.slice(bounds[at], bounds[at + 1]);
    if (!elementStart.test(text)) return null;
    const value = read(text);
    if (value === undefined) return null;
    elements.push(value);
  }
  return { body, indent, bounds, elements };
}

/**
 * The elements of `before` that have to be cut again, `to` excluded. Whether an element begins at a line depends on that line and on the
 * end of the line before. So the element in front of the change is cut again as well, and behind it only a line that is whole in both
 * texts is taken for a start.
 */
function changedElements({ body, bounds }: CutList, now: string): { from: number; to: number } {
  const { from, toBefore, toNow } = changedText(body, now);
  if (from === toBefore && from === toNow) return { from: 0, to: 0 };
  const last = bounds.length - 1;
  return {
    from: Math.max(0, firstAbove(bounds, from) - 2),
    to: Math.min(last, firstAbove(bounds, toBefore)),
  };
}

/** Index of the first number above `limit`; the length when there is none. `sorted` is ascending. */
function firstAbove(sorted: Uint32Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
