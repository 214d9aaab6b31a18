// Paths that two routes both ask for though neither takes all of the other's: `/admin/*` and `/{team}/users` meet in `/admin/users`. Which of
// them gets such a path is for the router to say.

import { anySegment, type PathPattern, PathPatternError, parsePathPattern } from '../../route/path-pattern.ts';
import { ANY } from './sample-request.ts';

/** A pattern with what all of its paths begin with, as far as it is plain to see. */
export interface PathShape {
  readonly pattern: PathPattern;
  readonly start: string;
}

/** Null for a pattern that cannot be read. */
export function shapeOf(path: string): PathShape | null {
  const pattern = parsePathPattern(path);
  if (pattern instanceof PathPatternError) return null;
  if (pattern.regex !== null) return { pattern, start: plainStart(path) };
  const end = pattern.segments.indexOf(anySegment);
  return { pattern, start: `/${pattern.segments.slice(0, end === -1 ? undefined : end).join('/')}` };
}

/** Whether they can have a path in common, looked at quickly: most cannot. */
export function mayCross(one: PathShape, other: PathShape): boolean {
  if (!one.start.startsWith(other.start) && !other.start.startsWith(one.start)) return false;
  return one.pattern.regex !== null || other.pattern.regex !== null || mayMeet(one.pattern, other.pattern);
}

/**
 * A path of `one` that has what `other` writes out in its place; null where there is none. Nothing is put in the place of a regex: it takes the
 * path as it is, or not. `sample` is a path of `one`, and both may cross.
 */
export function crossingPath(
  sample: string,
  { pattern: one }: PathShape,
  { pattern: other }: PathShape,
): string | null {
  if (other.regex !== null) return other.regex.testWhole(sample) ? sample : null;
  const given = sample.slice(1).split('/');
  const own = other.segments.map((segment, at) => segment ?? (given[at] || ANY));
  const path = `/${[...own, ...(other.open ? given.slice(own.length) : [])].join('/')}`;
  return one.regex === null || one.regex.testWhole(path) ? path : null;
}

/** Whether every path of `part` is one of `whole` too, and not the other way round as well. Not for regexes. */
export function isNarrower(part: PathPattern, whole: PathPattern): boolean {
  return part.regex === null && whole.regex === null && isWithin(part, whole) && !isWithin(whole, part);
}

function isWithin(part: PathPattern, whole: PathPattern): boolean {
  const [given, wanted] = [part.segments.length, whole.segments.length];
  if (whole.open ? given < wanted : part.open || given !== wanted) return false;
  return whole.segments.every((segment, at) => segment === anySegment || segment === part.segments[at]);
}

function mayMeet(one: PathPattern, other: PathPattern): boolean {
  const [short, long] = one.segments.length < other.segments.length ? [one, other] : [other, one];
  if (short.segments.length < long.segments.length && !short.open) return false;
  return short.segments.every((segment, at) => {
    const beside = long.segments[at];
    return segment === anySegment || beside === anySegment || segment === beside;
  });
}

function plainStart(source: string): string {
  return source.includes('|') ? '' : /^~((?:[A-Za-z0-9/_-](?![?*{]))*)/.exec(source)![1]!;
}
