// What one worker knows of quotas: each key's sum as the ledger gave it last, and what was used since. Reports to the ledger a few times a
// second; requests wait for the ledger only when they are the first of a key, or near the limit.

import { RecentMap } from '../../base/recent-map.ts';
import { reasonOf } from '../store-away.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

/** How often use is reported to the ledger; that of a key near its limit is reported at once. */
const REPORT_EVERY_MS = 250;
const REPORTED_AT_ONCE = 256;
/** A request is near the limit when at most this many requests of its size still fit. */
const NEAR_REQUESTS = 16;
/** Maximum age of the sum of a key near its limit: other workers use the quota up as well. */
const HEARD_MS_MAX = 20;
/** Maximum age of the sum of a key that is used up: an operator may have given units back in the store. */
const USED_UP_MS_MAX = 5_000;
/** Number of keys kept here. Beyond it, the longest unused are dropped, and the ledger is asked again for them. */
const LINES_MAX = 65_536;
/** Keys whose use waits for a ledger that is away; further use of other keys is forgotten. */
const UNREPORTED_MAX = 65_536;
/** Name of the only part of a ledger that has no parts. */
const WHOLE = '';

/** One key in one period. */
export interface QuotaLine {
  readonly key: string;
  readonly expiresAt: number;
  /** The sum that the ledger reported last, plus what was used here since. */
  sum: number;
  /** Units used here and not yet reported to the ledger. */
  unreported: number;
  /** Reported, but not answered so far; will be reported again unchanged. */
  asked: LedgerEntry | null;
  /** Whether the ledger has reported the sum. */
  isKnown: boolean;
  /** When it last did, in milliseconds of the monotonic clock. */
  heardAt: number;
}

export interface QuotaBookEvents {
  /** The ledger has added `units`; the sum of all gateways went from `sum - units` to `sum`. */
  reported(line: QuotaLine, units: number, sum: number): void;
  /** Called with the reason when the ledger, or a part of it, stops answering, and with null when all of it answers again. */
  away(reason: string | null): void;
}

export class QuotaBook {
  private readonly ledger: QuotaLedger;
  private readonly events: QuotaBookEvents;
  private readonly lines = new RecentMap<QuotaLine>(LINES_MAX);
  /** Lines with units to report, or whose sum is to be asked for. */
  private readonly dirty = new Set<QuotaLine>();
  /** The parts of the ledger that are away, each with a line that it keeps. */
  private readonly away = new Map<string, QuotaLine>();
  private timer: NodeJS.Timeout | null = null;
  private reporting: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;
  private isClosed = false;
  private turns = 0;

  constructor(ledger: QuotaLedger, events: QuotaBookEvents) {
    this.ledger = ledger;
    this.events = events;
  }

  /** Whether the part of the ledger that keeps the line is away. */
  isAway(line: QuotaLine): boolean {
    return this.away.size > 0 && this.away.has(this.partOf(line));
  }

  /** The line of a key. A new line is not known yet. */
  line(key: string, expiresAt: number): QuotaLine {
    let line = this.lines.get(key);
    if (line === undefined) {
      line = { key, expiresAt, sum: 0, unreported: 0, asked: null, isKnown: false, heardAt: 0 };
      this.lines.set(key, line);
    }
    return line;
  }

  /** Notes units that were used here, and plans the next report. */
  use(line: QuotaLine, units: number, limit: number): void {
    line.sum += units;
    if (this.dirty.size >= UNREPORTED_MAX && !this.dirty.has(line)) return;
    line.unreported += units;
    this.dirty.add(line);
    // The closer to the limit, the sooner other workers and gateways have to know.
    if (line.unreported * NEAR_REQUESTS >= limit - line.sum) this.plan(0);
    else this.plan(REPORT_EVERY_MS);
  }

  /** Whether a request that seems to fit should ask the ledger first: little is left, and others may have used it meanwhile. */
  isDoubtful(line: QuotaLine, units: number, limit: number): boolean {
    const left = limit - line.sum;
    if (left < units || left > units * NEAR_REQUESTS || this.isAway(line)) return false;
    return performance.now() - line.heardAt > HEARD_MS_MAX;
  }

  /** Call it at each refusal: it asks the ledger for the sum again now and then, since nobody else does for a line that is used up. */
  reconsider(line: QuotaLine): void {
    if (this.isAway(line) || line.asked !== null || this.dirty.has(line)) return;
    if (performance.now() - line.heardAt > USED_UP_MS_MAX) void this.ask(line);
  }

  /** Asks the ledger for a line's sum. Never rejects: `isKnown` says whether the sum arrived. */
  async ask(line: QuotaLine): Promise<void> {
    // Because: while the ledger is away, each stranger asks, and then `use` would find the line here.
    if (this.dirty.size < UNREPORTED_MAX) this.dirty.add(line);
    await this.report();
  }

  /**
   * Reports to the ledger all that is there when the report begins, one report after the other. Calls while a report waits for its turn
   * share that report.
   */
  report(): Promise<void> {
    if (this.next === null) {
      this.next = this.reporting.then(() => {
        this.next = null;
        return this.reportAll();
      });
      this.reporting = this.next;
    }
    return this.next;
  }

  /** Reports what is left for the last time: the ledger is closed afterwards. */
  async close(): Promise<void> {
    this.isClosed = true;
    do await this.report();
    while (this.dirty.size > 0 && this.away.size === 0);
  }

  private plan(afterMs: number): void {
    if (this.isClosed) return;
    if (this.timer !== null && afterMs > 0) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.report();
    }, afterMs);
    this.timer.unref();
  }

  private async reportAll(): Promise<void> {
    const failing = new Map<string, QuotaLine>();
    const answering = new Set<string>();
    const again: QuotaLine[] = [];
    let reason = 'a part of it does not answer';
    // Because: under load, each answer finds new use. A report that took it along would not end, and requests wait for that end.
    const due = [...this.dirty];
    const turnBefore = this.turns;
    for (let from = 0; from < due.length; ) {
      const lines: QuotaLine[] = [];
      while (from < due.length && lines.length < REPORTED_AT_ONCE) {
        const line = due[from++]!;
        const isSkipped = failing.size > 0 && failing.has(this.partOf(line));
        if (!isSkipped) lines.push(line);
        if (!isSkipped || (line.asked === null && line.unreported === 0)) this.dirty.delete(line);
      }
      if (lines.length === 0) break;
      const entries = lines.map(line => this.entryOf(line));
      // Because: what could not be reported is sent again the next time, and `away` gets the reason.
      const sums = await this.ledger.add(entries).catch((error: unknown) => {
        reason = `${this.partOf(lines[0]!) === WHOLE ? '' : 'a part of it: '}${reasonOf(error)}`;
        return null;
      });
      for (const [at, line] of lines.entries()) {
        const { units, turn } = entries[at]!;
        const sum = sums?.[at] ?? null;
        if (sum === null) {
          failing.set(this.partOf(line), line);
          if (units === 0) line.asked = null;
          if (units !== 0 || line.unreported !== 0) again.push(line);
          continue;
        }
        if (this.away.size > 0) answering.add(this.partOf(line));
        line.asked = null;
        if (line.unreported !== 0) this.dirty.add(line);
        // What came behind an entry that had to be sent again was there when the report began, too.
        if (line.unreported !== 0 && turn <= turnBefore) due.push(line);
        line.sum = sum + line.unreported;
        line.isKnown = true;
        line.heardAt = performance.now();
        if (units > 0) this.events.reported(line, units, sum);
      }
    }
    for (const line of again) this.dirty.add(line);
    this.judge(failing, answering, reason);
    if (this.dirty.size > 0) this.plan(REPORT_EVERY_MS);
  }

  /** Notes which parts are away after a report. A part that no longer keeps its line has been replaced by another. */
  private judge(failing: ReadonlyMap<string, QuotaLine>, answering: ReadonlySet<string>, reason: string): void {
    const { away } = this;
    const wasAway = away.size > 0;
    for (const [part, line] of away) if (answering.has(part) || this.partOf(line) !== part) away.delete(part);
    for (const [part, line] of failing) away.set(part, line);
    if (wasAway !== away.size > 0) this.events.away(wasAway ? null : reason);
  }

  private partOf({ key }: QuotaLine): string {
    return this.ledger.partOf?.(key) ?? WHOLE;
  }

  /** What to report of a line now. An entry without an answer goes first and unchanged, since it may have been added. */
  private entryOf(line: QuotaLine): LedgerEntry {
    if (line.asked !== null) return line.asked;
    const { key, unreported, expiresAt } = line;
    line.asked = { key, units: unreported, turn: ++this.turns, expiresAt };
    line.unreported = 0;
    return line.asked;
  }
}
