// Where the settings of a YAML document begin. Of a text that changed only the lines around the change are looked at. What stands
// in a setting is read elsewhere.

import { changedText } from '../base/changed-text.ts';

/** A text with the offsets at which its settings begin. */
export interface SettingStarts {
  readonly text: string;
  readonly starts: readonly number[];
}

/** Content at the start of a line: a setting begins, or an element of a list that is not indented. */
const lineStarts = /(?:^|\n)(?=[^ \n#])/g;
/** Markers of documents and directives: such a text is read as a whole. */
const marker = /^(?:---|\.\.\.|%)/;
/** What is looked at from a line's start on. */
const markerLength = 3;

/** Null when there is a marker in the way. `before` is what was found in the last version. */
export function settingStarts(text: string, before: SettingStarts | null): readonly number[] | null {
  if (before === null) return startsBetween(text, 0, text.length);
  const { from, toBefore, toNow } = changedText(before.text, text);
  // Lines that begin in front of this one are whole in both texts as far as they are looked at.
  const first = from > markerLength ? text.lastIndexOf('\n', from - markerLength - 1) + 1 : 0;
  // From here on, so is the end of the line before.
  const last = Math.min(text.length, toNow + 1);
  const changed = startsBetween(text, first, last);
  if (changed === null) return null;
  const shift = toNow - toBefore;
  const behind = before.starts.filter(start => start > toBefore).map(start => start + shift);
  return [...before.starts.filter(start => start < first), ...changed, ...behind];
}

/** `from` is the start of a line. */
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
