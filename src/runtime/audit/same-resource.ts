// Other paths that a rewrite turns into the one that a guarded route's upstream sees. Works backwards from that path; whether such a
// request takes the other route, and becomes this path there, is for the router to say.

import type { RouteConfig } from '../../config/config.ts';

/** Stands where the rewrite leaves a parameter out. */
const ANY = 'audit';

/** The path that a client may write so that the upstream is sent this one; null where there is none. */
export type PathBefore = (upstreamPath: string) => string | null;

/** Of a route that keeps paths it is the path itself. */
export function pathBeforeOf({ match, rewrite }: RouteConfig): PathBefore {
  if (rewrite === null || (rewrite.stripPrefix === '' && rewrite.path === '')) return path => path;
  if (match.path.startsWith('~')) return () => null;
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
    return match.path.replace(/\*$/, ANY).replace(/\{([^}*]*)\*?\}/g, (_, name: string) => values.get(name) ?? ANY);
  };
}
