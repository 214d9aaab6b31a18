// API keys in a SQLite file. A lookup takes microseconds and no round trip, so each worker reads the file itself.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OwnConnection } from '../sqlite/own-connection.ts';
import type { SqliteStore } from '../sqlite/sqlite-store.ts';
import { byConsumerAndId, detailsOf, KeyExists, type KeyRecord, type KeyStore, recordFromRow } from './key-record.ts';

// Because: triggers count every change, including one made by hand with the sqlite3 tool.
const schema = `
  CREATE TABLE IF NOT EXISTS cardea_keys (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, consumer TEXT NOT NULL, details TEXT NOT NULL DEFAULT '{}'
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cardea_keys_version (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);
  INSERT OR IGNORE INTO cardea_keys_version VALUES (1, 0);
  ${['INSERT', 'UPDATE', 'DELETE']
    .map(
      event => `CREATE TRIGGER IF NOT EXISTS cardea_keys_${event.toLowerCase()} AFTER ${event} ON cardea_keys
    BEGIN UPDATE cardea_keys_version SET version = version + 1; END;`,
    )
    .join('\n')}`;

interface Statements {
  readonly database: DatabaseSync;
  readonly version: StatementSync;
  readonly find: StatementSync;
}

export class SqliteKeys implements KeyStore {
  private readonly store: SqliteStore;
  /** For requests: it never blocks the event loop to wait for a lock. */
  private readonly connection: OwnConnection;
  private statements: Statements | null = null;
  /** Incremented with each file: a file that replaces another one may have the same number of changes. */
  private files = 0;

  constructor(store: SqliteStore) {
    this.store = store;
    this.connection = new OwnConnection(store, makeTables);
  }

  version(): string | Promise<string> {
    return this.connection.ask(database => {
      const row = this.prepared(database).version.get();
      return `${this.files} ${row?.['version']}`;
    });
  }

  find(hash: string): KeyRecord | null | Promise<KeyRecord | null> {
    return this.connection.ask(database => {
      const row = this.prepared(database).find.get(hash);
      return row === undefined ? null : recordFromRow({ ...row, hash });
    });
  }

  async prepare(): Promise<void> {
    makeTables(this.store.database);
  }

  async add(record: KeyRecord): Promise<void> {
    await this.prepare();
    const insert = this.store.database.prepare(
      'INSERT OR IGNORE INTO cardea_keys (hash, id, consumer, details) VALUES (?, ?, ?, ?)',
    );
    const { changes } = insert.run(record.hash, record.id, record.consumer, detailsOf(record));
    if (Number(changes) === 0) throw new KeyExists(record.id);
  }

  async revoke(id: string): Promise<boolean> {
    await this.prepare();
    const { changes } = this.store.database.prepare('DELETE FROM cardea_keys WHERE id = ?').run(id);
    return Number(changes) > 0;
  }

  async list(): Promise<readonly KeyRecord[]> {
    await this.prepare();
    const rows = this.store.database.prepare('SELECT hash, id, consumer, details FROM cardea_keys').all();
    return rows.map(recordFromRow).sort(byConsumerAndId);
  }

  private prepared(database: DatabaseSync): Statements {
    if (this.statements?.database === database) return this.statements;
    this.files++;
    this.statements = {
      database,
      version: database.prepare('SELECT version FROM cardea_keys_version'),
      find: database.prepare('SELECT id, consumer, details FROM cardea_keys WHERE hash = ?'),
    };
    return this.statements;
  }
}

/** Writes nothing when the tables exist: the file may be read-only. */
function makeTables(database: DatabaseSync): void {
  const known = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'cardea_keys_delete'").get();
  if (known === undefined) database.exec(schema);
}
