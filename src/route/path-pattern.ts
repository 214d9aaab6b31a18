// Parses path patterns of the configuration. How patterns are matched is in path-trie.ts; which one wins is in route-table.ts.

import { compileLinearRegex, type LinearRegex, LinearRegexError } from '../base/linear-regex.ts';
import { normalizePath } from '../http/path.ts';

/** Largest number of parameters in one pattern. */
export const parametersMax = 32;

/** Entry of `segments` in the place of a parameter. */
export const anySegment = null;

/**
 * A parsed pattern:
 * - `/a/b` matches only this path; `/a/b/` is another path.
 * - `/users/{id}` matches one non-empty segment in the place of `{id}`.
 * - `/api/*` matches everything under `/api/`, and `/api/` and `/api` themselves; `/*` matches every path.
 * - `/files/{path*}` matches as `/files/*` does, and captures the text after `/files/` (empty for `/files/` and `/files`).
 * - `~regex` matches when the regular expression matches the whole path; named groups `(?<id>...)` are parameters.
 */
export interface PathPattern {
  /** The pattern as written in the configuration. */
  readonly source: string;
  /** Literal segments in the normal form of request paths, `anySegment` for a parameter; empty for a regex. */
  readonly segments: readonly (string | null)[];
  /** Whether any further segments may follow: the pattern ends in `/*` or a rest parameter. */
  readonly open: boolean;
  /** Names of the parameters in their order in the path; a rest parameter is the last. */
  readonly paramNames: readonly string[];
  /** Whether the last name is that of a rest parameter. */
  readonly rest: boolean;
  /** The regular expression of a `~regex` pattern; null for others. */
  readonly regex: LinearRegex | null;
}

/** Why a pattern is invalid, as a sentence for the operator. */
export class PathPatternError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const noNames: readonly string[] = [];
const parameter = /^\{([A-Za-z_][A-Za-z0-9_-]*)(\*?)\}$/;
/** Finds literal text that a normalised request path may spell differently. */
const maybeAbnormal = /[^\x21-\x7e]|[%\\]|\/\.|\/\//;

/** Parses a pattern. `compiled` caches regexes by source, and new ones are added. */
export function parsePathPattern(
  source: string,
  compiled: Map<string, LinearRegex> = new Map(),
): PathPattern | PathPatternError {
  if (source.charCodeAt(0) === 0x7e) return parseRegex(source, compiled);
  if (source.charCodeAt(0) !== 0x2f) {
    return new PathPatternError(
      `the path ${quoted(source)} must start with \`/\`, or with \`~\` for a regular expression`,
    );
  }
  if (/[?#]/.test(source)) {
    return new PathPatternError(
      `the path ${quoted(source)} holds \`?\` or \`#\`: query parameters belong under \`query\``,
    );
  }
  const normal = maybeAbnormal.test(source) ? normalForm(source) : source;
  if (typeof normal !== 'string') return normal;

  const segments: (string | null)[] = normal.slice(1).split('/');
  const plain = !normal.includes('{') && !normal.includes('}') && !normal.includes('*');
  if (plain) return { source, segments, open: false, paramNames: noNames, rest: false, regex: null };
  return parseSegments(source, segments);
}

function parseSegments(source: string, segments: (string | null)[]): PathPattern | PathPatternError {
  const paramNames: string[] = [];
  let open = false;
  let rest = false;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    if (segment === '*') {
      open = true;
    } else if (segment.includes('*') && !segment.includes('{')) {
      return new PathPatternError(`in ${quoted(source)}, \`*\` may only stand alone at the end, as in \`/prefix/*\``);
    } else if (segment.includes('{') || segment.includes('}')) {
      const found = parameter.exec(segment);
      if (found === null) return new PathPatternError(badSegment(source, segment));
      const name = found[1]!;
      if (paramNames.includes(name)) {
        return new PathPatternError(`in ${quoted(source)}, the parameter {${name}} is used twice`);
      }
      paramNames.push(name);
      if (found[2] === '*') open = rest = true;
      else segments[i] = anySegment;
    }
    if (open && i < segments.length - 1) {
      return new PathPatternError(
        `in ${quoted(source)}, ${quoted(segment)} takes the whole rest, so nothing may follow it`,
      );
    }
  }
  if (paramNames.length > parametersMax) {
    return new PathPatternError(
      `${quoted(source)} has ${paramNames.length} parameters, at most ${parametersMax} are allowed`,
    );
  }
  if (open) segments.pop();
  return { source, segments, open, paramNames, rest, regex: null };
}

function badSegment(source: string, segment: string): string {
  if (/^\{[^{}]*\}$/.test(segment)) {
    return `in ${quoted(source)}, ${quoted(segment)} is not a parameter: a name has letters, digits, \`_\` and \`-\`, and starts with a letter`;
  }
  return `in ${quoted(source)}, ${quoted(segment)} mixes a parameter with text or has a brace too many: a parameter is a whole segment, as in \`/users/{id}\`; use \`~regex\` for more`;
}

function parseRegex(source: string, compiled: Map<string, LinearRegex>): PathPattern | PathPatternError {
  const expression = source.slice(1);
  if (expression === '') return new PathPatternError('`~` must be followed by a regular expression');
  let regex = compiled.get(expression);
  if (regex === undefined) {
    const outcome = compileLinearRegex(expression);
    if (outcome instanceof LinearRegexError) return new PathPatternError(`in ${quoted(source)}: ${outcome.message}`);
    regex = outcome;
    compiled.set(expression, regex);
  }
  if (regex.groupNames.length > parametersMax) {
    return new PathPatternError(`${quoted(source)} has more than ${parametersMax} named groups`);
  }
  return { source, segments: [], open: false, paramNames: regex.groupNames, rest: false, regex };
}

/** Normalises literals like request paths: UTF-8 percent-encoded, unreserved bytes decoded. Dot segments are an error. */
function normalForm(source: string): string | PathPatternError {
  if (/[\0-\x1f\x7f]/.test(source)) return new PathPatternError(`the path ${quoted(source)} holds a control character`);
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(source)) {
    return new PathPatternError(
      `the path ${quoted(source)} holds a \`.\` or \`..\` segment, which no normalised request path has`,
    );
  }
  let encoded: string;
  try {
    encoded = source.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  } catch {
    return new PathPatternError(`the path ${quoted(source)} holds half of a surrogate pair`);
  }
  const outcome = normalizePath(encoded, { encodedSlash: 'keep', emptySegments: 'keep' });
  if (outcome.ok) return outcome.path;
  return new PathPatternError(`the path ${quoted(source)} can never match: ${outcome.detail}`);
}

function quoted(text: string): string {
  return `\`${text}\``;
}
