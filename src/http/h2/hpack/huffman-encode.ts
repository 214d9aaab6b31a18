// Encodes text with HPACK's Huffman code (RFC 7541 section 5.2). Costs more than it saves on small heads: used where bytes count.

import { codeLengths, codes } from './huffman-code.ts';

/** Bytes that a latin1 text takes when encoded. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i)]!;
  return (bits + 7) >> 3;
}

/** Writes a latin1 text at `at`; returns the offset after it. There must be room for `huffmanBytes`. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  // At most 7 bits wait between two codes of at most 30: more than the 32 of a bitwise operation, so a number is kept.
  let waiting = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    waiting = waiting * 2 ** codeLengths[octet]! + codes[octet]!;
    bits += codeLengths[octet]!;
    while (bits >= 8) {
      bits -= 8;
      const unit = 2 ** bits;
      target[at++] = Math.floor(waiting / unit);
      waiting %= unit;
    }
  }
  // What is left of the last byte is filled with the beginning of EOS: ones.
  if (bits > 0) target[at++] = (waiting << (8 - bits)) | (0xff >> bits);
  return at;
}
