// Reads parameters out of a query string (WHATWG URL section 5.1). Changes none.

/** Value of the first parameter with this name, decoded; undefined when there is none. `query` without the question mark. */
export function queryValue(query: string, name: string): string | undefined {
  let at = 0;
  while (at <= query.length && query !== '') {
    let end = query.indexOf('&', at);
    if (end === -1) end = query.length;
    const equals = query.indexOf('=', at);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (decodeQueryText(query.slice(at, nameEnd)) === name)
      return nameEnd === end ? '' : decodeQueryText(query.slice(nameEnd + 1, end));
    at = end + 1;
  }
  return undefined;
}

/** Decodes `+` and percent-escapes; what is no valid escape or no UTF-8 stays as it is. */
export function decodeQueryText(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
