// Quotas in a SQLite file, for the gateway of one machine. All of its workers write to it, each a few times a second. A file that is
// locked is tried again a few milliseconds later: nobody waits for a lock in the middle of the loop.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { isBusy } from '../sqlite/is-busy.ts';
import { OwnConnection } from '../sqlite/own-connection.ts';
import type { SqliteStore } from '../sqlite/sqlite-store.ts';
import { StoreAway } from '../store-away.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

const RETRY_MS = 5;
/** How often what is over goes, and how much of it at once: a thousand rows take a millisecond or two. */
const CLEAN_EVERY_MS = 60_000;
const CLEANED_AT_ONCE = 1_000;

const schema = `
  CREATE TABLE IF NOT EXISTS quota (key TEXT PRIMARY KEY, used INTEGER NOT NULL, expires INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS quota_expiry ON quota (expires);`;

interface Statements {
  readonly database: DatabaseSync;
  readonly add: StatementSync;
  readonly clean: StatementSync;
}

export class SqliteLedger implements QuotaLedger {
  private readonly store: SqliteStore;
  private readonly connection: OwnConnection;
  private statements: Statements | null = null;
  private cleanAt = 0;

  constructor(store: SqliteStore) {
    this.store = store;
    this.connection = new OwnConnection(store, database => database.exec(schema));
  }

  /** Within the store's `commandTimeout`. */
  async add(entries: readonly LedgerEntry[]): Promise<readonly number[]> {
    const until = performance.now() + this.store.spec.commandTimeoutMs;
    for (;;) {
      try {
        return this.addNow(entries);
      } catch (error) {
        if (!isBusy(error) || performance.now() >= until) throw StoreAway.because(error, this.store.spec.name);
      }
      await delay(RETRY_MS);
    }
  }

  private addNow(entries: readonly LedgerEntry[]): readonly number[] {
    const { database, add, clean } = this.prepared();
    const now = performance.now();
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

  private prepared(): Statements {
    const { database } = this.connection;
    if (this.statements?.database === database) return this.statements;
    this.statements = {
      database,
      add: database.prepare(
        // Columns by name: a later version may have added one.
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
