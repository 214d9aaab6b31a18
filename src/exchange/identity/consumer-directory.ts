// The consumers and plans of one configuration, found by name or by the hash of a key. Knows no filter and no store.

import { hashText, numberInHex } from '../../base/hash.ts';
import type { Consumer, Plan } from './consumer.ts';

/** A consumer as configured; see `ConsumerConfig`, to which it is structurally equal. */
export interface ListedConsumer extends Consumer {
  readonly keys: readonly ListedKey[];
}

/** An API key as configured; see `KeyConfig`, to which it is structurally equal. */
export interface ListedKey {
  readonly id: string;
  /** `sha256:` and 64 lower case hexadecimal digits. */
  readonly hash: string;
  readonly scopes: readonly string[];
  /** Names of the routes on which the key is valid; null for all. */
  readonly routes: readonly string[] | null;
  /** The plan that replaces the consumer's for this key; null keeps the consumer's. */
  readonly plan: string | null;
  /** When the key expires, milliseconds since 1970; null for never. */
  readonly expiresAtMs: number | null;
  readonly disabled: boolean;
}

/** A key with the consumer that owns it. */
export interface KnownKey<Key extends ListedKey = ListedKey> {
  readonly key: Key;
  readonly consumer: Consumer;
}

export class ConsumerDirectory {
  private readonly byName: ReadonlyMap<string, ListedConsumer>;
  /** Hashes of all names, asked before `byName`; see `consumer`. */
  private readonly nameNumbers: ReadonlySet<number>;
  private readonly byHash: ReadonlyMap<string, KnownKey>;
  /** Numbers from the hashes of all keys, asked before `byHash`; see `consumer`. */
  private readonly keyNumbers: ReadonlySet<number>;
  private readonly plans: ReadonlyMap<string, Plan>;

  constructor(consumers: readonly ListedConsumer[], plans: readonly Plan[]) {
    this.byName = new Map(consumers.map(consumer => [consumer.name, consumer]));
    this.nameNumbers = new Set([...this.byName.keys()].map(name => hashText(name)));
    this.byHash = new Map(
      consumers.flatMap(consumer => consumer.keys.map(key => [key.hash, { key, consumer }] as const)),
    );
    this.keyNumbers = new Set([...this.byHash.keys()].map(numberOf));
    this.plans = new Map(plans.map(plan => [plan.name, plan]));
  }

  consumer(name: string): Consumer | undefined {
    // Because: the engine keeps every text that is looked up in a map in its table of names, in the old generation, until a full
    // collection. Names from strangers, or names that only a store knows, would fill that table.
    return this.nameNumbers.has(hashText(name)) ? this.byName.get(name) : undefined;
  }

  /** The key with this hash. Because the hash is looked up, and not the key, the time it takes reveals nothing about the key. */
  key(hash: string): KnownKey | undefined {
    // Because: as in `consumer`.
    return this.keyNumbers.has(numberOf(hash)) ? this.byHash.get(hash) : undefined;
  }

  plan(name: string): Plan | undefined {
    return this.plans.get(name);
  }
}

function numberOf(hash: string): number {
  return numberInHex(hash, 'sha256:'.length);
}
