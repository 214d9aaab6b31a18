// Follows the revocations in Redis, once per process: each message at once, and the whole list on each connection and at intervals,
// since a message can be lost and an entry can be taken back. While Redis is away the last list counts.

import { randomInt } from 'node:crypto';
import { retryPauseMs } from '../../base/backoff.ts';
import { messageOf } from '../../base/message-of.ts';
import type { FeedOutlet, FeedSource, FeedSpec, RunningFeed } from '../feed.ts';
import { RedisStore } from '../redis/redis-store.ts';
import { type RevocationSpec, type RevocationValue, revocationNames } from './revocation-feed.ts';
import { type FingerprintKey, idFingerprint, RevocationTable, subjectFingerprint } from './revocation-table.ts';

const PAGE = 1_000;
/** First pause after a list that could not be read, in ms; at most `syncMs`. */
const RETRY_MIN_MS = 1_000;
/** A set with more entries is not read, and the list before it stays: an entry takes 64 bytes at least. */
const ENTRIES_MAX = 2_000_000;
/** A table with this many entries, as many as both sets have at most, grows no more by messages. */
const GROWN_ENTRIES_MAX = 2 * ENTRIES_MAX;
/** How long an expired token may still pass: the largest `clockSkew` that a filter accepts. */
const SKEW_MAX_S = 300;

/** One entry: a token's id or a subject with its time, or the time for all tokens. Seconds since 1970. */
type Entry =
  | { readonly kind: 'id' | 'subject'; readonly name: string; readonly seconds: number }
  | { readonly kind: 'before'; readonly seconds: number };

export const revocationSource: FeedSource<RevocationValue> = {
  kind: 'revocation',
  // Because: tokens may have been revoked meanwhile.
  staleAfterStop: true,
  originOf(spec: FeedSpec): string {
    // Because: only `revocationNeed` makes needs of this kind.
    const { kind, nodes, database, keyPrefix } = (spec as RevocationSpec).store;
    return JSON.stringify([kind, nodes, database, keyPrefix]);
  },
  start(spec: FeedSpec, outlet: FeedOutlet<RevocationValue>, before?: RunningFeed): RunningFeed {
    // Because: only `revocationNeed` makes needs of this kind.
    return new RevocationFollower(spec as RevocationSpec, outlet, before instanceof RevocationFollower ? before : null);
  },
};

class RevocationFollower implements RunningFeed {
  readonly ready: Promise<void>;
  private readonly spec: RevocationSpec;
  private readonly outlet: FeedOutlet<RevocationValue>;
  private readonly store: RedisStore;
  private readonly key: FingerprintKey;
  private table: RevocationTable | null = null;
  /** Messages that came while the list was being read, which may not contain them yet. */
  private meanwhile: Entry[] = [];
  private underWay: Promise<void> | null = null;
  private next: NodeJS.Timeout | undefined;
  /** Number of failed readings in a row. */
  private failures = 0;
  /** The code with which Redis refuses messages, as far as is known; null when it does not. */
  private deafness: string | null = null;
  /** Whether the time up to which all tokens are revoked was no number when it was last read. */
  private isBeforeUnreadable = false;
  private stopped = false;

  /** Begins with a copy of the list of `before`, and reads its own. */
  constructor(spec: RevocationSpec, outlet: FeedOutlet<RevocationValue>, before: RevocationFollower | null) {
    this.spec = spec;
    this.outlet = outlet;
    this.store = new RedisStore(spec.store);
    // Because: the fingerprints of the list were made with its key.
    this.key = before?.key ?? { low: randomInt(2 ** 32) | 0, high: randomInt(2 ** 32) | 0 };
    const list = before?.table ?? null;
    if (list !== null) this.use(list.larger());
    this.ready = this.begin();
  }

  nudge(): void {}

  private async begin(): Promise<void> {
    const { store } = this;
    // What was published before the subscription is in the list.
    store.subscribe(
      store.key(revocationNames.channel),
      message => this.hear(message),
      code => {
        if (code !== null && code === this.deafness) return;
        this.deafness = code;
        void this.syncOnceMore();
      },
    );
    store.onAvailability(available => {
      if (available) void this.sync();
      else if (!this.stopped) this.outlet.report('revocations are not received: the store is away');
    });
    await store.open();
    await this.sync();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.next);
    void this.store.close();
  }

  /** Reads the list; a call during a reading gets the promise of that reading. */
  private sync(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.underWay ??= this.readAnew().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  /** Reads the list after any reading under way, which may have passed the change already. */
  private async syncOnceMore(): Promise<void> {
    await this.underWay;
    await this.sync();
  }

  private async readAnew(): Promise<void> {
    clearTimeout(this.next);
    this.meanwhile = [];
    try {
      const entries = await this.readAll();
      const all = [...entries, ...this.meanwhile];
      const table = RevocationTable.for(all.length);
      for (const entry of all) this.enter(table, entry);
      if (this.stopped) return;
      this.use(table);
      this.failures = 0;
      this.outlet.report(this.trouble);
    } catch (error) {
      this.failures++;
      // The message contains no address: the store's own errors have none.
      if (!this.stopped) this.outlet.report(`the list of revoked tokens cannot be read: ${messageOf(error)}`);
    } finally {
      if (!this.stopped) this.next = setTimeout(() => void this.sync(), this.pauseMs());
    }
  }

  /** What is wrong although the list has been read; null when nothing is. */
  private get trouble(): string | null {
    if (this.deafness !== null)
      return `messages about revoked tokens are not received, only the list is read: Redis says ${this.deafness}`;
    return this.isBeforeUnreadable
      ? `${revocationNames.before} revokes nothing: expected a time in seconds since 1970`
      : null;
  }

  private pauseMs(): number {
    const { syncMs } = this.spec;
    return this.failures === 0 ? syncMs : retryPauseMs(this.failures, Math.min(RETRY_MIN_MS, syncMs), syncMs);
  }

  private async readAll(): Promise<readonly Entry[]> {
    const { store } = this;
    const nowS = Date.now() / 1_000;
    const entries: Entry[] = [];
    await this.scan(revocationNames.ids, (name, seconds) => {
      // An expired token is refused anyway, once no accepted clock skew can make it valid.
      if (seconds + SKEW_MAX_S > nowS) entries.push({ kind: 'id', name, seconds });
    });
    await this.scan(revocationNames.subjects, (name, seconds) => entries.push({ kind: 'subject', name, seconds }));
    const before = secondsOf(String((await store.command('GET', store.key(revocationNames.before))) ?? 0));
    this.isBeforeUnreadable = Number.isNaN(before);
    if (before > 0) entries.push({ kind: 'before', seconds: before });
    return entries;
  }

  private async scan(set: string, take: (name: string, seconds: number) => void): Promise<void> {
    const { store } = this;
    let cursor = '0';
    let seen = 0;
    do {
      const reply = await store.command('ZSCAN', store.key(set), cursor, 'COUNT', PAGE);
      // Because: ZSCAN returns the next cursor, and a flat list of members and scores.
      const [nextCursor, pairs] = reply as [string, string[]];
      cursor = nextCursor;
      for (let i = 0; i < pairs.length; i += 2) take(pairs[i]!, secondsOf(pairs[i + 1]!));
      seen += pairs.length / 2;
      if (seen > ENTRIES_MAX) throw new Error(`${set} has more than ${ENTRIES_MAX} entries`);
    } while (cursor !== '0');
  }

  private hear(message: string): void {
    const entry = entryOf(message);
    if (entry === null) {
      this.outlet.log('warn', 'a message about revoked tokens cannot be understood', {});
      return;
    }
    if (this.underWay !== null) this.meanwhile.push(entry);
    const { table } = this;
    if (table === null || this.enter(table, entry)) return;
    if (table.entries >= GROWN_ENTRIES_MAX) {
      void this.sync();
      return;
    }
    // Because: a reading would come too late for this entry, and it may fail.
    const larger = table.larger();
    this.enter(larger, entry);
    this.use(larger);
  }

  private use(table: RevocationTable): void {
    this.table = table;
    this.outlet.publish({ key: this.key, memory: table.memory });
  }

  /** False when the table has no room. */
  private enter(table: RevocationTable, entry: Entry): boolean {
    if (entry.kind === 'before') {
      table.beforeS = Math.max(table.beforeS, entry.seconds);
      return true;
    }
    const print = entry.kind === 'id' ? idFingerprint(this.key, entry.name) : subjectFingerprint(this.key, entry.name);
    return table.add(print, entry.seconds);
  }
}

/** A time as Redis writes a score: `inf` is one that never comes, for what is revoked for ever. */
function secondsOf(score: string): number {
  return Number(score.replace(/inf$/, 'Infinity'));
}

/** Null for a message that is not a revocation. */
function entryOf(message: string): Entry | null {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  // Because: every member is checked before it is used.
  const { exp, before, ...named } = value as Readonly<Record<string, unknown>>;
  // Some issuers use numbers for these, in tokens as well.
  const [jti, sub] = [named['jti'], named['sub']].map(each => (Number.isSafeInteger(each) ? String(each) : each));
  const time = typeof before === 'number' && Number.isFinite(before) ? before : null;
  if (typeof jti === 'string' && jti !== '')
    return { kind: 'id', name: jti, seconds: typeof exp === 'number' && Number.isFinite(exp) ? exp : 0xffffffff };
  if (typeof sub === 'string' && sub !== '' && time !== null) return { kind: 'subject', name: sub, seconds: time };
  return jti === undefined && sub === undefined && time !== null ? { kind: 'before', seconds: time } : null;
}
