// The path and host that are sent upstream instead of those received. A parameter fills only its place: whatever the
// client sent, it adds no segment, no query and no `..`.

import type { FoundRoute } from './found-route.ts';
import type { RewriteSpec } from './match.ts';
import { anySegment, type PathPattern } from './path-pattern.ts';
import { type TemplatePieces, templatePieces } from './path-template.ts';

/** A rewrite that cannot be, with the place inside `rewrite` and a sentence for the operator. */
export class RewriteError {
  readonly path: readonly string[];
  readonly message: string;

  constructor(path: readonly string[], message: string) {
    this.path = path;
    this.message = message;
  }
}

/** One value of the template: its place in the route's parameters, and whether slashes in it may stay slashes. */
interface Hole {
  readonly index: number;
  readonly rest: boolean;
}

export class Rewrite {
  /** Host for the upstream; empty keeps the client's. */
  readonly host: string;
  /** Without a slash at its end; empty for none. */
  private readonly prefix: string;
  /** Literals of the template, one more than there are holes; null keeps the path. */
  private readonly literals: readonly string[] | null;
  private readonly holes: readonly Hole[];

  constructor(host: string, prefix: string, literals: readonly string[] | null, holes: readonly Hole[]) {
    this.host = host;
    this.prefix = prefix;
    this.literals = literals;
    this.holes = holes;
  }

  /** The path for the upstream, in normal form when `path` is. `found` is the look-up's result for this path. */
  apply(path: string, found: Pick<FoundRoute<unknown>, 'rawValues'>): string {
    const { literals } = this;
    if (literals !== null) return this.fill(literals, found.rawValues);
    return this.prefix === '' ? path : stripped(path, this.prefix);
  }

  private fill(literals: readonly string[], values: readonly string[]): string {
    let path = literals[0]!;
    for (let i = 0; i < this.holes.length; i++) {
      const { index, rest } = this.holes[i]!;
      let value = values[index] ?? '';
      if (!rest) value = inOneSegment(value);
      // `/v2/{path*}` with a value that itself starts with a slash would hold an empty segment.
      else if (path.endsWith('/')) value = value.replace(/^\/+/, '');
      const literal = literals[i + 1]!;
      // A capture may be empty: `/v2/{a}/x` must not become `/v2//x`.
      path += value === '' && path.endsWith('/') && literal.startsWith('/') ? literal.slice(1) : value + literal;
    }
    return this.holes.length === 0 ? path : withoutDotSegments(path);
  }
}

/** Takes the prefix off where a segment ends: `/api` of `/api/x` and of `/api`, not of `/apix`. */
function stripped(path: string, prefix: string): string {
  if (!path.startsWith(prefix)) return path;
  if (path.length === prefix.length) return '/';
  if (path.charCodeAt(prefix.length) !== 0x2f) return path;
  // With empty segments kept, `/api//x` must not become `//x`, which reads as a host.
  const rest = path.slice(prefix.length);
  return rest.startsWith('//') ? `/${rest.replace(/^\/+/, '')}` : rest;
}

/** A segment's raw text is in one segment already; what a regex captured may hold slashes. */
function inOneSegment(value: string): string {
  return value.includes('/') ? value.replaceAll('/', '%252F') : value;
}

/**
 * Captures of a regex put side by side can make `..` out of harmless parts. Encoded twice, it is a name for every reader
 * that decodes once; encoded once, many servers would still climb. So would servlet containers at `..;x`.
 */
function withoutDotSegments(path: string): string {
  if (!path.includes('/.')) return path;
  return path.replace(/(?<=\/)\.{1,2}(?=[/;]|$)/g, dots => dots.replaceAll('.', '%252E'));
}

/** Compiles a rewrite against the pattern whose parameters it may use. */
export function compileRewrite(spec: RewriteSpec, pattern: PathPattern): Rewrite | RewriteError {
  const { stripPrefix, path, host } = spec;
  if (host !== '' && /[^\x21-\x7e]|[/?#@\\,]/.test(host))
    return new RewriteError(['host'], `\`${host}\` is not a host`);
  if (stripPrefix !== '' && path !== '') {
    return new RewriteError(['stripPrefix'], 'stripPrefix and path exclude each other: path replaces all of it');
  }
  if (stripPrefix !== '') return compilePrefix(stripPrefix, host, pattern);
  if (path === '') return new Rewrite(host, '', null, []);
  const pieces = templatePieces(path);
  if (typeof pieces === 'string') return new RewriteError(['path'], pieces);
  return compilePath(path, pieces, host, pattern);
}

function compilePrefix(stripPrefix: string, host: string, pattern: PathPattern): Rewrite | RewriteError {
  const prefix = stripPrefix.replace(/\/$/, '');
  if (stripPrefix !== '/' && !/^(?:\/[^/?#{}*\s]+)+$/.test(prefix)) {
    return new RewriteError(['stripPrefix'], `\`${stripPrefix}\` is not a path prefix such as \`/api\``);
  }
  const segments = prefix.split('/').slice(1);
  const never =
    pattern.regex === null &&
    segments.some((segment, i) => {
      const at = pattern.segments[i];
      return at === undefined ? !pattern.open : at !== anySegment && at !== segment;
    });
  if (never) {
    return new RewriteError(['stripPrefix'], `no path of \`${pattern.source}\` starts with \`${stripPrefix}\``);
  }
  return new Rewrite(host, prefix, null, []);
}

function compilePath(path: string, pieces: TemplatePieces, host: string, pattern: PathPattern): Rewrite | RewriteError {
  if (!path.startsWith('/')) return new RewriteError(['path'], `the new path \`${path}\` must start with \`/\``);
  if (/(?:^|\/)\.\.?(?:\/|$)|\/\//.test(path)) {
    return new RewriteError(['path'], `the new path \`${path}\` holds an empty segment, \`.\` or \`..\``);
  }
  const literals: string[] = [];
  const holes: Hole[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i]!;
    if (i % 2 === 0) {
      if (/[?#\\*]|%(?![0-9A-Fa-f]{2})|%(?:2f|5c|00)/i.test(piece)) {
        return new RewriteError(['path'], `\`${piece}\` in the new path \`${path}\` is not part of a plain path`);
      }
      literals.push(piece.replace(/[^\x21-\x7e]+/gu, encodeURIComponent));
      continue;
    }
    const hole = holeFor(piece, pattern);
    if (typeof hole === 'string') return new RewriteError(['path'], hole);
    holes.push(hole);
  }
  return new Rewrite(host, '', literals, holes);
}

function holeFor(piece: string, pattern: PathPattern): Hole | string {
  const rest = piece.endsWith('*');
  const name = rest ? piece.slice(0, -1) : piece;
  const index = pattern.paramNames.indexOf(name);
  if (index === -1) {
    const known = pattern.paramNames.map(each => `{${each}}`).join(', ');
    return `the path \`${pattern.source}\` has no parameter {${name}}${known === '' ? '' : `; it has ${known}`}`;
  }
  const isRest = pattern.rest && index === pattern.paramNames.length - 1;
  if (isRest && !rest) return `{${name}} takes several segments: write {${name}*}`;
  if (rest && !isRest && pattern.regex === null) return `{${name}} is one segment: write {${name}}`;
  return { index, rest };
}
