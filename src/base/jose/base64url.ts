// base64url without padding (RFC 7515 section 2), strictly: one text for one value. Node's own decoder ignores unknown characters.

import { isUtf8 } from 'node:buffer';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The six bits of a letter. */
const bits = new Uint8Array(128);
for (let i = 0; i < alphabet.length; i++) bits[alphabet.charCodeAt(i)] = i;

/** Unused bits of the last letter, by length modulo 4; a length of 1 modulo 4 does not exist. */
const unusedBits = [0, 0x3f, 0x0f, 0x03];

/** What every Node Buffer has and its published types leave out: conversions without the argument checks of `write` and `toString`. */
interface Conversions {
  base64urlWrite(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Room for bytes on their way to be a text; longer ones get a buffer of their own. */
const textRoom = Buffer.allocUnsafeSlow(8_192);
/** Room for bytes that are borrowed, and windows upon its beginning by length: signatures have few lengths. */
const room = Buffer.allocUnsafeSlow(1_024);
const windows: (Buffer | undefined)[] = [];

/**
 * The bytes, or null for what is not base64url of whole bytes with all unused bits 0. Node's decoder skips what is outside both
 * alphabets, and then gives fewer bytes than the length says.
 */
export function decodeBase64url(text: string): Buffer | null {
  const length = hasForeignLetters(text) ? -1 : decodedLength(text);
  if (length === -1) return null;
  const bytes = Buffer.allocUnsafe(length);
  return decodeInto(bytes, text, length) ? bytes : null;
}

/**
 * Whether a text has letters that Node's decoder confuses with others: it reads the two of the other alphabet, and of letters beyond
 * latin1 only the lower byte. Once checked for a whole token, it need not be checked for its parts.
 */
export function hasForeignLetters(text: string): boolean {
  return text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length;
}

/** The bytes of a text without foreign letters, valid until the next call: they are in a shared buffer. */
export function borrowBase64url(text: string): Buffer | null {
  const length = decodedLength(text);
  if (length > room.length) return decodeBase64url(text);
  if (length === -1 || !decodeInto(room, text, length)) return null;
  return (windows[length] ??= room.subarray(0, length));
}

/** The bytes of a text without foreign letters as UTF-8, or null if they are not UTF-8. */
export function decodeBase64urlText(text: string): string | null {
  const length = decodedLength(text);
  if (length === -1) return null;
  const bytes = length > textRoom.length ? Buffer.allocUnsafe(length) : textRoom;
  if (!decodeInto(bytes, text, length)) return null;
  // Because: the cast names a method that Buffer has had since Node 0.x; the tests would fail without it.
  const decoded = (bytes as unknown as Conversions).utf8Slice(0, length);
  // What is not UTF-8 becomes U+FFFD, and hardly anybody means that letter: most texts need no look at their bytes.
  return decoded.includes('\ufffd') && !isUtf8(bytes.subarray(0, length)) ? null : decoded;
}

/** How many bytes a text of this length encodes; -1 if they are not whole bytes, or unused bits are not 0. */
function decodedLength(text: string): number {
  const { length } = text;
  const rest = length & 3;
  if (rest === 1 || (bits[text.charCodeAt(length - 1)]! & unusedBits[rest]!) !== 0) return -1;
  return (length * 3) >> 2;
}

function decodeInto(bytes: Buffer, text: string, length: number): boolean {
  // Because: as above; it skips what is in neither alphabet, and gives fewer bytes then.
  return (bytes as unknown as Conversions).base64urlWrite(text, 0, bytes.length) === length;
}
