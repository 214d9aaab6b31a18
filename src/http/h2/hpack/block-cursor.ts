// Reads the two primitives of HPACK (RFC 7541 section 5): integers and strings. Malformed input gives -1 or null.

import { latin1 } from '../../../base/latin1.ts';
import { decodedBytesMax, huffmanDecode } from './huffman-decode.ts';

/** Larger integers are refused: no real length, index or table size comes near this. */
const INTEGER_MAX = 0x0fffffff;

/** Buffer for one decoded string. It grows with the largest string so far, which the limit on block sizes bounds. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** One object per thread is enough: a block is decoded in one go. */
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

  /** Reads the integer that begins in the lower `prefixBits` of the current byte; -1 when it is cut off or too large. */
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

  /** Reads the string that begins at the current byte, as latin1; null when it is malformed. */
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
