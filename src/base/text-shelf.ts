// Texts by name, in a fixed piece of memory that the garbage collector never walks: for tens of thousands of values that are
// cheap to parse again. What was not used recently is removed first.

import { hashText } from './hash.ts';
import { writeLatin1 } from './latin1.ts';
import { letterAt } from './letter-at.ts';

/** Two bytes of name's length and four of text's. */
const HEADER_BYTES = 6;
const NAME_LETTERS_MAX = 0xffff;
/** A larger text would push out too many others. */
const SHARE_MAX = 1 / 16;
/** Bytes of texts for one place in the table of names; where they are shorter the table is full first. */
const BYTES_A_PLACE = 96;
/** Places that are taken at most, so that a search ends soon. */
const FILL_MAX = 0.75;
const WORDS_A_PLACE = 2;

/** Holds between half of its bytes and all of them once it is full. Names are of letters below 256. */
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
    // What was asked for again stays when the older half goes.
    this.add(number, name, text);
    return text;
  }

  /** False if it is too large to be kept; then nothing has changed. */
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

class Half {
  readonly bytes: Buffer;
  private end = 0;
  /** By number: a name's hash and where its entry begins, plus one. */
  private readonly places: Int32Array;
  private readonly mask: number;
  private readonly takenMax: number;
  private taken = 0;

  constructor(bytesMax: number) {
    const count = 2 ** Math.max(2, Math.floor(Math.log2(bytesMax / BYTES_A_PLACE)));
    this.places = new Int32Array(count * WORDS_A_PLACE);
    this.mask = count - 1;
    this.takenMax = count * FILL_MAX;
    // Because: the system gives memory that is written to, so that what is not filled costs nothing.
    this.bytes = Buffer.allocUnsafeSlow(Math.max(HEADER_BYTES, Math.floor(bytesMax) - this.places.byteLength));
  }

  hasRoom(bytes: number): boolean {
    return this.taken < this.takenMax && this.end + bytes <= this.bytes.length;
  }

  /** Where the entry begins; -1 when there is none. */
  find(number: number, name: string): number {
    const { places, mask } = this;
    for (let place = number & mask; ; place = (place + 1) & mask) {
      const at = places[place * WORDS_A_PLACE + 1]! - 1;
      if (at < 0) return -1;
      if (places[place * WORDS_A_PLACE] === number && this.isNamed(at, name)) return at;
    }
  }

  /** Only where there is room. One of the same name is found no longer. */
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
