// A connection to a SQLite file that never waits for a lock: for whoever comes back instead of holding up the loop. Knows no table.

import type { DatabaseSync } from 'node:sqlite';
import type { SqliteStore } from './sqlite-store.ts';

export class OwnConnection {
  private readonly store: SqliteStore;
  private readonly prepare: (database: DatabaseSync) => void;
  private opened: DatabaseSync | null = null;
  private isPrepared = false;

  /** `prepare` makes the tables. Where the file is locked it is called again with the next question. */
  constructor(store: SqliteStore, prepare: (database: DatabaseSync) => void) {
    this.store = store;
    this.prepare = prepare;
  }

  /** Opened and prepared when it is asked for first. Throws what SQLite says, and `StoreAway` when the store was closed. */
  get database(): DatabaseSync {
    this.store.look();
    if (this.opened?.isOpen !== true) {
      this.opened = this.store.connect(0);
      this.isPrepared = false;
    }
    if (!this.isPrepared) {
      this.prepare(this.opened);
      this.isPrepared = true;
    }
    return this.opened;
  }
}
