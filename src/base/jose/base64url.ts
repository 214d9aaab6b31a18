// Decodes base64url without padding (RFC 7515 section 2), strictly: one text per value. Node's own decoder ignores unknown characters.

import { isUtf8 } from 'node:buffer';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The six bits that each character of the alphabet encodes, by character code. */
const bits = new Uint8Array(128);
for (let i = 0; i < alphabet.length; i++) bits[alphabet.charCodeAt(i)] = i;

/** Mask of the unused bits in the last character, by length modulo 4. A length of 1 modulo 4 is impossible. */
const unusedBits = [0, 0x3f, 0x0f, 0x03];

/** Methods that every Node Buffer has and the published types omit: conversions without the argument checks of `write` and `toString`. */
interface Conversions {
  base64urlWrite(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Scratch buffer for bytes that become a text; longer texts get a buffer of their own. */
const textRoom = Buffer.allocUnsafeSlow(8_192);
/** Scratch buffer for borrowed bytes, and cached views of its start by length: signatures have only a few lengths. */
const scratch = Buffer.allocUnsafeSlow(1_024);
const windows: (Buffer | undefined)[] = [];

/**
 * The decoded bytes, or null when the text is not base64url of whole bytes with all unused bits 0. Node's decoder skips characters outside
 * both of its alphabets, and then returns fewer bytes than the length implies, which is how such texts are detected.
 */
export function decodeBase64url(text: string): Buffer | null {
  const length = hasForeignLetters(text) ? -1 : decodedLength(text);
  if (length === -1) return null;
  const bytes = Buffer.allocUnsafe(length);
  return decodeInto(bytes, text, length) ? bytes : null;
}

/**
 * Whether a text has characters that Node's decoder takes for others: it also accepts the two of the standard alphabet (`+` and `/`), and
 * reads only the lower byte of characters beyond Latin-1. A check of a whole token covers its parts.
 */
export function hasForeignLetters(text: string): boolean {
  return text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length;
}

/**
 * The decoded bytes of a text without foreign letters, or null when the text is malformed. They may be in a shared buffer: valid until the
 * next call.
 */
export function borrowBase64url(text: string): Buffer | null {
  const length = decodedLength(text);
  if (length > scratch.length) return decodeBase64url(text);
  if (length === -1 || !decodeInto(scratch, text, length)) return null;
  return (windows[length] ??= scratch.subarray(0, length));
}

/** The decoded bytes of a text without foreign letters, read as UTF-8. Null when the text is malformed or the bytes are not UTF-8. */
export function decodeBase64urlText(text: string): string | null {
  const length = decodedLength(text);
  if (length === -1) return null;
  const bytes = length > textRoom.length ? Buffer.allocUnsafe(length) : textRoom;
  if (!decodeInto(bytes, text, length)) return null;
  // Because: the cast names a method that Buffer has had since Node 0.x; the tests would fail without it.
  const decoded = (bytes as unknown as Conversions).utf8Slice(0, length);
  // Invalid UTF-8 becomes U+FFFD, which hardly any text contains on purpose, so most texts need no check of their bytes.
  return decoded.includes('\ufffd') && !isUtf8(bytes.subarray(0, length)) ? null : decoded;
}

/** How many bytes a text encodes; -1 when its length is not one of whole bytes, or its unused bits are not 0. */
function decodedLength(text: string): number {
  const { length } = text;
  const rest = length & 3;
  if (rest === 1 || (bits[text.charCodeAt(length - 1)]! & unusedBits[rest]!) !== 0) return -1;
  return (length * 3) >> 2;
}

function decodeInto(bytes: Buffer, text: string, length: number): boolean {
  // Because: as above; base64urlWrite skips characters outside both alphabets, and then writes fewer bytes.
  return (bytes as unknown as Conversions).base64urlWrite(text, 0, bytes.length) === length;
}
