// Paths that two routes both match although neither route covers the other: `/admin/*` and `/{team}/users` both match `/admin/users`. Which
// of the routes takes such a path is left to the router.

import { anySegment, type PathPattern, PathPatternError, parsePathPattern } from '../../route/path-pattern.ts';
import { SAMPLE_TEXT } from './sample-request.ts';

/** A path pattern, and the literal text that all of its paths begin with, as far as the source of the pattern shows it. */
export interface PathShape {
  readonly pattern: PathPattern;
  readonly start: string;
}

/** Null for a pattern that cannot be parsed. */
export function shapeOf(path: string): PathShape | null {
  const pattern = parsePathPattern(path);
  if (pattern instanceof PathPatternError) return null;
  if (pattern.regex !== null) return { pattern, start: plainStart(path) };
  const end = pattern.segments.indexOf(anySegment);
  return { pattern, start: `/${pattern.segments.slice(0, end === -1 ? undefined : end).join('/')}` };
}

/** False when the two patterns certainly share no path. A cheap check, because most pairs share none. */
export function mayCross(one: PathShape, other: PathShape): boolean {
  if (!one.start.startsWith(other.start) && !other.start.startsWith(one.start)) return false;
  return one.pattern.regex !== null || other.pattern.regex !== null || mayMeet(one.pattern, other.pattern);
}

/**
 * A path that both patterns match: `sample`, with the literal segments of both in their places; null when there is none. Segments are not
 * replaced for a regex: if `other` is a regex, `sample` itself has to match. Expects that `mayCross` is true of the patterns.
 */
export function crossingPath(
  sample: string,
  { pattern: one }: PathShape,
  { pattern: other }: PathShape,
): string | null {
  if (other.regex !== null) return other.regex.testWhole(sample) ? sample : null;
  const path = fitted(sample, other);
  if (one.regex === null) return fitted(path, one);
  return one.regex.testWhole(path) ? path : null;
}

/** Whether the pattern matches this path. */
export function matches({ pattern }: PathShape, path: string): boolean {
  return pattern.regex === null ? fitted(path, pattern) === path : pattern.regex.testWhole(path);
}

/** The path with the literal segments of the pattern in their places, and as long as the pattern allows. */
function fitted(path: string, { segments, open }: PathPattern): string {
  const given = path.slice(1).split('/');
  const own = segments.map((segment, at) => segment ?? (given[at] || SAMPLE_TEXT));
  return `/${[...own, ...(open ? given.slice(own.length) : [])].join('/')}`;
}

/** Whether `whole` matches every path of `part`, but not the other way round. False for regexes. */
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
