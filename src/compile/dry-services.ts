// The services of a worker that serves nobody, for filters that are built only to check that they can be built.

import { Clock } from '../base/clock.ts';
import type { WorkerServices } from '../exchange/worker-services.ts';
import type { Feed } from '../store/feed.ts';

/** `tableBytes` says how large each shared table would be. */
export function dryServices(tableBytes: ReadonlyMap<string, number>): WorkerServices {
  const nothing: Feed<never> = { value: undefined, onChange: () => () => {}, nudge: () => {} };
  return {
    clock: new Clock(),
    cells: new Float64Array(1),
    log: () => {},
    // Pages that nobody touches take no memory.
    sharedTable: name => new SharedArrayBuffer(tableBytes.get(name) ?? 0),
    feed: () => nothing,
    lasting: (_key, make) => make(),
  };
}
