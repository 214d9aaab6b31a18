// Writes strings of bytes as JSON strings, for log lines. Not a serialiser: one string in, one literal out.

import { unicodeEscape } from '../base/unicode-escape.ts';

const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
const escapedEach = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

/**
 * A JSON string literal, quotes included, of ASCII only: everything outside printable ASCII is escaped. So bytes that a client sent
 * (latin1, any encoding or none) can break neither the line nor the file's encoding.
 */
export function jsonString(text: string): string {
  return needsEscape.test(text) ? `"${text.replace(escapedEach, escapeOf)}"` : `"${text}"`;
}

function escapeOf(letter: string): string {
  return shortEscapes[letter] ?? unicodeEscape(letter);
}
