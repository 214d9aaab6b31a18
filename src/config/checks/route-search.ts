// Finds the routes of a list for which something holds. After a change of a few of ten thousand routes only these few are looked at, since
// going through all of them, with code that is not compiled yet, is what a reload then takes longest for.

import { changedRange } from '../../base/changed-range.ts';
import type { RouteConfig } from '../config.ts';

/** A list of routes; an element with an error is undefined. It must not be changed after it was searched. */
type Routes = readonly (RouteConfig | undefined)[];

interface Found {
  /** Indexes in the list, ascending. */
  readonly places: readonly number[];
  readonly routes: readonly RouteConfig[];
}

const nothing: Found = { places: [], routes: [] };

export class RouteSearch {
  private readonly holds: (route: RouteConfig) => boolean;
  private readonly known = new WeakMap<Routes, Found>();
  /** The list of the last call: the next one mostly differs from it in a few routes only. */
  private last: WeakRef<Routes> | null = null;

  /** What `holds` says of a route must depend on nothing but that route. */
  constructor(holds: (route: RouteConfig) => boolean) {
    this.holds = holds;
  }

  /** Indexes in the list, ascending. */
  placesIn(routes: Routes): readonly number[] {
    return this.foundIn(routes).places;
  }

  routesIn(routes: Routes): readonly RouteConfig[] {
    return this.foundIn(routes).routes;
  }

  /** Determined once for a list, because several callers ask. */
  private foundIn(routes: Routes): Found {
    let found = this.known.get(routes);
    if (found === undefined) {
      found = this.foundAfter(this.last?.deref() ?? [], routes);
      this.known.set(routes, found);
      this.last = new WeakRef(routes);
    }
    return found;
  }

  private foundAfter(before: Routes, now: Routes): Found {
    const { from, toBefore, toNow } = changedRange(before, now);
    const { places: old } = this.known.get(before) ?? nothing;
    const places = old.filter(place => place < from);
    for (let at = from; at < toNow; at++) {
      const route = now[at];
      if (route !== undefined && this.holds(route)) places.push(at);
    }
    for (const place of old) if (place >= toBefore) places.push(place + toNow - toBefore);
    return { places, routes: places.map(place => now[place]!) };
  }
}
