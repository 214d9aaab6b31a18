// Encodes header blocks (RFC 7541 section 6) into one growing buffer, without a dynamic table. Knows the encoding, not the content.

import { writeLatin1 } from '../../../base/latin1.ts';
import { huffmanBytes, huffmanEncode } from './huffman-encode.ts';
import { credentialIndexes, NEVER_INDEXED, WITHOUT_INDEXING } from './never-indexed.ts';
import { STATIC_COUNT, staticIndex, staticNameIndex } from './static-table.ts';

/**
 * First bits of a literal, by the index of its name in the static table (0 for any other name). Credentials are marked as never
 * indexed, so that no intermediary puts them into a table.
 */
const literalBits = new Uint8Array(STATIC_COUNT + 1).fill(WITHOUT_INDEXING);
for (const index of credentialIndexes) literalBits[index] = NEVER_INDEXED;

/**
 * Uses only the static table and literals. The peer's dynamic table therefore stays empty, and a block means the same on every
 * connection, so that it may be kept and sent again. The block is `bytes[0, length)`.
 */
export class BlockWriter {
  bytes: Buffer;
  length: number;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.length = 0;
  }

  begin(): void {
    this.length = 0;
  }

  /** Sets the size of the dynamic table to 0. Required in the next block after the peer has lowered its table size. */
  emptyTable(): void {
    this.reserve(1);
    this.bytes[this.length++] = 0x20;
  }

  status(status: number): void {
    const index = staticIndex(':status', String(status));
    this.reserve(8);
    if (index !== 0) this.bytes[this.length++] = 0x80 | index;
    else {
      this.literalStart(8);
      this.raw(String(status));
    }
  }

  /** Writes a field whose name and value are both in the static table, by its index. */
  indexed(index: number): void {
    this.reserve(1);
    this.bytes[this.length++] = 0x80 | index;
  }

  /** Writes a field. `name` in lower case. `huffman` compresses the value when that makes it smaller. */
  field(name: string, value: string, huffman = false): void {
    const whole = staticIndex(name, value);
    if (whole !== 0) {
      this.indexed(whole);
      return;
    }
    const nameIndex = staticNameIndex(name);
    this.literalStart(nameIndex);
    if (nameIndex === 0) this.raw(name);
    if (huffman && huffmanBytes(value) < value.length) this.huffman(value);
    else this.raw(value);
  }

  /** Writes a field that no intermediary may put into a table. `name` in lower case. */
  neverIndexed(name: string, value: string): void {
    const nameIndex = staticNameIndex(name);
    this.reserve(8);
    this.integer(4, NEVER_INDEXED, nameIndex);
    if (nameIndex === 0) this.raw(name);
    this.raw(value);
  }

  /** Writes a field whose name has an index in the static table and whose value is `bytes[start, end)`. */
  valueBytes(nameIndex: number, bytes: Buffer, start: number, end: number): void {
    this.literalStart(nameIndex);
    this.copied(bytes, start, end);
  }

  /** Writes a field with the name `bytes[nameStart, nameEnd)`, converted to lower case, and the value `bytes[start, end)`. */
  lineBytes(bytes: Buffer, nameStart: number, nameEnd: number, start: number, end: number): void {
    const nameLength = nameEnd - nameStart;
    this.reserve(nameLength + 8);
    this.bytes[this.length++] = WITHOUT_INDEXING;
    this.integer(7, 0, nameLength);
    for (let at = nameStart; at < nameEnd; at++) {
      const byte = bytes[at]!;
      this.bytes[this.length++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    }
    this.copied(bytes, start, end);
  }

  /** Appends fields that were encoded before. */
  append(block: Buffer): void {
    this.reserve(block.length);
    block.copy(this.bytes, this.length);
    this.length += block.length;
  }

  /** A copy of the block, to be kept. */
  taken(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }

  private literalStart(nameIndex: number): void {
    this.reserve(8);
    this.integer(4, literalBits[nameIndex]!, nameIndex);
  }

  private raw(text: string): void {
    this.reserve(text.length + 8);
    this.integer(7, 0, text.length);
    this.length += writeLatin1(this.bytes, text, this.length);
  }

  private huffman(text: string): void {
    const size = huffmanBytes(text);
    this.reserve(size + 8);
    this.integer(7, 0x80, size);
    this.length = huffmanEncode(text, this.bytes, this.length);
  }

  private copied(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start + 8);
    this.integer(7, 0, end - start);
    bytes.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  /** Writes an integer (RFC 7541 section 5.1). `pattern` fills the bits in front of the prefix. The caller has reserved the room. */
  private integer(prefixBits: number, pattern: number, value: number): void {
    const { bytes } = this;
    const full = (1 << prefixBits) - 1;
    if (value < full) {
      bytes[this.length++] = pattern | value;
      return;
    }
    bytes[this.length++] = pattern | full;
    let rest = value - full;
    while (rest >= 0x80) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow((this.length + size) * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
