// What a worker offers to the filters it builds, besides their configuration. Types only; src/runtime implements them.

import type { Clock } from '../base/clock.ts';
import type { Feed, FeedNeed } from '../store/feed.ts';
import type { StoreSpec } from '../store/store-spec.ts';

export interface WorkerServices {
  /** Monotonic time, read once a loop turn. */
  readonly clock: Clock;
  /** The worker's metric cells; see `FilterServices.eventCell`. */
  readonly cells: Float64Array;
  /**
   * Writes one line for the operator. Keep the message constant; what varies goes into the fields. Nothing secret. Of many lines with one
   * message most are held back, unless `isRecord` says that each line counts, such as use that is billed.
   */
  log(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields?: Readonly<Record<string, string | number | boolean>>,
    isRecord?: boolean,
  ): void;
  /** Memory that all workers share and that outlives reloads and workers. Throws when the filter's `needs` did not name it. */
  sharedTable(name: string): SharedArrayBuffer;
  /** This worker's view of a feed. Throws when the filter's `needs` did not name it. */
  feed<Value>(need: FeedNeed): Feed<Value>;
  /**
   * The object under this key, made when no filter of this worker holds it any more: so what filters learn (verified tokens, verdicts)
   * outlives reloads and is shared by routes with the same settings. `key` must contain all that the object depends on. `of` is something
   * it uses that no text can name, such as a store: another `of` gives another object.
   */
  lasting<Value extends object>(key: string, make: () => Value, of?: object): Value;
}

/**
 * Memory that a filter shares with other threads, known by its name. A table keeps its size, and is given up when nothing has needed it for
 * an hour.
 */
export interface SharedTableNeed {
  readonly name: string;
  readonly bytes: number;
}

/** What `needs` may look at besides the filter's own configuration. */
export interface NeedsContext {
  /** The settings of a store, for the spec of a feed. Throws a `TypeError` for an unknown name. */
  store(name: string): StoreSpec;
}

/** What must exist before a worker builds a filter; read in the supervisor. */
export interface FilterNeeds {
  readonly tables?: readonly SharedTableNeed[];
  readonly feeds?: readonly FeedNeed[];
  /** Names of limits whose decisions are counted; see `FilterServices.limitCells`. */
  readonly limits?: readonly string[];
}
