// The routes that are not bare: those with filters, or with a key that not every route has. Most of ten thousand routes are bare, and a
// search for such a setting has to look at these only.

import { isBare } from '../bare-route.ts';
import type { RouteConfig } from '../config.ts';
import { RouteSearch } from './route-search.ts';

const search = new RouteSearch(route => !isBare(route));

/** The list must not be changed afterwards. */
export function nonBareRoutes(routes: readonly RouteConfig[]): readonly RouteConfig[] {
  return search.routesIn(routes);
}
