// The routes that are not bare: those with filters, or with a key that not every route has. Most of ten thousand routes are bare, and a
// search for such a setting has to look at these only.

import { changedRange } from '../base/changed-range.ts';
import { isBare } from './bare-route.ts';
import type { RouteConfig } from './config.ts';

interface Found {
  /** Indexes in the list, ascending. */
  readonly places: readonly number[];
  readonly routes: readonly RouteConfig[];
}

const known = new WeakMap<readonly RouteConfig[], Found>();
/** The list of the last call: the next one mostly differs from it in a few routes only. */
let last: WeakRef<readonly RouteConfig[]> | null = null;

/** Determined once for a list, because several callers ask. The list must not be changed afterwards. */
export function nonBareRoutes(routes: readonly RouteConfig[]): readonly RouteConfig[] {
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
