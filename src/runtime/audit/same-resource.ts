// Finds other request paths that a rewrite turns into the path which a guarded route's upstream receives. Works backwards from that path.
// The router then has to confirm that such a request takes the other route and is rewritten to this path there.

import type { RouteConfig } from '../../config/config.ts';
import { SAMPLE_TEXT } from './sample-request.ts';
import { textsMatching } from './text-matching.ts';

/** The path that a client may send so that the upstream receives `upstreamPath`; null when there is none. */
export type PathBefore = (upstreamPath: string) => string | null;

/** Inverse of the route's rewrite. For a route that does not rewrite paths, the path itself. */
export function pathBeforeOf({ match, rewrite }: RouteConfig): PathBefore {
  if (rewrite === null || (rewrite.stripPrefix === '' && rewrite.path === '')) return path => path;
  if (rewrite.stripPrefix !== '') {
    const prefix = rewrite.stripPrefix.replace(/\/$/, '');
    return path => prefix + path;
  }
  const names: string[] = [];
  const source = rewrite.path
    .split(/\{([^}]*)\}/)
    .map((piece, at) => {
      if (at % 2 === 0) return RegExp.escape(piece);
      names.push(piece.replace('*', ''));
      return piece.endsWith('*') ? '(.*)' : '([^/]+)';
    })
    .join('');
  const whole = new RegExp(`^${source}$`);
  return path => {
    const found = whole.exec(path);
    if (found === null) return null;
    const values = new Map(names.map((name, at) => [name, found[at + 1]!]));
    if (match.path.startsWith('~')) return textsMatching(withGroups(match.path.slice(1), values))[0] ?? null;
    // The rewrite does not use this parameter, so any text serves.
    return match.path
      .replace(/\*$/, SAMPLE_TEXT)
      .replace(/\{([^}*]*)\*?\}/g, (_, name: string) => values.get(name) ?? SAMPLE_TEXT);
  };
}

/** The source of the expression with its named groups replaced by these literal texts. */
function withGroups(source: string, values: ReadonlyMap<string, string>): string {
  const opening = /\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/y;
  let text = '';
  for (let at = 0; at < source.length; ) {
    opening.lastIndex = at;
    const group = opening.exec(source);
    const value = group === null ? undefined : values.get(group[1]!);
    const end = value === undefined ? endOfUnit(source, at) : endOfGroup(source, at);
    text += value === undefined ? source.slice(at, end) : value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    at = end;
  }
  return text;
}

function endOfGroup(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at = endOfUnit(source, at)) {
    if (source[at] === '(') depth++;
    else if (source[at] === ')' && --depth === 0) return at + 1;
  }
  return source.length;
}

/** Index after the character, escape or character class that begins at `at`. */
function endOfUnit(source: string, at: number): number {
  const unit = /(?:\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|.)/sy;
  unit.lastIndex = at;
  return at + unit.exec(source)![0].length;
}
