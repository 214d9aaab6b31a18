// Finds where the settings of a YAML document begin. When a text has changed, only the lines around the change are examined. What a
// setting contains is read elsewhere.

import { changedText } from '../../base/changed-text.ts';

/** A text with the offsets at which its settings begin. */
export interface SettingStarts {
  readonly text: string;
  readonly starts: readonly number[];
}

/** Content at the start of a line, where a setting begins or an element of a list that is not indented. */
const lineStarts = /(?:^|\n)(?=[^ \n#])/g;
/** Markers of documents and directives. A text with one of them is read as a whole. */
const marker = /^(?:---|\.\.\.|%)/;
/** Number of characters that are examined from the start of a line. */
const markerLength = 3;

/** Null when the text has a marker. `before` is the result for the last version. */
export function settingStarts(text: string, before: SettingStarts | null): readonly number[] | null {
  if (before === null) return startsBetween(text, 0, text.length);
  const { from, toBefore, toNow } = changedText(before.text, text);
  // Lines that begin in front of this one are the same in both texts as far as they are examined.
  const first = from > markerLength ? text.lastIndexOf('\n', from - markerLength - 1) + 1 : 0;
  // From here on, the end of the line before is the same as well.
  const last = Math.min(text.length, toNow + 1);
  const changed = startsBetween(text, first, last);
  if (changed === null) return null;
  const shift = toNow - toBefore;
  const behind = before.starts.filter(start => start > toBefore).map(start => start + shift);
  return [...before.starts.filter(start => start < first), ...changed, ...behind];
}

/** `from` has to be the start of a line. */
function startsBetween(text: string, from: number, to: number): number[] | null {
  const starts: number[] = [];
  const part = text.slice(from, to);
  for (const { index } of part.matchAll(lineStarts)) {
    const at = from + (part[index] === '\n' ? index + 1 : index);
    const next = text[at];
    if (next === '-' || next === '.' || next === '%') {
      if (marker.test(text.slice(at, at + markerLength))) return null;
      if (next === '-') continue;
    }
    starts.push(at);
  }
  return starts;
}
