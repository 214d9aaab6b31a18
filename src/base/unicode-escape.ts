// Writes a character that must not appear literally as JSON escapes it. Each caller decides which characters those are.

/** For example `\u000a` for a line feed. `letter` is one UTF-16 code unit. */
export function unicodeEscape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
