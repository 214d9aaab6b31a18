// base64url without padding (RFC 7515 section 2), strictly: one text for one value. Node's own decoder passes over what it does not know.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The six bits of a letter. */
const bits = new Uint8Array(128);
for (let i = 0; i < alphabet.length; i++) bits[alphabet.charCodeAt(i)] = i;

/** Bits of the last letter that say nothing, by length modulo 4; a length of 1 modulo 4 is none at all. */
const unusedBits = [0, 0x3f, 0x0f, 0x03];

/**
 * The bytes, or null for what is not base64url of whole bytes with all unused bits 0. Node's decoder skips what is outside both
 * alphabets, and then gives fewer bytes than the length says; the two letters that only the other alphabet has are looked for.
 */
export function decodeBase64url(text: string): Buffer | null {
  const { length } = text;
  const rest = length & 3;
  if (rest === 1 || text.includes('+') || text.includes('/')) return null;
  // Because: of a letter beyond latin1 the decoder may see the lower byte alone.
  if (Buffer.byteLength(text) !== length) return null;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== (length * 3) >> 2) return null;
  return rest === 0 || (bits[text.charCodeAt(length - 1)] & unusedBits[rest]) === 0 ? bytes : null;
}
