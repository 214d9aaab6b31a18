// Memory that the process's threads share beside the metric cells, by name. Made in the supervisor, outlives reloads and workers.

import type { SharedTableNeed } from '../exchange/worker-services.ts';

export class SharedTables {
  private readonly tables = new Map<string, SharedArrayBuffer>();

  /** Makes those that are not there. One that exists keeps its size: its cells are in use. */
  ensure(needs: readonly SharedTableNeed[]): void {
    for (const { name, bytes } of needs) {
      if (!this.tables.has(name)) this.tables.set(name, new SharedArrayBuffer(bytes));
    }
  }

  /** Can be posted to a worker: the memory is shared, not copied. */
  get all(): ReadonlyMap<string, SharedArrayBuffer> {
    return this.tables;
  }
}
