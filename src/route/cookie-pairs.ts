// Names and values of a Cookie header, read strictly (RFC 6265 section 4.2.1): what is outside the grammar is no cookie.

const name = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const value = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** Name, value, name, value in the order received; a value in double quotes is given without them. */
export function cookiePairs(header: string): string[] {
  const pairs: string[] = [];
  for (const part of header.split(';')) {
    const pair = part.replace(/^[ \t]+|[ \t]+$/g, '');
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    let text = pair.slice(equals + 1);
    if (text.length >= 2 && text.startsWith('"') && text.endsWith('"')) text = text.slice(1, -1);
    if (name.test(pair.slice(0, equals)) && value.test(text)) pairs.push(pair.slice(0, equals), text);
  }
  return pairs;
}
