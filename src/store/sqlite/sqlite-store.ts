// A SQLite file on this machine. Calls are synchronous and take microseconds to milliseconds: for the supervisor, or for what a
// worker does once in a while. Not for each request.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Holds } from '../holds.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';

/** How often to check whether the open file still lies in its place. */
const LOOK_EVERY_MS = 500;

export class SqliteStore {
  readonly kind = 'sqlite';
  readonly spec: StoreSpec;
  readonly holds = new Holds();
  private opened: DatabaseSync | null = null;
  private closed = false;
  private readonly closing = new Set<() => Promise<void>>();
  private readonly connections = new Set<DatabaseSync>();
  /** Identity of the file that was opened last; null before the first. */
  private file: string | null = null;
  private lookedAt = 0;

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /** The file, opened on first use and made if it does not exist. Throws `StoreAway` when it cannot be opened. */
  get database(): DatabaseSync {
    this.look();
    return (this.opened ??= this.openFile());
  }

  /**
   * Closes all connections when the file was replaced or removed: nobody would read what is written to the old file, and what others write
   * to the new one would not be seen. An owner of a connection calls this before each use.
   */
  look(): void {
    const now = performance.now();
    if (this.connections.size === 0 || now - this.lookedAt < LOOK_EVERY_MS) return;
    this.lookedAt = now;
    // Because: SQLite notices by itself that the file is gone, and then leaves a file in its place alone.
    if (fileAt(this.spec.path) !== this.file) this.closeConnections();
  }

  /**
   * A separate connection with its own busy timeout, for a user that must not block the event loop for `commandTimeoutMs`. Throws SQLite's
   * errors, and `StoreAway` when the store was closed or its file is gone. It is closed with the store.
   */
  connect(busyTimeoutMs: number): DatabaseSync {
    const { name, path: file } = this.spec;
    if (this.closed) throw new StoreAway(name, 'it was closed');
    const there = fileAt(file);
    // Because: whoever removed the file may be about to put another one in its place.
    if (this.file !== null && there === null) throw new StoreAway(name, 'its file is gone');
    // Because: `look` may have come before the file was replaced, and compares with the file that was opened last.
    if (this.file !== there) this.closeConnections();
    makeFolder(path.dirname(path.resolve(file)));
    const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    try {
      // With WAL, readers never wait for a writer, and a commit costs no fsync: a power cut may lose the last writes, never the file.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    } catch (error) {
      database.close();
      throw error;
    }
    this.connections.add(database);
    this.file = there ?? fileAt(file);
    return database;
  }

  /** Tries to open the file. Never rejects: the next use reports the failure. */
  async open(): Promise<void> {
    try {
      void this.database;
    } catch {
      // Because: users of the store learn from their own calls that it is away.
    }
  }

  get available(): boolean {
    return this.opened !== null;
  }

  /** Registers what has to be written before the file is closed. */
  onClose(last: () => Promise<void>): void {
    this.closing.add(last);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.closing].map(last => last()));
    this.closed = true;
    this.closeConnections();
  }

  private closeConnections(): void {
    for (const database of this.connections) database.close();
    this.connections.clear();
    this.opened = null;
  }

  private openFile(): DatabaseSync {
    const { name, commandTimeoutMs } = this.spec;
    try {
      return this.connect(commandTimeoutMs);
    } catch (error) {
      throw StoreAway.from(error, name);
    }
  }
}

/** Identifies a file, to tell apart files that lie in one place one after another; null when there is none. */
function fileAt(place: string): string | null {
  const there = statSync(place, { throwIfNoEntry: false });
  return there === undefined ? null : `${there.dev} ${there.ino}`;
}

/** Because: `mkdirSync` with `recursive` never returns where a folder accepts no other, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another thread or process may have made it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}
