// Warns of methods that are probably misspelt. To HTTP, `GTE` is as valid a method as any, but no request will ever match a route for it.

import type { Problem } from '../config.ts';
import { suggestion } from '../problems/nearest-name.ts';
import type { CheckedParts } from './check-document.ts';
import type { RoutesToCheck } from './routes-to-check.ts';

/** The methods that nearly every misspelt one was meant to be. */
const meant = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'];

/** Methods of which no warning is given: those above, other registered ones (WebDAV, versioning, calendars), and those that caches use. */
const known: ReadonlySet<string> = new Set([
  ...meant,
  ...['CONNECT', 'TRACE', 'COPY', 'LOCK', 'MKCOL', 'MOVE', 'PROPFIND', 'PROPPATCH', 'UNLOCK', 'ACL', 'SEARCH'],
  ...['BASELINE-CONTROL', 'CHECKIN', 'CHECKOUT', 'LABEL', 'MERGE', 'MKACTIVITY', 'MKWORKSPACE', 'REPORT', 'UNCHECKOUT'],
  ...['UPDATE', 'VERSION-CONTROL', 'MKCALENDAR', 'BIND', 'REBIND', 'UNBIND', 'LINK', 'UNLINK', 'MKREDIRECTREF'],
  ...['ORDERPATCH', 'UPDATEREDIRECTREF', 'PRI', 'SUBSCRIBE', 'UNSUBSCRIBE', 'NOTIFY', 'M-SEARCH', 'SOURCE'],
  ...['PURGE', 'BAN', 'REFRESH', 'SET', 'LIST', 'PUSH', 'PULL'],
]);

/** The warning about a method that is probably misspelt; empty for others. */
export function slipText(method: string): string {
  const guess = known.has(method) ? '' : suggestion(method, meant);
  return guess === '' ? '' : `${JSON.stringify(method)} is not a known method${guess}`;
}

/** Returns the warnings about the routes from `from` up to `to`, excluded. */
export function checkMethods({ routes }: CheckedParts, { from, to }: RoutesToCheck): Problem[] {
  const problems: Problem[] = [];
  for (let at = from; at < to; at++) {
    const methods = routes[at]?.match.methods;
    if (methods === undefined) continue;
    for (let index = 0; index < methods.length; index++) {
      const message = slipText(methods[index]!);
      if (message !== '')
        problems.push({ path: ['routes', at, 'match', 'methods', index], message, severity: 'warning' });
    }
  }
  return problems;
}
