// What this worker offers to its filters: clock, cells, shared memory, feeds, and objects that outlive a reload.

import type { WorkerServices } from '../exchange/worker-services.ts';
import type { ThreadIo } from '../net/io.ts';
import type { Feed, FeedNeed } from '../store/feed.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { WorkerFeeds } from './feeds/worker-feeds.ts';
import type { SharedTable } from './shared-tables.ts';

export interface WorkerServicesParts {
  readonly io: ThreadIo;
  readonly cells: Float64Array;
  readonly feeds: WorkerFeeds;
  readonly log: (level: LogLevel, message: string, fields?: LogFields, isRecord?: boolean) => void;
}

export class SharedWorkerServices implements WorkerServices {
  readonly clock: WorkerServices['clock'];
  readonly cells: Float64Array;
  readonly log: WorkerServicesParts['log'];
  private readonly feeds: WorkerFeeds;
  private tables: ReadonlyMap<string, SharedTable> = new Map();
  private readonly kept = new Map<string, WeakRef<object>>();
  /** A number for each object that a lasting object was made of, in order of first use, to name it in keys. */
  private readonly numbers = new WeakMap<object, number>();
  private lastNumber = 0;
  private readonly forgotten = new FinalizationRegistry<string>(key => {
    if (this.kept.get(key)?.deref() === undefined) this.kept.delete(key);
  });

  constructor({ io, cells, feeds, log }: WorkerServicesParts) {
    this.clock = io.clock;
    this.cells = cells;
    this.feeds = feeds;
    this.log = log;
  }

  /** Sets the tables that the filters of the next configuration may ask for. */
  useTables(tables: ReadonlyMap<string, SharedTable>): void {
    const before = this.tables;
    const keep = (name: string, table: SharedTable): SharedTable => {
      const known = before.get(name);
      return known?.generation === table.generation ? known : table;
    };
    // Because: objects are kept as long as their table is the same object, and a table that is posted again arrives as a new object.
    this.tables = new Map([...tables].map(([name, table]) => [name, keep(name, table)]));
  }

  sharedTable(name: string): SharedArrayBuffer {
    const table = this.tables.get(name);
    if (table === undefined) throw new Error(`no filter said that it needs the shared table "${name}"`);
    return table.memory;
  }

  feed<Value>(need: FeedNeed): Feed<Value> {
    return this.feeds.feed(need);
  }

  lasting<Value extends object>(key: string, make: () => Value, of?: object): Value {
    const name = of === undefined ? key : `${key} of ${this.numberOf(of)}`;
    // Because: every caller makes the same type of object under the same key.
    const known = this.kept.get(name)?.deref() as Value | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.kept.set(name, new WeakRef(made));
    this.forgotten.register(made, name);
    return made;
  }

  private numberOf(object: object): number {
    const known = this.numbers.get(object);
    if (known !== undefined) return known;
    this.numbers.set(object, ++this.lastNumber);
    return this.lastNumber;
  }
}
