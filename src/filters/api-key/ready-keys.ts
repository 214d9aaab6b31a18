// The right keys that a worker keeps ready, in a bounded number of bytes: those that come again as what a request needs, the others as
// the texts of their records, from which they are made again. What was not asked for lately goes first.

import { hashText } from '../../base/hash.ts';
import { flatText } from '../../base/latin1.ts';
import { RecentByNumber } from '../../base/recent-by-number.ts';
import { TextShelf } from '../../base/text-shelf.ts';
import type { ConsumerDirectory } from '../../exchange/consumer-directory.ts';
import { type KeyRecord, recordIn, textOf } from '../../store/keys/key-record.ts';
import { KnownKey } from './known-key.ts';

/** What is at hand takes a half: up to 1 KiB a key on the collector's heap, some 200 bytes on the shelf. */
const AT_HAND_SHARE = 1 / 2;

export class ReadyKeys {
  private readonly atHand: RecentByNumber<KnownKey>;
  private readonly shelf: TextShelf;

  constructor(bytesMax: number) {
    this.atHand = new RecentByNumber(bytesMax * AT_HAND_SHARE);
    this.shelf = new TextShelf(bytesMax * (1 - AT_HAND_SHARE));
  }

  /** `directory` is that of all keys since the last `clear`. */
  get(text: string, directory: ConsumerDirectory): KnownKey | undefined {
    const number = hashText(text) | 0;
    const atHand = this.atHand.get(number);
    if (atHand?.text === text) return atHand;
    const record = this.shelf.get(text);
    if (record === undefined) return undefined;
    // Of two keys with one number the later is at hand, and the other is made again each time.
    const known = KnownKey.stored(flatText(text), recordIn('', record), directory);
    this.atHand.set(number, known);
    return known;
  }

  /** `record` is null for a key of the configuration, which needs no store to be found again. */
  set(known: KnownKey, record: KeyRecord | null): void {
    const text = record === null ? null : textOf(record);
    // Because: many keys come once. At hand is what comes again; objects that outlive a request are a burden to the collector.
    if (text === null || !this.shelf.set(known.text, text)) this.atHand.set(hashText(known.text) | 0, known);
  }

  clear(): void {
    this.atHand.clear();
    this.shelf.clear();
  }
}
