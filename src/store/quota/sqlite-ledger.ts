// Quotas in a SQLite file, for the gateway of one machine. All of its workers write to it, each a few times a second.

import type { StatementSync } from 'node:sqlite';
import type { SqliteStore } from '../sqlite/sqlite-store.ts';
import { StoreAway } from '../store-away.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

interface Statements {
  readonly add: StatementSync;
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
}

export class SqliteLedger implements QuotaLedger {
  private readonly store: SqliteStore;
  private statements: Statements | null = null;

  constructor(store: SqliteStore) {
    this.store = store;
  }

  async add(entries: readonly LedgerEntry[]): Promise<readonly number[]> {
    try {
      const { add, begin, commit, rollback } = (this.statements ??= this.prepare());
      begin.run();
      try {
        const sums = entries.map(({ key, units, expiresAt }) => Number(add.get(key, units, expiresAt)?.['used'] ?? 0));
        commit.run();
        return sums;
      } catch (error) {
        rollback.run();
        throw error;
      }
    } catch (error) {
      throw StoreAway.because(error, this.store.spec.name);
    }
  }

  private prepare(): Statements {
    const { database } = this.store;
    database.exec(
      'CREATE TABLE IF NOT EXISTS quota (key TEXT PRIMARY KEY, used INTEGER NOT NULL, expires INTEGER NOT NULL)',
    );
    database.prepare('DELETE FROM quota WHERE expires < ?').run(Date.now());
    return {
      add: database.prepare(
        'INSERT INTO quota VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET used = used + excluded.used RETURNING used',
      ),
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      rollback: database.prepare('ROLLBACK'),
    };
  }
}
