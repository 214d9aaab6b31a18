// Decodes percent-escapes whose bytes are UTF-8 (RFC 3986 section 2.1, RFC 3629). Text with other escapes stays as it is, and costs no
// exception: callers can write thousands of such escapes into one request.

import { hexValue } from './byte-classes.ts';

/** The decoded text; the text itself when an escape is incomplete or the bytes of its escapes are not UTF-8. */
export function decodeEscapes(text: string): string {
  const first = text.indexOf('%');
  return first === -1 || !isUtf8From(text, first) ? text : decodeURIComponent(text);
}

/** Whether all escapes are complete and together UTF-8; `at` is the index of the first one. */
function isUtf8From(text: string, at: number): boolean {
  for (; at !== -1; at = text.indexOf('%', at)) {
    const lead = byteAt(text, at);
    at += 3;
    if (lead < 0x80) {
      if (lead === -1) return false;
      continue;
    }
    let following = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (following === 0) return false;
    // The second byte of these must not make a longer form than needed, a surrogate, or a number beyond Unicode.
    let least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    for (; following > 0; following--, at += 3) {
      const byte = byteAt(text, at);
      if (byte < least || byte > most) return false;
      least = 0x80;
      most = 0xbf;
    }
  }
  return true;
}

/** The byte that is escaped at `at`; -1 when there is no complete escape. */
function byteAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x25) return -1;
  const high = digitAt(text, at + 1);
  const low = digitAt(text, at + 2);
  return high === 255 || low === 255 ? -1 : high * 16 + low;
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  // Past the end the code is NaN, which is not below either.
  return code < 0x80 ? hexValue[code]! : 255;
}
