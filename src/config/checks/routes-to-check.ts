// Which routes have to be checked again after a change, by the checks of references between the parts of a document.

import { changedRange } from '../../base/changed-range.ts';
import { isAnyKept } from '../../base/list-edits.ts';
import type { RouteConfig } from '../config.ts';
import type { CheckedParts } from './check-document.ts';

/** Routes from `from` up to `to`, excluded. With `all`, every other part has to be checked as well; otherwise those have not changed. */
export interface RoutesToCheck {
  readonly from: number;
  readonly to: number;
  /** End of the range in the old list that these routes have replaced. */
  readonly toBefore: number;
  readonly all: boolean;
}

type Routes = CheckedParts['routes'];

/** When more routes have changed and none of the old ones is kept among them, checking everything costs no more. */
const fewMax = 500;

/** When there are more new names, checking everything costs no more. */
const newNamesMax = 16;

/** `before` has the parts of the last good load; null when there was none. */
export function routesToCheck(before: CheckedParts | null, now: CheckedParts): RoutesToCheck {
  const all = allRoutes(now);
  if (before === null) return all;
  // Because: both objects have the same keys.
  const keys = Object.keys(now) as (keyof CheckedParts)[];
  if (keys.some(key => key !== 'routes' && before[key] !== now[key])) return all;
  const { from, toBefore, toNow } = changedRange(before.routes, now.routes);
  if (toBefore - from > fewMax && !isAnyKept(before.routes, now.routes, from, toBefore)) return all;
  const namesBefore = namesBetween(before.routes, from, toBefore);
  const names = namesBetween(now.routes, from, toNow);
  // A name occurs twice, or a route has an error.
  if (names.size < toNow - from) return all;
  const come = names.difference(namesBefore);
  if (come.size > newNamesMax || areTaken(come, now.routes, from, toNow)) return all;
  if (!namesBefore.isSubsetOf(names) && mayNameRoutes(before)) return all;
  return { from, to: toNow, toBefore, all: false };
}

/** The range of all routes, which says that every other part has to be checked too. */
export function allRoutes({ routes }: CheckedParts): RoutesToCheck {
  return { from: 0, to: routes.length, toBefore: 0, all: true };
}

function namesBetween(routes: Routes, from: number, to: number): Set<string> {
  const names = new Set<string>();
  for (let at = from; at < to; at++) {
    const route = routes[at];
    if (route !== undefined) names.add(route.name);
  }
  return names;
}

/** Whether a route outside of this range has one of these names. */
function areTaken(names: ReadonlySet<string>, routes: Routes, from: number, to: number): boolean {
  if (names.size === 0) return false;
  const list = [...names];
  for (let at = 0; at < routes.length; at++) {
    if (at >= from && at < to) continue;
    const name = routes[at]?.name;
    for (let i = 0; i < list.length; i++) if (list[i] === name) return true;
  }
  return false;
}

/** Whether anything could name a route that is gone: the routes of consumers' keys, filters, or what an audit accepts. */
function mayNameRoutes({ routes, consumers, filters }: CheckedParts): boolean {
  if (consumers.length > 0 || filters.length > 0) return true;
  const names = (route: RouteConfig | undefined) =>
    route === undefined || route.filters.length > 0 || route.audit !== undefined;
  return routes.some(names);
}
