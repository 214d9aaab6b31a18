// Spaces and tabs around a value, which are no part of it (RFC 9110 section 5.6.3).

/**
 * The text without them. Not `trim`: a value is bytes, and the last one of an `à` in UTF-8, as a byte of its own, is a space to JavaScript.
 */
export function trimOptionalWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOptionalWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isOptionalWhitespace(text.charCodeAt(end - 1))) end--;
  return end - start === text.length ? text : text.slice(start, end);
}

function isOptionalWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
