// Reports routes whose path no request can have, because `paths` refuses or changes every such path before routing. Other errors in a path
// are reported by the code that parses the pattern.

import type { Problem } from '../config.ts';
import type { CheckedParts } from './check-document.ts';
import type { RoutesToCheck } from './routes-to-check.ts';

/** Returns the errors of the routes from `from` up to `to`, excluded. */
export function checkRoutePaths({ paths, routes }: CheckedParts, { from, to }: RoutesToCheck): Problem[] {
  const problems: Problem[] = [];
  if (paths === undefined) return problems;
  const { emptySegments, encodedSlash } = paths;
  for (let at = from; at < to; at++) {
    const path = routes[at]?.match.path;
    // Regular expressions are not examined.
    if (path === undefined || path.startsWith('~')) continue;
    if (emptySegments !== 'keep' && path.includes('//')) {
      const fate = emptySegments === 'merge' ? 'becomes one slash' : 'is refused';
      problems.push(neverMatches(at, `\`//\` in a path ${fate}`, 'emptySegments'));
    }
    if (encodedSlash !== 'keep' && /%(?:2f|5c)/i.test(path))
      problems.push(neverMatches(at, '`%2f` or `%5c` in a path is refused', 'encodedSlash'));
  }
  return problems;
}

function neverMatches(at: number, why: string, setting: string): Problem {
  const message = `no request can match this: ${why}, unless \`paths: { ${setting}: keep }\` lets it pass`;
  return { path: ['routes', at, 'match', 'path'], message, severity: 'error' };
}
