// Memory that the threads of the process share, besides the metric cells, by name. Made in the supervisor; outlives reloads and workers.

import type { SharedTableNeed } from '../exchange/worker-services.ts';

/** How long a table outlives the last configuration that needs it: a configuration that needs it again finds its counts and entries. */
const KEPT_MS = 3_600_000;

export interface SharedTable {
  readonly memory: SharedArrayBuffer;
  /** Tells apart successive tables of the same name: a table posted to a thread arrives as a new object each time. */
  readonly generation: number;
}

export class SharedTables {
  private readonly tables = new Map<string, SharedTable>();
  /** Since when each table has not been needed, by name; milliseconds of the monotonic clock. */
  private readonly unneededSince = new Map<string, number>();
  private made = 0;

  /** Makes the tables that do not exist. An existing table keeps its size, because its cells are in use. */
  ensure(needs: readonly SharedTableNeed[]): void {
    for (const { name, bytes } of needs) {
      if (!this.tables.has(name))
        this.tables.set(name, { memory: new SharedArrayBuffer(bytes), generation: ++this.made });
    }
  }

  /** Drops tables that have not been needed for KEPT_MS. To be called with the current needs whenever they change. */
  keepOnly(needs: readonly SharedTableNeed[], nowMs: number): void {
    const needed = new Set(needs.map(({ name }) => name));
    for (const name of this.tables.keys()) {
      const since = this.unneededSince.get(name) ?? nowMs;
      if (needed.has(name)) this.unneededSince.delete(name);
      else if (nowMs - since < KEPT_MS) this.unneededSince.set(name, since);
      else {
        this.tables.delete(name);
        this.unneededSince.delete(name);
      }
    }
  }

  /** Can be posted to a worker: the memory is shared, not copied. */
  get all(): ReadonlyMap<string, SharedTable> {
    return this.tables;
  }
}
