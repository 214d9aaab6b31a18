// From the stores of a Config to the objects of one worker. What did not change stays the same object, with its connections.
// Nothing is opened or closed here: `openStores` and `closeStores` are called where a configuration takes effect.

import { isDeepStrictEqual } from 'node:util';
import type { StoreConfig } from '../config/store-config.ts';
import { makeStore, type Store } from '../store/store.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import { noStore } from './store-specs.ts';

export type Stores = ReadonlyMap<string, Store>;

/** How long a rollout waits for stores that are being opened; one that is away must not keep the gateway from starting. */
const OPEN_WAIT_MS = 2_000;

export function compileStores(specs: readonly StoreConfig[], running: Stores): Stores {
  return new Map(
    specs.map(spec => {
      const before = running.get(spec.name);
      return [spec.name, before !== undefined && isDeepStrictEqual(before.spec, spec) ? before : makeStore(spec)];
    }),
  );
}

/** Whether nobody uses a store of `before` that `now` no longer has. */
export function keepsStores(before: Stores, now: Stores): boolean {
  for (const [name, store] of before) if (now.get(name) !== store) return false;
  return true;
}

/** Looks stores up for filters; remembers which were asked for. */
export class StoreShelf {
  readonly asked = new Set<Store>();
  private readonly stores: Stores;

  constructor(stores: Stores) {
    this.stores = stores;
  }

  /** Throws a `TypeError` for an unknown name. */
  store(name: string): Store {
    const store = this.known(name);
    this.asked.add(store);
    return store;
  }

  /** As `store`, for callers that do not use it: it is not opened for them. */
  spec(name: string): StoreSpec {
    return this.known(name).spec;
  }

  private known(name: string): Store {
    const store = this.stores.get(name);
    if (store === undefined) throw new TypeError(noStore(name, this.stores.keys()));
    return store;
  }
}

/** Opens those that filters use, and waits a short while. Those that are away try on by themselves. */
export async function openStores(asked: Iterable<Store>): Promise<void> {
  const wait = new AbortController();
  const tooLong = new Promise<void>(resolve => {
    const timer = setTimeout(resolve, OPEN_WAIT_MS);
    wait.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  await Promise.race([Promise.all([...asked].map(store => store.open())), tooLong]);
  wait.abort();
}

/** Closes what `now` has no longer. */
export async function closeStores(before: Stores, now: Stores): Promise<void> {
  await Promise.all(gone(before, now).map(store => store.close()));
}

/** As `closeStores`, each once nobody uses it any more. */
export async function closeUnheldStores(before: Stores, now: Stores): Promise<void> {
  const closing = gone(before, now).map(async store => {
    await store.holds.none();
    await store.close();
  });
  await Promise.all(closing);
}

function gone(before: Stores, now: Stores): Store[] {
  return [...before].flatMap(([name, store]) => (now.get(name) === store ? [] : [store]));
}
