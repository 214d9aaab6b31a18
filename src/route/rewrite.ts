// Computes the path and host that are sent upstream instead of those received. A parameter fills only its own place: whatever the
// client sends, it cannot add a segment, a query or `..`.

import { isUnreserved } from '../http/path.ts';
import type { FoundRoute } from './found-route.ts';
import type { RewriteSpec } from './match.ts';
import { anySegment, type PathPattern } from './path-pattern.ts';
import { type TemplatePieces, templatePieces } from './path-template.ts';

/** Why a rewrite is invalid: the path to the wrong value inside `rewrite`, and a sentence for the operator. */
export class RewriteError {
  readonly path: readonly string[];
  readonly message: string;

  constructor(path: readonly string[], message: string) {
    this.path = path;
    this.message = message;
  }
}

/** A parameter in the template: its index among the route's parameters, and whether slashes in its value stay slashes. */
interface Hole {
  readonly index: number;
  readonly rest: boolean;
}

export class Rewrite {
  /** Host to send upstream; empty keeps the client's. */
  readonly host: string;
  /** Prefix to strip, without a slash at its end; empty for none. */
  private readonly prefix: string;
  /** Literal texts of the path template, one more than there are holes; null when there is no template. */
  private readonly literals: readonly string[] | null;
  private readonly holes: readonly Hole[];

  constructor(host: string, prefix: string, literals: readonly string[] | null, holes: readonly Hole[]) {
    this.host = host;
    this.prefix = prefix;
    this.literals = literals;
    this.holes = holes;
  }

  /** The path to send upstream; normalised if `path` is. `found` is the result of the look-up for `path`. */
  apply(path: string, found: Pick<FoundRoute<unknown>, 'rawValues'>): string {
    const { literals } = this;
    if (literals !== null) return this.fill(literals, found.rawValues);
    const prefix = this.strippedFrom(path);
    return prefix === '' ? path : withoutPrefix(path, prefix);
  }

  /** The prefix that `apply` takes off this path, if it ends at the end of a segment: `/api` of `/api/x` and of `/api`, not of `/apix`. Else empty. */
  strippedFrom(path: string): string {
    const { prefix } = this;
    if (this.literals !== null || prefix === '' || !path.startsWith(prefix)) return '';
    return path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f ? prefix : '';
  }

  private fill(literals: readonly string[], values: readonly string[]): string {
    let path = literals[0]!;
    for (let i = 0; i < this.holes.length; i++) {
      const { index, rest } = this.holes[i]!;
      let value = values[index] ?? '';
      if (!rest) value = inOneSegment(value);
      // A value that starts with a slash would give `/v2/{path*}` an empty segment.
      else if (path.endsWith('/')) value = value.replace(/^\/+/, '');
      path += withoutOpenEscape(value);
      const literal = literals[i + 1]!;
      // A regex capture may be empty or end with a slash: `/v2/{a}/x` must not become `/v2//x`.
      path += path.endsWith('/') && literal.startsWith('/') ? literal.slice(1) : literal;
    }
    return this.holes.length === 0 ? path : withoutDotSegments(path);
  }
}

/** `prefix` is one that `strippedFrom` gave for this path. */
function withoutPrefix(path: string, prefix: string): string {
  if (path.length === prefix.length) return '/';
  // When the policy keeps empty segments, `/api//x` must not become `//x`, which some servers read as a host.
  const rest = path.slice(prefix.length);
  return rest.startsWith('//') ? `/${rest.replace(/^\/+/, '')}` : rest;
}

/** Keeps a value in one segment. Only the capture of a regex can contain slashes; they are encoded twice. */
function inOneSegment(value: string): string {
  return value.includes('/') ? value.replaceAll('/', '%252F') : value;
}

/**
 * Encodes the `%` of an escape that continues after the value: the capture of a regex may end inside `%25`, and the text that follows
 * it could complete `%2E` or `%2F`, which the path that was checked did not contain.
 */
function withoutOpenEscape(value: string): string {
  const { length } = value;
  if (value.charCodeAt(length - 1) !== 0x25 && value.charCodeAt(length - 2) !== 0x25) return value;
  return value.replace(/%(?=.?$)/, '%25');
}

/**
 * Encodes dot segments, which regex captures side by side can form out of harmless parts. Encoded twice, `..` is an ordinary name
 * to every server that decodes once; encoded once, many servers would still climb. Servlet containers climb at `..;x` as well, and
 * some servers at `..%3Bx`.
 */
function withoutDotSegments(path: string): string {
  if (!path.includes('/.')) return path;
  return path.replace(/(?<=\/)\.{1,2}(?=[/;]|%3B|$)/g, dots => dots.replaceAll('.', '%252E'));
}

/** Compiles a rewrite. `pattern` is the route's path pattern, whose parameters the new path may use. */
export function compileRewrite(spec: RewriteSpec, pattern: PathPattern): Rewrite | RewriteError {
  const { stripPrefix, path, host } = spec;
  if (host !== '' && /[^\x21-\x7e]|[/?#@\\,]/.test(host))
    return new RewriteError(['host'], `\`${host}\` is not a host`);
  for (const [key, text] of Object.entries({ stripPrefix, path })) {
    if (!text.isWellFormed()) return new RewriteError([key], `\`${text}\` holds half of a surrogate pair`);
  }
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
  const written = stripPrefix.replace(/\/$/, '');
  if (stripPrefix !== '/' && !/^(?:\/[^/?#{}*\s\x00-\x1f\x7f]+)+$/.test(written)) {
    return new RewriteError(['stripPrefix'], `\`${stripPrefix}\` is not a path prefix such as \`/api\``);
  }
  const prefix = normalText(written);
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
  if (/\/\.{1,2}(?:[/;]|%3B|$)|\/\//.test(withNormalEscapes(path))) {
    return new RewriteError(['path'], `the new path \`${path}\` holds an empty segment, \`.\` or \`..\``);
  }
  const literals: string[] = [];
  const holes: Hole[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i]!;
    if (i % 2 === 0) {
      if (piece.includes('?'))
        return new RewriteError(['path'], `the new path \`${path}\` holds \`?\`: a rewrite leaves the query as it is`);
      if (/[#\\*\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})|%(?:[01][0-9a-f]|2f|5c|7f)/i.test(piece)) {
        return new RewriteError(['path'], `\`${piece}\` in the new path \`${path}\` is not part of a plain path`);
      }
      literals.push(normalText(piece));
      continue;
    }
    const hole = holeFor(piece, pattern);
    if (typeof hole === 'string') return new RewriteError(['path'], hole);
    holes.push(hole);
  }
  return new Rewrite(host, '', literals, holes);
}

/** Text of the configuration as a normalised request path spells it. Throws when the text has half of a surrogate pair. */
function normalText(text: string): string {
  return withNormalEscapes(text.replace(/[^\x21-\x7e]+/gu, encodeURIComponent));
}

/** Decodes unreserved characters, and writes other escapes in upper case, as `normalizePath` does. */
function withNormalEscapes(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}/g, encoded => {
    const byte = Number.parseInt(encoded.slice(1), 16);
    return isUnreserved(byte) ? String.fromCharCode(byte) : encoded.toUpperCase();
  });
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
