// What filters are built with in tests: the services of a worker, limited to what the test provides.

import { Clock } from '../../src/base/clock.ts';
import type { FilterServices } from '../../src/exchange/filter.ts';
import type { RefusalTally } from '../../src/exchange/identity/refusal-tally.ts';
import type { FilterNeeds } from '../../src/exchange/worker-services.ts';
import { type Feed, type FeedNeed, feedKey } from '../../src/store/feed.ts';
import type { Store } from '../../src/store/store.ts';
import { lastingObjects } from './lasting-objects.ts';

export interface TestServices {
  readonly slot?: number;
  readonly routeName?: string;
  readonly clock?: Clock;
  /** What the filter's definition says it needs; the tables are made. */
  readonly needs?: FilterNeeds;
  /** Tables shared with other workers of the test, by name, used in place of new ones. */
  readonly tables?: ReadonlyMap<string, SharedArrayBuffer>;
  /** Feeds by `feedKey`; a feed that is not listed never has a value. */
  readonly feeds?: ReadonlyMap<string, Feed<unknown>>;
  /** Stores by name. */
  readonly stores?: ReadonlyMap<string, Store>;
  /** Names of the filter's events; the position of a name is the index of its counter in `cells`. */
  readonly events?: readonly string[];
  readonly cells?: Float64Array;
  /** Builds the filters inside a filter. */
  readonly inner?: FilterServices['inner'];
  readonly tally?: RefusalTally;
  readonly isInner?: boolean;
  readonly log?: (level: string, message: string, fields?: object) => void;
}

const nothing: Feed<never> = { value: undefined, onChange: () => () => {}, nudge: () => {} };

/** The cell of an event is its index in `events`; after these come three cells for each limit of `needs`. */
export function filterServices(given: TestServices = {}): FilterServices {
  const events = given.events ?? [];
  const limits = given.needs?.limits ?? [];
  const tables = new Map(
    (given.needs?.tables ?? []).map(({ name, bytes }) => [
      name,
      given.tables?.get(name) ?? new SharedArrayBuffer(bytes),
    ]),
  );
  return {
    slot: given.slot ?? 0,
    routeName: given.routeName ?? 'test',
    store(name) {
      const store = given.stores?.get(name);
      if (store === undefined) throw new TypeError(`there is no store "${name}"`);
      return store;
    },
    storeSpec(name) {
      const store = given.stores?.get(name);
      if (store === undefined) throw new TypeError(`there is no store "${name}"`);
      return store.spec;
    },
    inner:
      given.inner ??
      (({ name }) => {
        throw new TypeError(`the test gives no filter ${name} to stand inside another`);
      }),
    tally: given.tally ?? null,
    isInner: given.isInner ?? false,
    eventCell: event => Math.max(0, events.indexOf(event)),
    countEarlierUses: () => 0,
    limitCells: limit => events.length + 3 * Math.max(0, limits.indexOf(limit)),
    worker: {
      clock: given.clock ?? new Clock(),
      cells: given.cells ?? new Float64Array(Math.max(1, events.length + 3 * limits.length)),
      log: given.log ?? (() => {}),
      sharedTable(name) {
        const table = tables.get(name);
        if (table === undefined) throw new Error(`no need names the table ${name}`);
        return table;
      },
      // Because: a test gives feeds of the kind that its filter reads.
      feed: <Value>(need: FeedNeed) => (given.feeds?.get(feedKey(need)) ?? nothing) as Feed<unknown> as Feed<Value>,
      lasting: lastingObjects(),
    },
  };
}
