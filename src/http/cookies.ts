// Reads the Cookie header (RFC 6265 section 4.2.1). Sets none.

/** Value of the first cookie with this name in a Cookie header's text, without its quotes; undefined when there is none. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  let at = 0;
  while (at < header.length) {
    let end = header.indexOf(';', at);
    if (end === -1) end = header.length;
    while (header.charCodeAt(at) === 0x20 || header.charCodeAt(at) === 0x09) at++;
    if (header.startsWith(name, at) && header.charCodeAt(at + name.length) === 0x3d) {
      const value = header.slice(at + name.length + 1, end).trim();
      return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
    }
    at = end + 1;
  }
  return undefined;
}
