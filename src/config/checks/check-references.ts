// Checks the references between the parts of a document: every name that is used exists, and no name is given twice. Works on whatever
// could be read, so that an error in one part hides none in another. After a change, checks only what the change can affect.

import type { Problem } from '../config.ts';
import type { KeptDocument } from '../load-cache.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';
import type { CheckedParts } from './check-document.ts';
import { zoneProblems } from './check-zone.ts';
import { ReferenceCheck } from './reference-check.ts';
import { upstreamsOf } from './route-upstreams.ts';
import type { RoutesToCheck } from './routes-to-check.ts';

type Path = readonly (string | number)[];
type Settings = Readonly<Record<string, unknown>>;

export interface ReferencesChecked {
  readonly problems: readonly Problem[];
  /** Upstreams that no route leads to; valid only when there was no error. */
  readonly unused: ReadonlySet<string>;
}

/** What is known from the last good load. */
export type ReferencesBefore = Pick<KeptDocument, 'parts' | 'unused'>;

/** `placeText` returns `file:line` of another place, for messages that name two places. */
export function checkReferences(
  settings: Settings,
  parts: CheckedParts,
  filters: readonly FilterSchema[],
  placeText: (path: Path) => string,
  before: ReferencesBefore,
  todo: RoutesToCheck,
): ReferencesChecked {
  const ofChanged = todo.all ? null : checkChanged(settings, parts, filters, placeText, before, todo);
  if (ofChanged !== null) return ofChanged;
  const check = new ReferenceCheck(settings, placeText);
  check.checkUniqueNames('listeners', 'listener');
  check.checkUniqueNames('routes', 'route');
  check.checkUniqueNames('consumers', 'consumer');
  check.checkListeners(parts);
  check.checkPlans(parts);
  check.checkKeys(parts);
  const unused = check.checkRoutes(parts, 0, parts.routes.length, null);
  check.checkStores(parts, filters, 0, parts.routes.length);
  check.problems.push(...zoneProblems(parts.zone, parts.upstreams));
  return { problems: check.problems, unused };
}

/** Checks a change that affected only these routes and neither duplicated nor removed a name. Null when all routes have to be checked. */
function checkChanged(
  settings: Settings,
  parts: CheckedParts,
  filters: readonly FilterSchema[],
  placeText: (path: Path) => string,
  before: ReferencesBefore,
  { from, to, toBefore }: RoutesToCheck,
): ReferencesChecked | null {
  const led = upstreamsBetween(before.parts!.routes, from, toBefore);
  // Whether another route leads to an upstream that a changed route no longer uses shows only when all routes are checked.
  if (!led.isSubsetOf(upstreamsBetween(parts.routes, from, to))) return null;
  const check = new ReferenceCheck(settings, placeText);
  const unused = check.checkRoutes(parts, from, to, before.unused);
  check.checkStores(parts, filters, from, to);
  check.problems.push(...zoneProblems(parts.zone, parts.upstreams));
  return { problems: check.problems, unused };
}

function upstreamsBetween(routes: CheckedParts['routes'], from: number, to: number): Set<string> {
  const names = new Set<string>();
  for (let at = from; at < to; at++) {
    const route = routes[at];
    if (route !== undefined) for (const name of upstreamsOf(route)) names.add(name);
  }
  return names;
}
