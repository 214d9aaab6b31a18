// Looks up the settings of a configuration's stores by name. Creates no store, so that callers do not load the stores' code.

import { nearestName } from '../config/problems/nearest-name.ts';
import type { StoreConfig } from '../config/store-config.ts';
import type { StoreSpec } from '../store/store-spec.ts';

/** The settings of a store; throws a `TypeError` for an unknown name. */
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

/** The message for the operator about a store that does not exist, with the nearest existing name. */
export function noStore(name: string, names: Iterable<string>): string {
  const nearest = nearestName(name, names);
  return `there is no store "${name}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`;
}
