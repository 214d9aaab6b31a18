// base64url without padding (RFC 7515 section 2), strictly: one text for one value. Node's own decoder passes over what it does not know.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The six bits of a letter; 255 for letters outside the alphabet. */
const bits = new Uint8Array(128).fill(255);
for (let i = 0; i < alphabet.length; i++) bits[alphabet.charCodeAt(i)] = i;

/** Bits of the last letter that say nothing, by length modulo 4; a length of 1 modulo 4 is none at all. */
const unusedBits = [0, 0x3f, 0x0f, 0x03];

/** Whether `text[start, end)` is base64url of whole bytes with all unused bits 0. */
export function isBase64url(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || bits[code] === 255) return false;
  }
  const rest = (end - start) & 3;
  return rest === 0 || (rest !== 1 && (bits[text.charCodeAt(end - 1)] & unusedBits[rest]) === 0);
}

/** The bytes, or null for what is not base64url. */
export function decodeBase64url(text: string): Buffer | null {
  return isBase64url(text, 0, text.length) ? Buffer.from(text, 'base64url') : null;
}
