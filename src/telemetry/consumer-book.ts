// Names of the consumers that have series of their own, in memory that all threads share: the first thread that sees a consumer assigns it
// a place, for good. Counts nothing; see consumer-counter.ts.

import { hashText } from '../base/hash.ts';

/** As long as names in a configuration may be. A longer name, which only a key store can bring, gets no series of its own. */
const NAME_BYTES_MAX = 128;
/** Bytes of a place: the name's hash, its length (0 until the name can be read), and the name. */
const PLACE_BYTES = 8 + NAME_BYTES_MAX;

/** From `placeOf`: all places are taken, for good. */
export const FULL = -1;
/** From `placeOf`: the name is too long, or another thread is writing a name that may be the same, so that the next call may find it. */
export const NO_PLACE = -2;

const SEED = 0x636f6e73;

export function consumerBookBytes(places: number): number {
  return places * PLACE_BYTES;
}

export class ConsumerBook {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly bytes: Buffer;
  private readonly places: number;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
    this.places = memory.byteLength / PLACE_BYTES;
  }

  /** The place of a name, assigned now if the name has none and one is left. Otherwise `FULL` or `NO_PLACE`. */
  placeOf(name: string): number {
    if (Buffer.byteLength(name) > NAME_BYTES_MAX) return NO_PLACE;
    const { words, places } = this;
    const key = hashText(name, SEED) | 0 || 1;
    for (let tried = 0; tried < places; tried++) {
      const place = ((key >>> 0) + tried) % places;
      const at = place * (PLACE_BYTES / 4);
      const there = Atomics.load(words, at) || Atomics.compareExchange(words, at, 0, key);
      if (there === 0) {
        const length = this.bytes.write(name, place * PLACE_BYTES + 8, 'utf8');
        Atomics.store(words, at + 1, length);
        return place;
      }
      if (there !== key) continue;
      const known = this.nameAt(place);
      if (known === null) return NO_PLACE;
      if (known === name) return place;
    }
    return FULL;
  }

  /** Every name with its place. */
  *entries(): Generator<readonly [name: string, place: number]> {
    for (let place = 0; place < this.places; place++) {
      const name = this.nameAt(place);
      if (name !== null) yield [name, place];
    }
  }

  private nameAt(place: number): string | null {
    const length = Atomics.load(this.words, place * (PLACE_BYTES / 4) + 1);
    const start = place * PLACE_BYTES + 8;
    return length === 0 ? null : this.bytes.toString('utf8', start, start + length);
  }
}
