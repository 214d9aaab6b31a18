// Names and values of a query string, decoded (application/x-www-form-urlencoded, WHATWG URL section 5.1).

/** Decoded text. `+` is a space; escapes that are no UTF-8 stay as they were written. */
function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** Name, value, name, value in the order received. A name without `=` has an empty value. */
export function queryPairs(query: string): string[] {
  const pairs: string[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals === -1) pairs.push(decode(part), '');
    else pairs.push(decode(part.slice(0, equals)), decode(part.slice(equals + 1)));
  }
  return pairs;
}
