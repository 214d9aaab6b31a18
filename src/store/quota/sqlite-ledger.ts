// Quotas in a SQLite file, for the gateway of one machine. All of its workers write to it, each a few times a second. While the file is
// locked, a write is retried a few milliseconds later: the event loop never waits for a lock.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OwnConnection } from '../sqlite/own-connection.ts';
import type { SqliteStore } from '../sqlite/sqlite-store.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

/** How often expired keys are deleted, and how many at once: a thousand rows take a millisecond or two. */
const CLEAN_EVERY_MS = 60_000;
const CLEANED_AT_ONCE = 1_000;
/**
 * A clock that is set wrong, by hand or when the machine starts, is mostly corrected within minutes. Expired keys are deleted only after
 * the clock has run evenly for this long: otherwise quotas whose period is not over would begin anew.
 */
const CLOCK_TRUSTED_AFTER_MS = 600_000;
const CLOCK_LEAP_MS = 60_000;

const schema = `
  CREATE TABLE IF NOT EXISTS quota (key TEXT PRIMARY KEY, used INTEGER NOT NULL, expires INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS quota_expiry ON quota (expires);`;

interface Statements {
  readonly database: DatabaseSync;
  readonly add: StatementSync;
  readonly clean: StatementSync;
}

/**
 * Needs no `turn`: a call that fails has added nothing. SQLite reports no failure after the moment at which a commit counts (a checkpoint that
 * fails behind it is not reported), and a transaction whose COMMIT failed is rolled back. A process that dies between the commit and its answer
 * loses the entry with its book, and does not send it again.
 */
export class SqliteLedger implements QuotaLedger {
  private readonly connection: OwnConnection;
  private statements: Statements | null = null;
  private cleanAt = performance.now() + CLOCK_TRUSTED_AFTER_MS;
  /** Milliseconds by which the wall clock is ahead of the monotonic clock. */
  private clockAhead = Date.now() - performance.now();

  constructor(store: SqliteStore) {
    this.connection = new OwnConnection(store, database => database.exec(schema));
  }

  async add(entries: readonly LedgerEntry[]): Promise<readonly number[]> {
    return this.connection.ask(database => this.addIn(database, entries));
  }

  private addIn(database: DatabaseSync, entries: readonly LedgerEntry[]): readonly number[] {
    const { add, clean } = this.prepared(database);
    const now = performance.now();
    this.watchClock(now);
    const cleans = now >= this.cleanAt;
    database.exec('BEGIN IMMEDIATE');
    try {
      const sums = entries.map(({ key, units, expiresAt }) => Number(add.get(key, units, expiresAt)?.['used'] ?? 0));
      if (cleans) clean.run(Date.now(), CLEANED_AT_ONCE);
      database.exec('COMMIT');
      if (cleans) this.cleanAt = now + CLEAN_EVERY_MS;
      return sums;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  private watchClock(now: number): void {
    const ahead = Date.now() - now;
    if (Math.abs(ahead - this.clockAhead) <= CLOCK_LEAP_MS) return;
    this.clockAhead = ahead;
    this.cleanAt = now + CLOCK_TRUSTED_AFTER_MS;
  }

  private prepared(database: DatabaseSync): Statements {
    if (this.statements?.database === database) return this.statements;
    this.statements = {
      database,
      add: database.prepare(
        // Names the columns: a later version may have added one.
        `INSERT INTO quota (key, used, expires) VALUES (?, ?, ?)
           ON CONFLICT (key) DO UPDATE SET used = used + excluded.used RETURNING used`,
      ),
      clean: database.prepare(
        'DELETE FROM quota WHERE key IN (SELECT key FROM quota WHERE expires < ? ORDER BY expires LIMIT ?)',
      ),
    };
    return this.statements;
  }
}
