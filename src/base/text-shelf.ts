// Texts by name, in a fixed piece of memory that the garbage collector never walks: for tens of thousands of values that are cheap to parse
// again. Texts that were not used recently are removed first.

import { hashText } from './hash.ts';
import { writeLatin1 } from './latin1.ts';
import { letterAt } from './letter-at.ts';

/** Each entry starts with two bytes for the length of the name and four for that of the text, followed by the name and the text. */
const HEADER_BYTES = 6;
const NAME_LETTERS_MAX = 0xffff;
/** The largest entry, as a share of one half: a larger text would push out too many others. */
const SHARE_MAX = 1 / 16;
/** How many bytes of memory there are for each slot in the table of names. When texts are shorter, the table fills up first. */
const BYTES_A_PLACE = 96;
/** The maximum share of slots in use, which keeps searches short. */
const FILL_MAX = 0.75;
const WORDS_A_PLACE = 2;

/** Once full, holds between half of its bytes and all of them. Names consist of characters below 256. */
export class TextShelf {
  private readonly entryBytesMax: number;
  private recent: Half;
  private older: Half;

  constructor(bytesMax: number) {
    this.recent = new Half(bytesMax / 2);
    this.older = new Half(bytesMax / 2);
    this.entryBytesMax = this.recent.bytes.length * SHARE_MAX;
  }

  get(name: string): string | undefined {
    const number = hashText(name) | 0;
    let found = this.recent.find(number, name);
    if (found >= 0) return this.recent.textAt(found);
    found = this.older.find(number, name);
    if (found < 0) return undefined;
    const text = this.older.textAt(found);
    // A text that is used again is copied, so that it survives when the older half is cleared.
    this.add(number, name, text);
    return text;
  }

  /** False when the entry is too large to be kept; the shelf is unchanged then, and an earlier text of this name stays. */
  set(name: string, text: string): boolean {
    return this.add(hashText(name) | 0, name, text);
  }

  clear(): void {
    this.recent.clear();
    this.older.clear();
  }

  private add(number: number, name: string, text: string): boolean {
    const bytes = HEADER_BYTES + name.length + Buffer.byteLength(text);
    if (bytes > this.entryBytesMax || name.length > NAME_LETTERS_MAX) return false;
    if (!this.recent.hasRoom(bytes)) {
      [this.recent, this.older] = [this.older, this.recent];
      this.recent.clear();
    }
    this.recent.append(number, name, text);
    return true;
  }
}

/** One of the two halves: entries appended one after the other, with a hash table of their offsets. */
class Half {
  readonly bytes: Buffer;
  private end = 0;
  /** The slots of the hash table, two numbers each: the hash of a name, and the offset of its entry plus one (0 in a free slot). */
  private readonly places: Int32Array;
  private readonly mask: number;
  private readonly takenMax: number;
  private taken = 0;

  constructor(bytesMax: number) {
    const count = 2 ** Math.max(2, Math.floor(Math.log2(bytesMax / BYTES_A_PLACE)));
    this.places = new Int32Array(count * WORDS_A_PLACE);
    this.mask = count - 1;
    this.takenMax = count * FILL_MAX;
    // Because: the system provides memory only when it is written to, so the unfilled part costs nothing.
    this.bytes = Buffer.allocUnsafeSlow(Math.max(HEADER_BYTES, Math.floor(bytesMax) - this.places.byteLength));
  }

  hasRoom(bytes: number): boolean {
    return this.taken < this.takenMax && this.end + bytes <= this.bytes.length;
  }

  /** The offset of the entry; -1 when there is none. */
  find(number: number, name: string): number {
    const { places, mask } = this;
    for (let place = number & mask; ; place = (place + 1) & mask) {
      const at = places[place * WORDS_A_PLACE + 1]! - 1;
      if (at < 0) return -1;
      if (places[place * WORDS_A_PLACE] === number && this.isNamed(at, name)) return at;
    }
  }

  /** Requires `hasRoom`. An older entry of the same name stays in memory but is no longer found. */
  append(number: number, name: string, text: string): void {
    const { bytes, places, mask, end: at } = this;
    const textStart = at + HEADER_BYTES + name.length;
    bytes.writeUInt16LE(name.length, at);
    writeLatin1(bytes, name, at + HEADER_BYTES);
    const textBytes = bytes.write(text, textStart);
    bytes.writeUInt32LE(textBytes, at + 2);
    this.end = textStart + textBytes;
    let place = number & mask;
    while (places[place * WORDS_A_PLACE + 1] !== 0) {
      if (places[place * WORDS_A_PLACE] === number && this.isNamed(places[place * WORDS_A_PLACE + 1]! - 1, name)) break;
      place = (place + 1) & mask;
    }
    if (places[place * WORDS_A_PLACE + 1] === 0) this.taken++;
    places[place * WORDS_A_PLACE] = number;
    places[place * WORDS_A_PLACE + 1] = at + 1;
  }

  textAt(at: number): string {
    const { bytes } = this;
    const start = at + HEADER_BYTES + bytes.readUInt16LE(at);
    return bytes.toString('utf8', start, start + bytes.readUInt32LE(at + 2));
  }

  clear(): void {
    if (this.end === 0) return;
    this.end = 0;
    this.taken = 0;
    this.places.fill(0);
  }

  private isNamed(at: number, name: string): boolean {
    const { bytes } = this;
    const { length } = name;
    if (bytes.readUInt16LE(at) !== length) return false;
    const start = at + HEADER_BYTES;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== letterAt(name, i)) return false;
    return true;
  }
}
