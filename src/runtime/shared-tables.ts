// Memory that the process's threads share beside the metric cells, by name. Made in the supervisor, outlives reloads and workers.

import type { SharedTableNeed } from '../exchange/worker-services.ts';

/** So long a table stays that no configuration needs: one that is put back meanwhile goes on with what was counted and seen. */
const KEPT_MS = 3_600_000;

export interface SharedTable {
  readonly memory: SharedArrayBuffer;
  /** Tells tables apart that had one name one after the other: what is posted to a thread is another object each time. */
  readonly generation: number;
}

export class SharedTables {
  private readonly tables = new Map<string, SharedTable>();
  /** By name, in milliseconds of the monotonic clock. */
  private readonly unneededSince = new Map<string, number>();
  private made = 0;

  /** Makes those that are not there. One that exists keeps its size: its cells are in use. */
  ensure(needs: readonly SharedTableNeed[]): void {
    for (const { name, bytes } of needs) {
      if (!this.tables.has(name))
        this.tables.set(name, { memory: new SharedArrayBuffer(bytes), generation: ++this.made });
    }
  }

  /** Gives up what has not been needed for long. To be told what is needed now whenever that changes. */
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
