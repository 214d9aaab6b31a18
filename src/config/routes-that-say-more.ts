// The routes that say more than a name, what they match and where they lead: filters, or anything that has a key of its own. Most of ten
// thousand do not, and whoever looks for something among them need only look at these.

import { isBare } from './bare-route.ts';
import type { RouteConfig } from './config.ts';

const known = new WeakMap<readonly RouteConfig[], readonly RouteConfig[]>();

/** Found once for a list: several ask. */
export function routesThatSayMore(routes: readonly RouteConfig[]): readonly RouteConfig[] {
  let found = known.get(routes);
  if (found === undefined) {
    found = routes.filter(route => !isBare(route));
    known.set(routes, found);
  }
  return found;
}
