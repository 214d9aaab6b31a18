// A SQLite file on this machine. Calls are synchronous and take microseconds to milliseconds: for the supervisor, or for what
// a worker does once in a while. Not for each request.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Holds } from '../holds.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';

/** How often it is looked whether the file that is open still lies in its place. */
const LOOK_EVERY_MS = 500;

export class SqliteStore {
  readonly kind = 'sqlite';
  readonly spec: StoreSpec;
  readonly holds = new Holds();
  private opened: DatabaseSync | null = null;
  private closed = false;
  private readonly closing = new Set<() => Promise<void>>();
  private readonly connections = new Set<DatabaseSync>();
  /** Which file was opened last; null for none yet. */
  private file: string | null = null;
  private lookedAt = 0;

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /** The file, opened when it is asked for first, made when it is not there. Throws `StoreAway` when it cannot be. */
  get database(): DatabaseSync {
    this.look();
    return (this.opened ??= this.openFile());
  }

  /**
   * Closes what is open when another file was put in its place, or none: nobody would read what is written there, and what others write would not be seen. For
   * whoever keeps a connection, to be called before he uses it.
   */
  look(): void {
    const now = performance.now();
    if (this.connections.size === 0 || now - this.lookedAt < LOOK_EVERY_MS) return;
    this.lookedAt = now;
    // Because: SQLite sees by itself that the file has gone, and then leaves what lies in its place alone.
    if (fileAt(this.spec.path) !== this.file) this.closeConnections();
  }

  /**
   * A connection of its own, for whoever waits for a lock otherwise than `commandTimeout` in the middle of the loop. Throws what
   * SQLite says. Closed with the store.
   */
  connect(busyTimeoutMs: number): DatabaseSync {
    const { name, path: file } = this.spec;
    if (this.closed) throw new StoreAway(name, 'it was closed');
    // Because: whoever took it away may be about to put another one there.
    if (this.file !== null && fileAt(file) === null) throw new StoreAway(name, 'its file is gone');
    makeFolder(path.dirname(path.resolve(file)));
    const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    try {
      // Readers never wait for a writer, and a commit costs no fsync: a power cut may lose the last writes, never the file.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    } catch (error) {
      database.close();
      throw error;
    }
    this.connections.add(database);
    this.file = fileAt(file);
    return database;
  }

  /** Tries to open the file. Never rejects: whoever asks next is told. */
  async open(): Promise<void> {
    try {
      void this.database;
    } catch {
      // Because: a store that is away is told to those who use it.
    }
  }

  get available(): boolean {
    return this.opened !== null;
  }

  /** What is to be written before the file is closed. */
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
      throw StoreAway.because(error, name);
    }
  }
}

/** Tells files apart that lie in one place one after another; null when there is none. */
function fileAt(place: string): string | null {
  const there = statSync(place, { throwIfNoEntry: false });
  return there === undefined ? null : `${there.dev} ${there.ino}`;
}

/** Because: `mkdirSync` with `recursive` tries without end where a folder takes no other, as below /proc. */
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
