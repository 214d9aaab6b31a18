// Encodes text with HPACK's Huffman code (RFC 7541 section 5.2). Costs more than it saves on small heads; used only where size matters.

import { codeLengths, codes } from './huffman-code.ts';

/** Size in bytes of a latin1 text when encoded. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i)]!;
  return (bits + 7) >> 3;
}

/** Writes an encoded latin1 text at `at`; returns the offset after it. `target` must have room for `huffmanBytes`. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  // Up to 7 waiting bits and a code of up to 30 exceed the 32 bits of bitwise operations, so `waiting` uses plain arithmetic.
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
  // The rest of the last byte is padded with the first bits of EOS, which are ones.
  if (bits > 0) target[at++] = (waiting << (8 - bits)) | (0xff >> bits);
  return at;
}
