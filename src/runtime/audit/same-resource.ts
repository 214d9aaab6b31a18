// Works backwards through a route's rewrite: from a path that its upstream receives to paths that a client may send. The router then has to
// confirm that such a request takes the route and is rewritten to this path there.

import type { RouteConfig } from '../../config/config.ts';
import { SAMPLE_TEXT } from './sample-request.ts';
import { textsMatching } from './text-matching.ts';

/** Paths that a client may send so that the upstream receives `upstreamPath`; empty when there is none. */
export type PathsBefore = (upstreamPath: string) => readonly string[];

/** Most parameters of a template that are tried as empty, each with and without. */
const EMPTY_HOLES_MAX = 4;

/** Most texts of an expression that are tried for one path. */
const TEXTS_MAX = 4;

/** Inverse of the route's rewrite. For a route that does not rewrite paths, the path itself. */
export function pathsBeforeOf({ match, rewrite }: RouteConfig): PathsBefore {
  if (rewrite === null || (rewrite.stripPrefix === '' && rewrite.path === '')) return path => [path];
  if (rewrite.stripPrefix !== '') {
    const prefix = rewrite.stripPrefix.replace(/\/$/, '');
    // A path that does not begin with the prefix goes upstream as it is.
    return path => [prefix + path, ...(path === '/' ? [prefix] : []), path];
  }
  const isRegex = match.path.startsWith('~');
  const inverses = inversesOf(rewrite.path, isRegex);
  return path =>
    inverses.flatMap(({ whole, names }) => {
      const found = whole.exec(path);
      if (found === null) return [];
      const values = new Map(names.map((name, at) => [name, found[at + 1] ?? '']));
      if (isRegex) return textsMatching(withGroups(match.path.slice(1), values)).slice(0, TEXTS_MAX);
      // The rewrite does not use this parameter, so any text serves; a rest may be empty as well.
      return [SAMPLE_TEXT, ''].map(rest =>
        match.path
          .replace(/\*$/, rest)
          .replace(
            /\{([^}*]*)(\*?)\}/g,
            (_, name: string, star: string) => values.get(name) ?? (star ? rest : SAMPLE_TEXT),
          ),
      );
    });
}

/** An expression for the paths that a template makes, whose groups are the values of these parameters. */
interface Inverse {
  readonly whole: RegExp;
  readonly names: readonly string[];
}

/** One inverse with every parameter filled, and one for each choice of parameters that may be empty. */
function inversesOf(template: string, isRegex: boolean): Inverse[] {
  const pieces = template.split(/\{([^}]*)\}/);
  const mayBeEmpty = pieces.flatMap((piece, at) => (at % 2 === 1 && (isRegex || piece.endsWith('*')) ? [at] : []));
  let choices: readonly (readonly number[])[] = [[]];
  for (const at of mayBeEmpty.slice(0, EMPTY_HOLES_MAX)) {
    choices = [...choices, ...choices.map(choice => [...choice, at])];
  }
  return choices.map(empty => inverseOf(pieces, empty));
}

function inverseOf(pieces: readonly string[], empty: readonly number[]): Inverse {
  const names: string[] = [];
  let source = '';
  for (const [at, piece] of pieces.entries()) {
    if (at % 2 === 0) {
      // As the rewrite does: no empty segment is left where a parameter is empty.
      const isDoubled = empty.includes(at - 1) && pieces[at - 2]!.endsWith('/') && piece.startsWith('/');
      source += RegExp.escape(isDoubled ? piece.slice(1) : piece);
      continue;
    }
    names.push(piece.replace('*', ''));
    if (empty.includes(at)) source += '()';
    else source += piece.endsWith('*') ? '(.+)' : '([^/]+)';
  }
  return { whole: new RegExp(`^${source}$`), names };
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
    // In a group of its own, so that what the named group was repeated by stays attached to all of the text.
    text += value === undefined ? source.slice(at, end) : `(?:${value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})`;
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
