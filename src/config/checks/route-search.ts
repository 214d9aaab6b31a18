// Finds the routes of a list for which something holds. After a change of a few of ten thousand routes only these few are looked at, since
// going through all of them, with code that is not compiled yet, is what a reload then takes longest for.

import { changedRange } from '../../base/changed-range.ts';
import type { RouteConfig } from '../config.ts';

/** A list of routes; an element with an error is undefined. It must not be changed after it was searched. */
type Routes = readonly (RouteConfig | undefined)[];

export class RouteSearch {
  private readonly holds: (route: RouteConfig) => boolean;
  private readonly known = new WeakMap<Routes, readonly number[]>();
  /** The list of the last call: the next one mostly differs from it in a few routes only. */
  private last: WeakRef<Routes> | null = null;

  /** What `holds` says of a route must depend on nothing but that route. */
  constructor(holds: (route: RouteConfig) => boolean) {
    this.holds = holds;
  }

  /** Indexes in the list, ascending. Determined once for a list, because several callers ask. */
  placesIn(routes: Routes): readonly number[] {
    let places = this.known.get(routes);
    if (places === undefined) {
      places = this.placesAfter(this.last?.deref() ?? [], routes);
      this.known.set(routes, places);
      this.last = new WeakRef(routes);
    }
    return places;
  }

  private placesAfter(before: Routes, now: Routes): readonly number[] {
    const { from, toBefore, toNow } = changedRange(before, now);
    const old = this.known.get(before) ?? [];
    const places = old.filter(place => place < from);
    for (let at = from; at < toNow; at++) {
      const route = now[at];
      if (route !== undefined && this.holds(route)) places.push(at);
    }
    for (const place of old) if (place >= toBefore) places.push(place + toNow - toBefore);
    return places;
  }
}
