// The routes that say more than a name, what they match and where they lead: filters, or anything that has a key of its own. Most of ten
// thousand do not, and whoever looks for something among them need only look at these.

import { changedRange } from '../base/changed-range.ts';
import { isBare } from './bare-route.ts';
import type { RouteConfig } from './config.ts';

interface Found {
  /** Places in the list, going up. */
  readonly places: readonly number[];
  readonly routes: readonly RouteConfig[];
}

const known = new WeakMap<readonly RouteConfig[], Found>();
/** The list that was asked about last: the next is mostly the same but for a few. */
let last: WeakRef<readonly RouteConfig[]> | null = null;

/** Found once for a list, which is not changed afterwards: several ask. */
export function routesThatSayMore(routes: readonly RouteConfig[]): readonly RouteConfig[] {
  let found = known.get(routes);
  if (found === undefined) {
    found = foundAfter(last?.deref() ?? [], routes);
    known.set(routes, found);
    last = new WeakRef(routes);
  }
  return found.routes;
}

function foundAfter(before: readonly RouteConfig[], now: readonly RouteConfig[]): Found {
  const { from, toBefore, toNow } = changedRange(before, now);
  const old = known.get(before)?.places ?? [];
  const places = old.filter(place => place < from);
  for (let at = from; at < toNow; at++) if (!isBare(now[at]!)) places.push(at);
  for (const place of old) if (place >= toBefore) places.push(place + toNow - toBefore);
  return { places, routes: places.map(place => now[place]!) };
}
