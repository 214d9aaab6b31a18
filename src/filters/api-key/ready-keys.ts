// The valid keys that a worker caches, in a bounded number of bytes: those that are used repeatedly as ready objects, the others as texts
// of their records, from which the objects are made again. Keys that were not used lately are dropped first.

import { hashText } from '../../base/hash.ts';
import { flatText } from '../../base/latin1.ts';
import { RecentByNumber } from '../../base/recent-by-number.ts';
import { TextShelf } from '../../base/text-shelf.ts';
import type { ConsumerDirectory } from '../../exchange/identity/consumer-directory.ts';
import { type KeyRecord, parseRecord, serializeRecord } from '../../store/keys/key-record.ts';
import { KnownKey } from './known-key.ts';

/**
 * The share of the memory for ready objects: up to 1 KiB per key on the garbage-collected heap, against some 200 bytes per key on the
 * shelf.
 */
const AT_HAND_SHARE = 1 / 2;

export class ReadyKeys {
  private readonly atHand: RecentByNumber<KnownKey>;
  private readonly shelf: TextShelf;

  constructor(bytesMax: number) {
    this.atHand = new RecentByNumber(bytesMax * AT_HAND_SHARE);
    this.shelf = new TextShelf(bytesMax * (1 - AT_HAND_SHARE));
  }

  /** The cached key, or undefined. `directory` must be the one that all keys were made with since the last `clear`. */
  get(text: string, directory: ConsumerDirectory): KnownKey | undefined {
    const number = hashText(text) | 0;
    const atHand = this.atHand.get(number);
    if (atHand?.text === text) return atHand;
    const record = this.shelf.get(text);
    if (record === undefined) return undefined;
    // When two keys have the same number, only the later one stays at hand; the other is made again each time.
    const known = KnownKey.stored(flatText(text), parseRecord('', record), directory);
    this.atHand.set(number, known);
    return known;
  }

  /** Caches a key. `record` is null for a key of the configuration, which can be found again without a store. */
  set(known: KnownKey, record: KeyRecord | null): void {
    const text = record === null ? null : serializeRecord(record);
    // Because: many keys are used only once, so a key is at hand from its second use; long-lived objects burden the collector.
    if (text === null || !this.shelf.set(known.text, text)) this.atHand.set(hashText(known.text) | 0, known);
  }

  clear(): void {
    this.atHand.clear();
    this.shelf.clear();
  }
}
