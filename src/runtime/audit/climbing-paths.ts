// Paths that climb out of one route into what another guards, on servers that read an encoded slash as a slash: `/pub/x%2f..%2f..%2fadmin`
// is a path of `/pub/*` here and `/admin` there. Only where the configuration lets encoded slashes through.

import { SAMPLE_TEXT } from './sample-request.ts';

/**
 * A path of the route with `rawPath`, whose upstream receives `upstreamPath` for it, that climbs to `target`; null when the route's path does
 * not end with free text.
 */
export function climbingPath(rawPath: string, upstreamPath: string, target: string): string | null {
  if (!rawPath.endsWith(`/${SAMPLE_TEXT}`) || !upstreamPath.endsWith(SAMPLE_TEXT)) return null;
  const depth = upstreamPath.split('/').length - 1;
  return `${rawPath}${'%2f..'.repeat(depth)}${target.replaceAll('/', '%2f')}`;
}

/** The path as a server sees it that decodes slashes before it resolves dot segments. */
export function readWithSlashes(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll(/%2f/gi, '/').split('/').slice(1)) {
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
