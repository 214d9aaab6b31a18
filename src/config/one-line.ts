// Makes a message one line of letters that can be seen: documents may hold line ends, codes of terminals and odd spaces.

import { unicodeEscape } from '../base/unicode-escape.ts';

// Because: C0 and C1 controls, DEL, no-break space, marks of direction and joining, separators of lines, and the byte order mark.
const unseen = /[\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff]/g;
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with escapes, as JSON has them, for what could not be seen or would end the line. */
export function onOneLine(text: string): string {
  return text.replace(unseen, letter => short[letter] ?? unicodeEscape(letter));
}
