// The keys that a worker keeps ready, right and wrong ones apart, and the look-ups behind them. Believes what it has only as long as
// the store says that no key has changed: asked when requests come, so that an idle worker asks nobody.

import { hash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { flatText } from '../../base/latin1.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { ConsumerDirectory } from '../../exchange/consumer-directory.ts';
import type { KeyRecord, KeySource } from '../../store/keys/key-record.ts';
import { KnownKey } from './known-key.ts';

/** How often the store is asked whether keys have changed, and how old its answer may be: within a second with what is under way. */
const RECHECK_MS = 200;
const FRESH_MS = 700;

/** Wrong keys that are remembered, so that one that is tried on and on costs no look-up. */
const WRONG_KEYS_MAX = 8_192;

/** Look-ups under way at once. */
const LOOKUPS_MAX = 256;

/** Nothing can be said of a key now. */
export class KeysUnavailable extends Error {}

export interface KeyBookOptions {
  readonly cachedKeys: number;
  readonly keepWhenAwayMs: number;
  readonly clock: Clock;
  /** Hears when the store is away, and when it is back. */
  readonly onAway: (away: boolean) => void;
}

export class KeyBook {
  private readonly source: KeySource | null;
  private readonly options: KeyBookOptions;
  private readonly right: RecentMap<KnownKey>;
  private readonly wrong: RecentMap<true>;
  private readonly lookups = new Map<string, Promise<KnownKey | null>>();
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
    this.right = new RecentMap(options.cachedKeys);
    this.wrong = new RecentMap(WRONG_KEYS_MAX);
  }

  /** The key if it is ready and can be believed; undefined when it has to be looked up. */
  ready(key: string, directory: ConsumerDirectory): KnownKey | undefined {
    const { now } = this.options.clock;
    if (directory !== this.directory) this.startOver(directory);
    if (this.source !== null && now - this.triedAt > RECHECK_MS) this.check();
    const known = this.right.get(key);
    return known !== undefined && (known.isListed || this.isFresh(now)) ? known : undefined;
  }

  /** Whether the key was right when it came last: then it is no guess. */
  knows(key: string): boolean {
    return this.right.get(key) !== undefined;
  }

  /** The key, or null when there is no such. Throws or rejects with `KeysUnavailable`. */
  find(key: string, directory: ConsumerDirectory): KnownKey | null | Promise<KnownKey | null> {
    const { now } = this.options.clock;
    const digest = hash('sha256', key, 'hex');
    const listed = directory.key(`sha256:${digest}`);
    if (listed !== undefined) return this.learn(key, KnownKey.listed(listed));
    if (this.source === null) return this.learn(key, null);
    if (this.isFresh(now)) return this.findStored(key, digest, directory);
    if (this.checking === null) throw new KeysUnavailable();
    return this.checking.then(() => {
      if (!this.isFresh(this.options.clock.now)) throw new KeysUnavailable();
      return this.findStored(key, digest, directory);
    });
  }

  private findStored(
    key: string,
    digest: string,
    directory: ConsumerDirectory,
  ): KnownKey | null | Promise<KnownKey | null> {
    const known = this.right.get(key);
    if (known !== undefined) return known;
    if (this.wrong.get(key) === true) return null;
    // What is not ready cannot be had from a store that is away.
    if (this.away) throw new KeysUnavailable();
    const underWay = this.lookups.get(digest);
    if (underWay !== undefined) return underWay;
    if (this.lookups.size >= LOOKUPS_MAX) throw new KeysUnavailable();
    const { generation } = this;
    const keep = (record: KeyRecord | null): KnownKey | null => {
      const found = record === null ? null : KnownKey.stored(record, directory);
      return generation === this.generation ? this.learn(key, found) : found;
    };
    let record: KeyRecord | null | Promise<KeyRecord | null>;
    try {
      record = this.source!.find(digest);
    } catch (error) {
      throw this.failed(error);
    }
    if (!(record instanceof Promise)) return keep(record);
    const lookup = record.then(keep, error => {
      throw this.failed(error);
    });
    this.lookups.set(digest, lookup);
    const done = (): void => void this.lookups.delete(digest);
    lookup.then(done, done);
    return lookup;
  }

  private learn(key: string, known: KnownKey | null): KnownKey | null {
    // Because: a piece of a head keeps the whole head in memory.
    const text = flatText(key);
    if (known === null) this.wrong.set(text, true);
    else this.right.set(text, known);
    return known;
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
    } catch {
      this.becomeAway(true);
      return;
    }
    if (!(version instanceof Promise)) {
      this.checked(version, startedAt);
      return;
    }
    this.checking = version
      .then(
        text => this.checked(text, startedAt),
        () => this.becomeAway(true),
      )
      .finally(() => {
        this.checking = null;
      });
  }

  private checked(version: string, startedAt: number): void {
    this.checkedAt = startedAt;
    this.becomeAway(false);
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
    this.becomeAway(true);
    return new KeysUnavailable('the store could not be asked', { cause: error });
  }

  private becomeAway(away: boolean): void {
    if (away === this.away) return;
    this.away = away;
    this.options.onAway(away);
  }
}
