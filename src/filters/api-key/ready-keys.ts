// The right keys that a worker keeps ready, in a bounded number of bytes: those that come again as what a request needs, the others as
// the texts of their records, from which they are made again. What was not asked for lately goes first.

import { hashText } from '../../base/hash.ts';
import { flatText } from '../../base/latin1.ts';
import { TextShelf } from '../../base/text-shelf.ts';
import type { ConsumerDirectory } from '../../exchange/consumer-directory.ts';
import { type KeyRecord, recordIn, textOf } from '../../store/keys/key-record.ts';
import { KnownKey } from './known-key.ts';

/** What is at hand takes a half: up to 1 KiB a key on the collector's heap, some 200 bytes on the shelf. */
const AT_HAND_SHARE = 1 / 2;

export class ReadyKeys {
  /** Half of the room for keys at hand; what was not asked for while the other half filled goes. */
  private readonly halfBytes: number;
  /** By number: a text as a key of a map is put into the engine's table of names with every look-up, and stays there for long. */
  private recent = new Map<number, KnownKey>();
  private recentBytes = 0;
  private older = new Map<number, KnownKey>();
  private readonly shelf: TextShelf;

  constructor(bytesMax: number) {
    this.halfBytes = (bytesMax * AT_HAND_SHARE) / 2;
    this.shelf = new TextShelf(bytesMax * (1 - AT_HAND_SHARE));
  }

  /** `directory` is that of all keys since the last `clear`. */
  get(text: string, directory: ConsumerDirectory): KnownKey | undefined {
    const number = hashText(text) | 0;
    let known = this.recent.get(number);
    if (known !== undefined && known.text === text) return known;
    known = this.older.get(number);
    if (known === undefined || known.text !== text) {
      const record = this.shelf.get(text);
      if (record === undefined) return undefined;
      known = KnownKey.stored(flatText(text), recordIn('', record), directory);
    }
    this.add(number, known);
    return known;
  }

  /** `record` is null for a key of the configuration, which needs no store to be found again. */
  set(known: KnownKey, record: KeyRecord | null): void {
    const text = record === null ? null : textOf(record);
    // Because: many keys come once. At hand is what comes again; objects that outlive a request are a burden to the collector.
    if (text === null || !this.shelf.set(known.text, text)) this.add(hashText(known.text) | 0, known);
  }

  clear(): void {
    this.recent = new Map();
    this.older = new Map();
    this.recentBytes = 0;
    this.shelf.clear();
  }

  private add(number: number, known: KnownKey): void {
    const { bytes } = known;
    if (bytes > this.halfBytes) return;
    if (this.recentBytes + bytes > this.halfBytes) {
      this.older = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    } else this.older.delete(number);
    // Of two keys with one number the later is at hand, and the other is made again from the shelf.
    this.recentBytes += bytes - (this.recent.get(number)?.bytes ?? 0);
    this.recent.set(number, known);
  }
}
