// Removes optional white space around a field value: spaces and tabs that are not part of the value (RFC 9110 section 5.6.3).

/**
 * The text without spaces and tabs at its ends. Not `trim`: the text has one character for each byte, and the last UTF-8 byte of
 * `à` (0xa0), read as a character, is white space to JavaScript.
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
