// What the parts of a document say of each other: names that are used exist and are given once. Works on whatever could be
// read, so that a mistake in one part hides none in another. After a change only what it can concern is looked at.

import type { CheckedParts } from './check-document.ts';
import { zoneProblems } from './check-zone.ts';
import type { Problem } from './config.ts';
import type { FilterSchema } from './filter-schema.ts';
import type { KeptDocument } from './load-cache.ts';
import { ReferenceCheck } from './reference-check.ts';
import { upstreamsOf } from './route-upstreams.ts';
import type { RoutesToCheck } from './routes-to-check.ts';

type Path = readonly (string | number)[];
type Settings = Readonly<Record<string, unknown>>;

export interface ReferencesChecked {
  readonly problems: readonly Problem[];
  /** Upstreams that no route leads to; of use only when there was no error. */
  readonly unused: ReadonlySet<string>;
}

/** What is known from the last good load. */
export type ReferencesBefore = Pick<KeptDocument, 'parts' | 'unused'>;

/** `placeText` gives `file:line` of another place, for messages that name two. */
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
  check.uniqueNames('routes', 'route');
  check.uniqueNames('consumers', 'consumer');
  check.listeners(parts);
  check.plans(parts);
  check.keys(parts);
  const unused = check.routes(parts, 0, parts.routes.length, null);
  check.stores(parts, filters, 0, parts.routes.length);
  check.problems.push(...zoneProblems(parts.zone, parts.upstreams));
  return { problems: check.problems, unused };
}

/** Where nothing but these routes changed, and no name is given twice or missing for it. Null when all of them have to be seen. */
function checkChanged(
  settings: Settings,
  parts: CheckedParts,
  filters: readonly FilterSchema[],
  placeText: (path: Path) => string,
  before: ReferencesBefore,
  { from, to, toBefore }: RoutesToCheck,
): ReferencesChecked | null {
  const led = upstreamsBetween(before.parts!.routes, from, toBefore);
  // Whether another route leads where a changed one no longer does is only seen by looking at all.
  if (!led.isSubsetOf(upstreamsBetween(parts.routes, from, to))) return null;
  const check = new ReferenceCheck(settings, placeText);
  const unused = check.routes(parts, from, to, before.unused);
  check.stores(parts, filters, from, to);
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
