// What a worker knows of keys, valid and invalid ones apart, and the look-ups behind it. Trusts cached keys only as long as the store
// confirms that no key has changed. It asks the store only when requests arrive, so an idle worker asks nothing.

import { hash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { numberInHex } from '../../base/hash.ts';
import { flatText } from '../../base/latin1.ts';
import type { ConsumerDirectory } from '../../exchange/identity/consumer-directory.ts';
import type { KeyRecord, KeySource } from '../../store/keys/key-record.ts';
import { reasonOf } from '../../store/store-away.ts';
import { KeyHashSet } from './key-hash-set.ts';
import { KnownKey } from './known-key.ts';
import { ReadyKeys } from './ready-keys.ts';

/**
 * How often the store is asked whether keys have changed, and how old its answer may be, in ms. Together with a request under way, a change
 * takes effect within a second.
 */
const RECHECK_MS = 200;
const FRESH_MS = 700;

/** The maximum number of look-ups under way at once. */
const LOOKUPS_MAX = 256;

/** Whether a key is valid cannot be determined now. */
export class KeysUnavailable extends Error {}

export interface KeyBookOptions {
  readonly cacheBytes: number;
  readonly keepWhenAwayMs: number;
  readonly clock: Clock;
  /** Called with the reason when the store becomes unavailable, and with null when it is back. */
  readonly onAway: (reason: string | null) => void;
}

/** A look-up under way, shared by all requests with the same key. */
interface Lookup {
  readonly digest: string;
  readonly answer: Promise<KnownKey | null>;
}

export class KeyBook {
  private readonly source: KeySource | null;
  private readonly options: KeyBookOptions;
  private readonly right: ReadyKeys;
  private readonly wrong = new KeyHashSet();
  /**
   * Keys that were valid at some look-up. Survives `forget`: a caller with such a key is not guessing, even if the key has been revoked
   * since.
   */
  private readonly rightOnce = new KeyHashSet();
  /** By a number from the hash: using many texts once each as map keys is a burden on the engine. */
  private readonly lookups = new Map<number, Lookup>();
  private lookupsUnderWay = 0;
  private directory: ConsumerDirectory | null = null;
  private version = '';
  /** Incremented whenever everything is forgotten: results of look-ups that started before are not kept. */
  private generation = 0;
  /** When the newest successful check of the version was started, and when the last check was started; clock milliseconds. */
  private checkedAt = -Infinity;
  private triedAt = -Infinity;
  private checking: Promise<void> | null = null;
  private away = false;

  /** `source` is null when only the configuration has keys. */
  constructor(source: KeySource | null, options: KeyBookOptions) {
    this.source = source;
    this.options = options;
    this.right = new ReadyKeys(options.cacheBytes);
  }

  /** The key if it is cached and the cache can be trusted; undefined when `find` must look it up. */
  ready(key: string, directory: ConsumerDirectory): KnownKey | undefined {
    const { now } = this.options.clock;
    if (directory !== this.directory) this.startOver(directory);
    if (this.source !== null && now - this.triedAt > RECHECK_MS) this.check();
    const known = this.right.get(key, directory);
    return known !== undefined && (known.isListed || this.isFresh(now)) ? known : undefined;
  }

  /** Whether the key was valid at an earlier look-up: then the caller is not guessing. */
  knows(key: string): boolean {
    return this.rightOnce.has(hash('sha256', key, 'hex'));
  }

  /** Looks a key up. Null when there is no such key. Throws or rejects with `KeysUnavailable`. */
  find(key: string, directory: ConsumerDirectory): KnownKey | null | Promise<KnownKey | null> {
    const { now } = this.options.clock;
    const digest = hash('sha256', key, 'hex');
    const listed = directory.key(`sha256:${digest}`);
    if (listed !== undefined) {
      const known = KnownKey.listed(flatText(key), listed);
      this.right.set(known, null);
      this.rightOnce.add(digest);
      return known;
    }
    if (this.source === null) return null;
    if (this.isFresh(now)) return this.findStored(key, digest, directory);
    if (this.checking === null) throw new KeysUnavailable();
    return this.checking.then(() => {
      if (!this.isFresh(this.options.clock.now)) throw new KeysUnavailable();
      // Because: a reload may have happened meanwhile, and what was found with one configuration's consumers does not apply to another's.
      if (directory !== this.directory) this.startOver(directory);
      return this.findStored(key, digest, directory);
    });
  }

  private findStored(
    key: string,
    digest: string,
    directory: ConsumerDirectory,
  ): KnownKey | null | Promise<KnownKey | null> {
    const known = this.right.get(key, directory);
    if (known !== undefined) return known;
    if (this.wrong.has(digest)) return null;
    // A key that is not cached cannot be had from an unavailable store.
    if (this.away) throw new KeysUnavailable();
    const number = numberInHex(digest);
    const underWay = this.lookups.get(number);
    if (underWay?.digest === digest) return underWay.answer;
    if (this.lookupsUnderWay >= LOOKUPS_MAX) throw new KeysUnavailable();
    const { generation } = this;
    const keep = (record: KeyRecord | null): KnownKey | null => {
      const isCurrent = generation === this.generation;
      if (record === null) {
        if (isCurrent) this.wrong.add(digest);
        return null;
      }
      const known = KnownKey.stored(flatText(key), record, directory);
      this.rightOnce.add(digest);
      if (isCurrent) this.right.set(known, record);
      return known;
    };
    let record: KeyRecord | null | Promise<KeyRecord | null>;
    try {
      record = this.source!.find(digest);
    } catch (error) {
      throw this.failed(error);
    }
    if (!(record instanceof Promise)) return keep(record);
    const answer = record.then(keep, error => {
      throw this.failed(error);
    });
    const lookup = { digest, answer };
    this.lookups.set(number, lookup);
    this.lookupsUnderWay++;
    const done = (): void => {
      this.lookupsUnderWay--;
      if (this.lookups.get(number) === lookup) this.lookups.delete(number);
    };
    answer.then(done, done);
    return answer;
  }

  /** Whether cached keys can be trusted. */
  private isFresh(now: number): boolean {
    const age = now - this.checkedAt;
    return age <= FRESH_MS || (this.away && age <= this.options.keepWhenAwayMs);
  }

  private check(): void {
    if (this.checking !== null) return;
    const startedAt = this.options.clock.now;
    this.triedAt = startedAt;
    let version: string | Promise<string>;
    try {
      version = this.source!.version();
    } catch (error) {
      this.becomeAway(error);
      return;
    }
    if (!(version instanceof Promise)) {
      this.checked(version, startedAt);
      return;
    }
    this.checking = version
      .then(
        text => this.checked(text, startedAt),
        (error: unknown) => this.becomeAway(error),
      )
      .finally(() => {
        this.checking = null;
      });
  }

  private checked(version: string, startedAt: number): void {
    this.checkedAt = startedAt;
    this.becomeBack();
    if (version === this.version) return;
    this.version = version;
    this.forget();
  }

  private startOver(directory: ConsumerDirectory): void {
    this.directory = directory;
    this.forget();
  }

  private forget(): void {
    this.generation++;
    this.right.clear();
    this.wrong.clear();
    this.lookups.clear();
  }

  private failed(error: unknown): KeysUnavailable {
    this.becomeAway(error);
    return new KeysUnavailable('the store could not be asked', { cause: error });
  }

  private becomeAway(error: unknown): void {
    if (this.away) return;
    this.away = true;
    this.options.onAway(reasonOf(error));
  }

  private becomeBack(): void {
    if (!this.away) return;
    this.away = false;
    this.options.onAway(null);
  }
}
