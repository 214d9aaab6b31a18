// Paths that two routes both ask for though neither takes all of the other's: `/admin/*` and `/{team}/users` meet in `/admin/users`. Which of
// them gets such a path is for the router to say.

import { type PathPattern, PathPatternError, parsePathPattern } from '../../route/path-pattern.ts';

/** Stands where any segment will do. */
const ANY = 'audit';

/** Null for a pattern that cannot be read. */
export function patternOf(path: string): PathPattern | null {
  const pattern = parsePathPattern(path);
  return pattern instanceof PathPatternError ? null : pattern;
}

/**
 * A path of `one` that has what `other` writes out in its place; null where there is none, and where `other` is a regex. `sample` is a path
 * of `one`.
 */
export function crossingPath(sample: string, one: PathPattern, other: PathPattern): string | null {
  if (other.regex !== null) return null;
  if (one.regex === null && !mayMeet(one, other)) return null;
  const given = sample.slice(1).split('/');
  const own = other.segments.map((segment, at) => segment ?? (given[at] || ANY));
  const path = `/${[...own, ...(other.open ? given.slice(own.length) : [])].join('/')}`;
  return one.regex === null || (path.startsWith(plainStart(one.source)) && one.regex.testWhole(path)) ? path : null;
}

function mayMeet(one: PathPattern, other: PathPattern): boolean {
  const [short, long] = one.segments.length < other.segments.length ? [one, other] : [other, one];
  if (short.segments.length < long.segments.length && !short.open) return false;
  return short.segments.every((segment, at) => {
    const beside = long.segments[at];
    return segment === null || beside === null || segment === beside;
  });
}

/** What every text of a regex begins with, as far as it is plain to see. Saves running most expressions on most paths. */
function plainStart(source: string): string {
  return source.includes('|') ? '' : /^~((?:[A-Za-z0-9/_-](?![?*{]))*)/.exec(source)![1]!;
}
