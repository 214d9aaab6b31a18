// Parses IP addresses from text to numbers, strictly: one spelling of IPv4, every spelling of RFC 4291 for IPv6. Writes them in one
// spelling each. Resolves no names.

/**
 * An IPv4 address as a number from 0 to 2^32 - 1, or -1 when `text[start, end)` is not an IPv4 address. Exactly four decimal parts without
 * leading zeros: some readers take `010.0.0.1` as octal, others as decimal, so it is rejected here (RFC 6943 section 3.1.1).
 */
export function parseIpv4(text: string, start = 0, end = text.length): number {
  if (end - start > 15) return -1;
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || dots === 3) return -1;
      address = address * 256 + part;
      part = 0;
      digits = 0;
      dots++;
      continue;
    }
    const digit = code - 0x30;
    if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return -1;
    part = part * 10 + digit;
    digits++;
    if (part > 255) return -1;
  }
  return dots === 3 && digits > 0 ? address * 256 + part : -1;
}

/** How many 32-bit numbers represent an IPv6 address, most significant first. */
export const IPV6_WORDS = 4;

// The 16-bit groups of the address being parsed. Parsing is synchronous, so one scratch array serves every caller.
const groups = new Uint16Array(8);

/**
 * Parses an IPv6 address (RFC 4291 section 2.2, without a zone) into `words`. Returns false, with `words` unchanged, for any other text.
 */
export function parseIpv6(text: string, words: Uint32Array): boolean {
  const end = text.length;
  if (end < 2 || end > 45) return false;
  let count = 0;
  let gapAt = -1;
  let i = 0;
  if (text.charCodeAt(0) === 0x3a) {
    if (text.charCodeAt(1) !== 0x3a) return false;
    gapAt = 0;
    i = 2;
  }
  while (i < end) {
    if (count === 8) return false;
    const start = i;
    let group = 0;
    for (; i < end; i++) {
      const digit = hexDigit(text.charCodeAt(i));
      if (digit === -1) break;
      group = group * 16 + digit;
    }
    if (i < end && text.charCodeAt(i) === 0x2e) {
      const tail = parseIpv4(text, start, end);
      if (tail === -1 || count > 6) return false;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      break;
    }
    if (i === start || i - start > 4) return false;
    groups[count++] = group;
    if (i === end) break;
    if (text.charCodeAt(i) !== 0x3a || ++i === end) return false;
    if (text.charCodeAt(i) !== 0x3a) continue;
    if (gapAt !== -1) return false;
    gapAt = count;
    i++;
  }
  if (gapAt === -1 ? count !== 8 : count > 7) return false;
  spread(count, gapAt === -1 ? count : gapAt, words);
  return true;
}

/** As `parseIpv6`, for the address of a peer, which may name the interface that leads to it: `fe80::1%eth0` (RFC 4007 section 11). */
export function parseZonedIpv6(text: string, words: Uint32Array): boolean {
  const zoneAt = text.indexOf('%');
  return parseIpv6(zoneAt === -1 ? text : text.slice(0, zoneAt), words);
}

/** The IPv4 address within an IPv6 address of the block `::ffff:0:0/96`; -1 for any other IPv6 address. */
export function mappedIpv4(words: Uint32Array): number {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? words[3]! : -1;
}

/** Distributes `count` groups over the eight places of an address, with zeros for the `::` that stood before group `gapAt`. */
function spread(count: number, gapAt: number, words: Uint32Array): void {
  words.fill(0);
  for (let i = 0; i < count; i++) {
    const place = i < gapAt ? i : 8 - count + i;
    words[place >> 1]! |= (place & 1) === 0 ? groups[i]! << 16 : groups[i]!;
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const read = new Uint32Array(IPV6_WORDS);

/** An IPv6 address in the spelling of `ipv6Text`; null when the text is none. */
export function canonicalIpv6(text: string): string | null {
  return parseIpv6(text, read) ? ipv6Text(read) : null;
}

/** Whether a text is an IPv4 or IPv6 address, without a zone, brackets or a port. */
export function isIpAddress(text: string): boolean {
  return parseIpv4(text) !== -1 || parseIpv6(text, new Uint32Array(IPV6_WORDS));
}

/** An address as dotted decimal text. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/**
 * An address in the one text in which clients are compared, counted and logged: RFC 5952 section 4 for IPv6, and dotted decimal for an
 * IPv4 address mapped into IPv6.
 */
export function ipv6Text(words: Uint32Array): string {
  const mapped = mappedIpv4(words);
  if (mapped !== -1) return ipv4Text(mapped);
  // The longest run of zero groups becomes `::`: the first of equally long ones, and never a single group.
  let runAt = -1;
  let runLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groupOf(words, end) === 0) end++;
    if (end - start > runLength) {
      runAt = start;
      runLength = end - start;
    }
    start = end;
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === runAt) {
      text += '::';
      i += runLength - 1;
      continue;
    }
    if (i > 0 && !text.endsWith(':')) text += ':';
    text += groupOf(words, i).toString(16);
  }
  return text;
}

function groupOf(words: Uint32Array, place: number): number {
  const word = words[place >> 1]!;
  return (place & 1) === 0 ? word >>> 16 : word & 0xffff;
}
