// What a worker knows of keys, right and wrong ones apart, and the look-ups behind it. Believes what it has only as long as
// the store says that no key has changed: asked when requests come, so that an idle worker asks nobody.

import { hash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { numberInHex } from '../../base/hash.ts';
import { flatText } from '../../base/latin1.ts';
import type { ConsumerDirectory } from '../../exchange/consumer-directory.ts';
import type { KeyRecord, KeySource } from '../../store/keys/key-record.ts';
import { reasonOf } from '../../store/store-away.ts';
import { KeyPrints } from './key-prints.ts';
import { KnownKey } from './known-key.ts';
import { ReadyKeys } from './ready-keys.ts';

/** How often the store is asked whether keys have changed, and how old its answer may be: within a second with what is under way. */
const RECHECK_MS = 200;
const FRESH_MS = 700;

/** Look-ups under way at once. */
const LOOKUPS_MAX = 256;

/** Nothing can be said of a key now. */
export class KeysUnavailable extends Error {}

export interface KeyBookOptions {
  readonly cacheBytes: number;
  readonly keepWhenAwayMs: number;
  readonly clock: Clock;
  /** Hears why the store is away when it begins to be, and null when it is back. */
  readonly onAway: (reason: string | null) => void;
}

/** One under way, for all who ask for the key meanwhile. */
interface Lookup {
  readonly digest: string;
  readonly answer: Promise<KnownKey | null>;
}

export class KeyBook {
  private readonly source: KeySource | null;
  private readonly options: KeyBookOptions;
  private readonly right: ReadyKeys;
  private readonly wrong = new KeyPrints();
  /** Kept when the rest is forgotten: who brings such a key does not guess, whatever has become of it. */
  private readonly rightOnce = new KeyPrints();
  /** By a number of the hash: many texts as keys of maps, once each, are a burden to the engine. */
  private readonly lookups = new Map<number, Lookup>();
  private lookupsUnderWay = 0;
  private directory: ConsumerDirectory | null = null;
  private version = '';
  /** Counts how often everything was forgotten: what was asked before that is not kept. */
  private generation = 0;
  /** When the newest good answer about the version was asked for, and when anybody asked last. */
  private checkedAt = -Infinity;
  private triedAt = -Infinity;
  private checking: Promise<void> | null = null;
  private away = false;

  /** `source` is null where only the configuration has keys. */
  constructor(source: KeySource | null, options: KeyBookOptions) {
    this.source = source;
    this.options = options;
    this.right = new ReadyKeys(options.cacheBytes);
  }

  /** The key if it is ready and can be believed; undefined when it has to be looked up. */
  ready(key: string, directory: ConsumerDirectory): KnownKey | undefined {
    const { now } = this.options.clock;
    if (directory !== this.directory) this.startOver(directory);
    if (this.source !== null && now - this.triedAt > RECHECK_MS) this.check();
    const known = this.right.get(key, directory);
    return known !== undefined && (known.isListed || this.isFresh(now)) ? known : undefined;
  }

  /** Whether the key was right when it was looked up last: then it is no guess. */
  knows(key: string): boolean {
    return this.rightOnce.has(hash('sha256', key, 'hex'));
  }

  /** The key, or null when there is no such. Throws or rejects with `KeysUnavailable`. */
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
      // Because: a reload may have come meanwhile, and what is found by one configuration's consumers is not another's.
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
    // What is not ready cannot be had from a store that is away.
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

  /** Whether what is ready can be believed. */
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
