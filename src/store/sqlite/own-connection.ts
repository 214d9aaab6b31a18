// A connection to a SQLite file that retries later instead of blocking the event loop on a lock. Knows no table.

import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreAway } from '../store-away.ts';
import { isBusy } from './is-busy.ts';
import type { SqliteStore } from './sqlite-store.ts';

const RETRY_MS = 5;

export class OwnConnection {
  private readonly store: SqliteStore;
  private readonly prepare: (database: DatabaseSync) => void;
  private opened: DatabaseSync | null = null;
  private isPrepared = false;

  /** `prepare` makes the tables. If it fails, as when the file is locked, it is called again for the next question. */
  constructor(store: SqliteStore, prepare: (database: DatabaseSync) => void) {
    this.store = store;
    this.prepare = prepare;
  }

  /** The result of `act`: at once, or by a promise, within `commandTimeoutMs`, while the file is locked. Fails with `StoreAway`. */
  ask<Value>(act: (database: DatabaseSync) => Value): Value | Promise<Value> {
    try {
      return act(this.database);
    } catch (error) {
      if (!isBusy(error)) throw StoreAway.from(error, this.store.spec.name);
      return this.askAgain(act);
    }
  }

  private async askAgain<Value>(act: (database: DatabaseSync) => Value): Promise<Value> {
    const { name, commandTimeoutMs } = this.store.spec;
    const until = performance.now() + commandTimeoutMs;
    for (;;) {
      await delay(RETRY_MS);
      try {
        return act(this.database);
      } catch (error) {
        if (!isBusy(error) || performance.now() >= until) throw StoreAway.from(error, name);
      }
    }
  }

  /** The connection, opened and prepared on first use. Throws SQLite's errors, and `StoreAway` when the store was closed. */
  private get database(): DatabaseSync {
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
