// A letter that must not stand as it is, as JSON escapes it. Which letters those are is each caller's.

/** `\\u000a` for a line end; of one UTF-16 code unit. */
export function unicodeEscape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
