// Makes a message one line of visible characters: documents may contain line ends, control codes of terminals and unusual spaces.

import { unicodeEscape } from '../../base/unicode-escape.ts';

// Because: C0 and C1 controls, DEL, no-break space, marks of direction and joining, line separators, and the byte order mark.
const unseen = /[\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff]/g;
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with JSON escapes in place of invisible characters and line ends. */
export function onOneLine(text: string): string {
  return text.replace(unseen, letter => short[letter] ?? unicodeEscape(letter));
}
