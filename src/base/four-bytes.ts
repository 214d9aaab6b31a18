// Reads and writes bytes four at a time: one by one takes three to five times as long. Knows no protocol.

import { writeLatin1 } from './latin1.ts';

/** The highest bit of each of four bytes. */
const HIGH_BITS = 0x80808080 | 0;

/** Whether all four bytes are from 0x20 to 0x7e. When no byte has its highest bit set, the additions cannot carry into the next byte. */
export function isPrintable(word: number): boolean {
  return (
    (word & HIGH_BITS) === 0 &&
    ((word + 0x60606060) & HIGH_BITS) === HIGH_BITS &&
    ((word + 0x01010101) & HIGH_BITS) === 0
  );
}

/** Whether none of the four bytes of `word` equals the byte that `repeated` contains four times. All bytes must be below 0x80. */
export function hasNoByte(word: number, repeated: number): boolean {
  // Equal bytes become 0, and a zero byte is the only one whose highest bit is still clear after the addition.
  return (((word ^ repeated) + 0x7f7f7f7f) & HIGH_BITS) === HIGH_BITS;
}

/**
 * A DataView over the buffer that was used last. Kept because creating a view costs more than a short read, and most callers reuse a
 * buffer.
 */
export class CachedView {
  private bytes: Uint8Array | null;
  private view: DataView;

  constructor() {
    this.bytes = null;
    this.view = new DataView(new ArrayBuffer(0));
  }

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return this.view;
  }
}

/** A Latin-1 text that is written often, prepared as 32-bit words. */
export class FixedText {
  readonly length: number;
  private readonly words: Int32Array;

  constructor(text: string) {
    const padded = Buffer.alloc(Math.ceil(text.length / 4) * 4);
    writeLatin1(padded, text, 0);
    this.length = text.length;
    this.words = Int32Array.from({ length: padded.length / 4 }, (_, i) => padded.readInt32BE(i * 4));
  }

  /** Writes the text at `at` and returns the offset of its end. Up to three bytes after the end are overwritten as well, and must exist. */
  writeTo(view: DataView, at: number): number {
    const { words } = this;
    for (let i = 0; i < words.length; i++) view.setInt32(at + i * 4, words[i]!);
    return at + this.length;
  }
}

/** Copies `length` bytes; `length` must be a multiple of four. */
export function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  for (let i = 0; i < length; i += 4) to.setInt32(at + i, from.getInt32(start + i));
}
