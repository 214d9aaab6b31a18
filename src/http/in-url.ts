// Received text in the URL of a response, such as a Location. Bytes that are allowed there stay as they are.

/** Percent-encodes bytes that are not allowed in a header value or that would end the part of the URL in which they stand. */
export function inUrl(text: string): string {
  return text.replace(/[^\x21-\x7e]|["#<>\\^`{|}]/g, letter => {
    const byte = letter.charCodeAt(0) & 255;
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
