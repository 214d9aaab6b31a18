// What one worker knows of quotas: the sum of each key as the ledger told it last, and what was used since. Tells the ledger a few
// times a second; requests do not wait for it, but for the first one of a key, and for those near the limit.

import { RecentMap } from '../../base/recent-map.ts';
import { reasonOf } from '../store-away.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

/** How often what was used is told; a key near its limit is told at once. */
const TELL_EVERY_MS = 250;
const TOLD_AT_ONCE = 256;
/** A request is near the limit when no more than so many of its kind fit. */
const NEAR_REQUESTS = 16;
/** How old the sum of a key near its limit may be: others use it up as well. */
const HEARD_MS_MAX = 20;
/** Callers at hand; the ledger is asked again for those that were idle longest, however many come by. */
const LINES_MAX = 65_536;
/** Callers whose use waits for a ledger that is away; what more of them use is forgotten. */
const UNTOLD_MAX = 65_536;

/** One key in one period. */
export interface QuotaLine {
  readonly key: string;
  readonly expiresAt: number;
  /** As the ledger told it last, with what was used here since. */
  sum: number;
  /** Not told yet. */
  untold: number;
  /** Told, and not answered so far; told again as it is. */
  asked: LedgerEntry | null;
  /** Whether the ledger has told its sum. */
  isKnown: boolean;
  /** When it did last, in milliseconds of the monotonic clock. */
  heardAt: number;
}

export interface QuotaBookEvents {
  /** The ledger has taken `units`; the sum of all gateways went from `sum - units` to `sum`. */
  told(line: QuotaLine, units: number, sum: number): void;
  /** Why the ledger does not answer, when it begins not to; null when it does again. */
  away(reason: string | null): void;
}

export class QuotaBook {
  isAway = false;
  private readonly ledger: QuotaLedger;
  private readonly events: QuotaBookEvents;
  private readonly lines = new RecentMap<QuotaLine>(LINES_MAX);
  private readonly dirty = new Set<QuotaLine>();
  private timer: NodeJS.Timeout | null = null;
  private telling: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;
  private isClosed = false;
  private turns = 0;

  constructor(ledger: QuotaLedger, events: QuotaBookEvents) {
    this.ledger = ledger;
    this.events = events;
  }

  /** The line of a key, new ones unknown. */
  line(key: string, expiresAt: number): QuotaLine {
    let line = this.lines.get(key);
    if (line === undefined) {
      line = { key, expiresAt, sum: 0, untold: 0, asked: null, isKnown: false, heardAt: 0 };
      this.lines.set(key, line);
    }
    return line;
  }

  use(line: QuotaLine, units: number, limit: number): void {
    line.sum += units;
    if (this.dirty.size >= UNTOLD_MAX && !this.dirty.has(line)) return;
    line.untold += units;
    this.dirty.add(line);
    // The nearer to the limit, the sooner the others have to know.
    if (line.untold * NEAR_REQUESTS >= limit - line.sum) this.plan(0);
    else this.plan(TELL_EVERY_MS);
  }

  /** Whether a request that would fit by what is known should ask the ledger first: little is left, which others may have used meanwhile. */
  isDoubtful(line: QuotaLine, units: number, limit: number): boolean {
    const left = limit - line.sum;
    if (left < units || left > units * NEAR_REQUESTS || this.isAway) return false;
    return performance.now() - line.heardAt > HEARD_MS_MAX;
  }

  /** Asks the ledger for a line's sum. Never rejects: `isKnown` says whether it came. */
  async ask(line: QuotaLine): Promise<void> {
    this.dirty.add(line);
    await this.tell();
  }

  /** Tells the ledger everything, one call behind the other; who comes while one waits for its turn goes with it. */
  tell(): Promise<void> {
    if (this.next === null) {
      this.next = this.telling.then(() => {
        this.next = null;
        return this.tellAll();
      });
      this.telling = this.next;
    }
    return this.next;
  }

  /** Tells what there is for the last time: behind this the ledger is closed. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.tell();
  }

  private plan(afterMs: number): void {
    if (this.isClosed) return;
    if (this.timer !== null && afterMs > 0) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.tell();
    }, afterMs);
    this.timer.unref();
  }

  private async tellAll(): Promise<void> {
    const again: QuotaLine[] = [];
    let failed: boolean | null = null;
    let reason = 'a part of it does not answer';
    for (let isAway = false; this.dirty.size > 0 && !isAway; ) {
      const lines = this.someDirty();
      for (const line of lines) this.dirty.delete(line);
      const entries = lines.map(line => this.entryOf(line));
      // Because: what could not be told is told the next time; the store says by itself that it is away.
      const sums = await this.ledger.add(entries).catch((error: unknown) => {
        reason = reasonOf(error);
        return null;
      });
      isAway = sums === null;
      failed ??= false;
      for (const [at, line] of lines.entries()) {
        const { units } = entries[at]!;
        const sum = sums?.[at] ?? null;
        if (sum === null) {
          failed = true;
          if (units === 0) line.asked = null;
          if (units !== 0 || line.untold !== 0) again.push(line);
          continue;
        }
        line.asked = null;
        if (line.untold !== 0) this.dirty.add(line);
        line.sum = sum + line.untold;
        line.isKnown = true;
        line.heardAt = performance.now();
        if (units > 0) this.events.told(line, units, sum);
      }
    }
    for (const line of again) this.dirty.add(line);
    if (failed !== null) this.become(failed ? reason : null);
    if (failed === true) this.plan(TELL_EVERY_MS);
  }

  /** What is told of a line now: what was told before and not answered first, since it may have been added. */
  private entryOf(line: QuotaLine): LedgerEntry {
    if (line.asked !== null) return line.asked;
    const { key, untold, expiresAt } = line;
    line.asked = { key, units: untold, turn: ++this.turns, expiresAt };
    line.untold = 0;
    return line.asked;
  }

  private someDirty(): QuotaLine[] {
    const lines: QuotaLine[] = [];
    for (const line of this.dirty) {
      if (lines.push(line) === TOLD_AT_ONCE) break;
    }
    return lines;
  }

  private become(reason: string | null): void {
    if (this.isAway === (reason !== null)) return;
    this.isAway = reason !== null;
    this.events.away(reason);
  }
}
