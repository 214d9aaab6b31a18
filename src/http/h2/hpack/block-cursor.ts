// Reads the two primitives of HPACK (RFC 7541 section 5): integers and strings. Its results are negative if the input is malformed.

import { latin1 } from '../../../base/latin1.ts';
import { decodedBytesMax, huffmanDecode } from './huffman-decode.ts';

/** Larger numbers are refused: no length, index or table size comes near it. */
const INTEGER_MAX = 0x0fffffff;

/** Room for one decoded string; grows to the largest that was met, which blocks' own limit bounds. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** One a thread serves: a block is decoded in one go. */
export class BlockCursor {
  bytes: Buffer;
  at: number;
  end: number;

  constructor() {
    this.bytes = scratch;
    this.at = 0;
    this.end = 0;
  }

  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** The integer that begins in the lower `prefixBits` of the byte here; -1 when it is cut off or too large. */
  integer(prefixBits: number): number {
    const { bytes, end } = this;
    if (this.at >= end) return -1;
    const full = (1 << prefixBits) - 1;
    let value = bytes[this.at++]! & full;
    if (value < full) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.at >= end) return -1;
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (value > INTEGER_MAX) return -1;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** The string that begins here, or null. */
  string(): string | null {
    if (this.at >= this.end) return null;
    const huffman = (this.bytes[this.at]! & 0x80) !== 0;
    const length = this.integer(7);
    if (length < 0 || length > this.end - this.at) return null;
    const start = this.at;
    this.at += length;
    if (!huffman) return length === 0 ? '' : latin1(this.bytes, start, this.at);
    const room = decodedBytesMax(length);
    if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room * 2);
    const decoded = huffmanDecode(this.bytes, start, this.at, scratch);
    return decoded < 0 ? null : decoded === 0 ? '' : latin1(scratch, 0, decoded);
  }
}
