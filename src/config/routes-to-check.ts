// Which routes have to be looked at again after a change, by checks of what parts of a document say of each other.

import { changedRange } from '../base/changed-range.ts';
import type { CheckedParts } from './check-document.ts';

/** Routes from `from` up to `to`. When they are `all`, every other part is to be looked at as well; otherwise those did not change. */
export interface RoutesToCheck {
  readonly from: number;
  readonly to: number;
  readonly all: boolean;
}

/** `before` are the parts of the last good load: null when there was none. Routes that got other names or places may be named by any part. */
export function routesToCheck(before: CheckedParts | null, now: CheckedParts): RoutesToCheck {
  const all = allRoutes(now);
  if (before === null) return all;
  // Because: both were made of the same keys.
  const keys = Object.keys(now) as (keyof CheckedParts)[];
  if (keys.some(key => key !== 'routes' && before[key] !== now[key])) return all;
  const { from, toBefore, toNow } = changedRange(before.routes, now.routes);
  if (toBefore !== toNow) return all;
  for (let at = from; at < toNow; at++) {
    if (now.routes[at]?.name !== before.routes[at]?.name) return all;
  }
  return { from, to: toNow, all: false };
}

export function allRoutes({ routes }: CheckedParts): RoutesToCheck {
  return { from: 0, to: routes.length, all: true };
}
