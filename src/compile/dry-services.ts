// Worker services without a worker, for filters that are built only to check that they can be built.

import { Clock } from '../base/clock.ts';
import type { WorkerServices } from '../exchange/worker-services.ts';
import type { Feed } from '../store/feed.ts';

/** `tableBytes` has the size in bytes of each shared table, by name. */
export function dryServices(tableBytes: ReadonlyMap<string, number>): WorkerServices {
  const nothing: Feed<never> = { value: undefined, onChange: () => () => {}, nudge: () => {} };
  return {
    clock: new Clock(),
    cells: new Float64Array(1),
    log: () => {},
    // Memory pages that are never touched take no memory, so even large tables are cheap here.
    sharedTable: name => new SharedArrayBuffer(tableBytes.get(name) ?? 0),
    feed: () => nothing,
    lasting: (_key, make) => make(),
  };
}
