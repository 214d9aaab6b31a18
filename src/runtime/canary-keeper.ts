// Keeps canaries in one store: reads periodically what the gateways have agreed on, and writes what this gateway decided. A store that is
// unavailable is tried again. How decisions are made is not known here.

import { isDeepStrictEqual } from 'node:util';
import type { RecordBook } from '../store/records/record-book.ts';
import { recordsIn } from '../store/records/records-in.ts';
import { makeStore, type Store } from '../store/store.ts';
import { reasonOf } from '../store/store-away.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { CanaryAgreement } from '../upstream/canary/canary-agreement.ts';
import type { Decision, Look } from '../upstream/canary/canary-state.ts';

const SYNC_EVERY_MS = 500;

/** One canary whose state is kept in a store. */
export interface KeptEntry {
  /** Name of the record in the store. */
  readonly record: string;
  readonly agreement: CanaryAgreement;
  counts(): Look;
  /** Called when the state has changed; null when the change comes from another gateway. */
  changed(decision: Decision | null): void;
}

export class CanaryKeeper {
  readonly spec: StoreSpec;
  private readonly store: Store;
  private readonly book: RecordBook | null;
  private readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  private readonly entries: (serving: boolean) => readonly KeptEntry[];
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | null = null;
  /** Whether the running round is for the canaries that serve. */
  private isForServing = false;
  private isAway = false;

  /** `entries` returns the canaries that this store keeps now: those that serve, or those of a configuration about to serve. */
  constructor(spec: StoreSpec, entries: CanaryKeeper['entries'], log: CanaryKeeper['log']) {
    this.spec = spec;
    this.entries = entries;
    this.log = log;
    this.store = makeStore(spec);
    this.book = recordsIn(this.store);
    this.timer = setInterval(() => void this.sync(true), SYNC_EVERY_MS);
    this.timer.unref();
  }

  isOf(spec: StoreSpec): boolean {
    return isDeepStrictEqual(spec, this.spec);
  }

  /**
   * One round for the canaries that serve, or only a read for those about to serve, which starts no canary. Returns the running round if
   * there is one; a round for those about to serve follows a running round that does not read them. Never rejects.
   */
  sync(serving: boolean): Promise<void> {
    if (this.running === null) {
      this.isForServing = serving;
      this.running = this.turn(serving).finally(() => {
        this.running = null;
      });
    } else if (!serving && this.isForServing) {
      return this.running.then(() => this.sync(false));
    }
    return this.running;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.store.close();
  }

  private async turn(serving: boolean): Promise<void> {
    const { book } = this;
    if (book === null) return;
    try {
      const entries = this.entries(serving);
      const kept = await book.read(entries.map(({ record }) => record));
      for (const entry of entries) {
        const record = kept.get(entry.record);
        const counts = entry.counts();
        if (record !== undefined) {
          if (entry.agreement.foundRecord(record, counts, Date.now() - counts.nowMs)) entry.changed(null);
        } else if (serving) entry.agreement.foundNoRecord(counts);
      }
      if (serving) for (const entry of entries) await this.write(book, entry);
      this.become(false, '');
    } catch (error) {
      this.become(true, reasonOf(error));
    }
  }

  private async write(book: RecordBook, { record, agreement, counts, changed }: KeptEntry): Promise<void> {
    const write = agreement.toWrite(Date.now() - counts().nowMs);
    if (write === null) return;
    if (!(await book.write(record, write.text, write.before))) return agreement.writeRefused();
    const decision = agreement.written(write);
    if (decision !== null) changed(decision);
  }

  private become(isAway: boolean, reason: string): void {
    if (this.isAway === isAway) return;
    this.isAway = isAway;
    const fields = { store: this.spec.name };
    if (isAway) this.log('warn', 'canaries take no steps: their store is away', { ...fields, reason });
    else this.log('info', 'canaries are kept again', fields);
  }
}
