// Makes the store objects of one worker from a Config. A store that did not change stays the same object, with its connections.
// Compiling opens and closes no store: `openStores` and `closeStores` are called when a configuration takes effect.

import { isDeepStrictEqual } from 'node:util';
import type { StoreConfig } from '../config/store-config.ts';
import { makeStore, type Store } from '../store/store.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import { noStore } from './store-specs.ts';

export type Stores = ReadonlyMap<string, Store>;

/** How long a rollout waits for stores to open: an unreachable store must not keep the gateway from starting. */
const OPEN_WAIT_MS = 2_000;

export function compileStores(specs: readonly StoreConfig[], running: Stores): Stores {
  return new Map(
    specs.map(spec => {
      const before = running.get(spec.name);
      return [spec.name, before !== undefined && isDeepStrictEqual(before.spec, spec) ? before : makeStore(spec)];
    }),
  );
}

/** Whether `now` still has every store of `before`, so that filters built with those stores can be kept. */
export function hasAllStores(before: Stores, now: Stores): boolean {
  for (const [name, store] of before) if (now.get(name) !== store) return false;
  return true;
}

/** Looks up stores for filters, and records which stores they use. */
export class StoreShelf {
  readonly used = new Set<Store>();
  private readonly stores: Stores;

  constructor(stores: Stores) {
    this.stores = stores;
  }

  /** A store that the caller will use: it is recorded in `used`. Throws a `TypeError` for an unknown name. */
  use(name: string): Store {
    const store = this.known(name);
    this.used.add(store);
    return store;
  }

  /** The settings of a store, for callers that do not use it: it is not recorded, so it is not opened for them. */
  spec(name: string): StoreSpec {
    return this.known(name).spec;
  }

  private known(name: string): Store {
    const store = this.stores.get(name);
    if (store === undefined) throw new TypeError(noStore(name, this.stores.keys()));
    return store;
  }
}

/** Opens the stores that filters use, and waits up to OPEN_WAIT_MS. Unreachable stores keep trying by themselves. */
export async function openStores(used: Iterable<Store>): Promise<void> {
  const wait = new AbortController();
  const tooLong = new Promise<void>(resolve => {
    const timer = setTimeout(resolve, OPEN_WAIT_MS);
    wait.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  await Promise.race([Promise.all([...used].map(store => store.open())), tooLong]);
  wait.abort();
}

/** Closes the stores of `before` that `now` does not have. */
export async function closeStores(before: Stores, now: Stores): Promise<void> {
  await Promise.all(removedStores(before, now).map(store => store.close()));
}

/** As `closeStores`, but closes each store only when nothing holds it any more. */
export async function closeUnheldStores(before: Stores, now: Stores): Promise<void> {
  const closing = removedStores(before, now).map(async store => {
    await store.holds.none();
    await store.close();
  });
  await Promise.all(closing);
}

function removedStores(before: Stores, now: Stores): Store[] {
  return [...before].flatMap(([name, store]) => (now.get(name) === store ? [] : [store]));
}
