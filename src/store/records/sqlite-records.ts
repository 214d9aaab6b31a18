// Records in a SQLite file, for the gateways of one machine.

import type { DatabaseSync } from 'node:sqlite';
import { OwnConnection } from '../sqlite/own-connection.ts';
import type { SqliteStore } from '../sqlite/sqlite-store.ts';
import { type KeptRecord, RECORD_DAYS, type RecordBook } from './record-book.ts';

const DAY_MS = 86_400_000;

export class SqliteRecords implements RecordBook {
  private readonly connection: OwnConnection;

  constructor(store: SqliteStore) {
    this.connection = new OwnConnection(store, makeTable);
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, KeptRecord>> {
    return this.connection.ask(database => {
      const select = database.prepare('SELECT version, text, used FROM cardea_records WHERE key = ?');
      const touch = database.prepare('UPDATE cardea_records SET used = ? WHERE key = ?');
      const found = new Map<string, KeptRecord>();
      for (const key of keys) {
        const row = select.get(key);
        if (row === undefined) continue;
        found.set(key, { version: Number(row['version']), text: String(row['text']) });
        if (Number(row['used']) < Date.now() - DAY_MS) touch.run(Date.now(), key);
      }
      return found;
    });
  }

  async write(key: string, text: string, before: number): Promise<boolean> {
    return this.connection.ask(database => {
      const write =
        before === 0
          ? database.prepare('INSERT OR IGNORE INTO cardea_records (text, used, key, version) VALUES (?, ?, ?, ? + 1)')
          : database.prepare(
              'UPDATE cardea_records SET text = ?, used = ?, version = version + 1 WHERE key = ? AND version = ?',
            );
      return Number(write.run(text, Date.now(), key, before).changes) === 1;
    });
  }
}

function makeTable(database: DatabaseSync): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS cardea_records (key TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL, used INTEGER NOT NULL)',
  );
  database.prepare('DELETE FROM cardea_records WHERE used < ?').run(Date.now() - RECORD_DAYS * DAY_MS);
}
