// The settings of a configuration's stores, by name. Makes no store, so that readers of settings do not load their code.

import { nearestName } from '../config/nearest-name.ts';
import type { StoreConfig } from '../config/store-config.ts';
import type { StoreSpec } from '../store/store-spec.ts';

/** Looks a store's spec up; throws a `TypeError` for an unknown name. */
export function specOf(stores: readonly StoreConfig[], name: string): StoreSpec {
  const spec = stores.find(store => store.name === name);
  if (spec === undefined)
    throw new TypeError(
      noStore(
        name,
        stores.map(store => store.name),
      ),
    );
  return spec;
}

/** For the operator. */
export function noStore(name: string, names: Iterable<string>): string {
  const nearest = nearestName(name, names);
  return `there is no store "${name}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`;
}
