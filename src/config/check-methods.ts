// Methods that are probably slips of the hand: `GTE` is a method as good as any to HTTP, and a route for it takes no request.

import type { CheckedParts } from './check-document.ts';
import type { Problem } from './config.ts';
import { suggestion } from './nearest-name.ts';

/** What nearly every slip is one of. */
const meant = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'];

/** These and the others in use, of which nobody is warned: registered ones (WebDAV, versioning, calendars), and those of caches. */
const known: ReadonlySet<string> = new Set([
  ...meant,
  ...['CONNECT', 'TRACE', 'COPY', 'LOCK', 'MKCOL', 'MOVE', 'PROPFIND', 'PROPPATCH', 'UNLOCK', 'ACL', 'SEARCH'],
  ...['BASELINE-CONTROL', 'CHECKIN', 'CHECKOUT', 'LABEL', 'MERGE', 'MKACTIVITY', 'MKWORKSPACE', 'REPORT', 'UNCHECKOUT'],
  ...['UPDATE', 'VERSION-CONTROL', 'MKCALENDAR', 'BIND', 'REBIND', 'UNBIND', 'LINK', 'UNLINK', 'MKREDIRECTREF'],
  ...['ORDERPATCH', 'UPDATEREDIRECTREF', 'PRI', 'SUBSCRIBE', 'UNSUBSCRIBE', 'NOTIFY', 'M-SEARCH', 'SOURCE'],
  ...['PURGE', 'BAN', 'REFRESH', 'SET', 'LIST', 'PUSH', 'PULL'],
]);

/** Warnings. All routes are looked at, since what is not told of again after a change would seem to be mended. */
export function checkMethods({ routes }: CheckedParts): Problem[] {
  const problems: Problem[] = [];
  for (let at = 0; at < routes.length; at++) {
    const methods = routes[at]?.match.methods;
    if (methods === undefined) continue;
    for (let index = 0; index < methods.length; index++) {
      const method = methods[index]!;
      if (known.has(method)) continue;
      const guess = suggestion(method, meant);
      if (guess === '') continue;
      const message = `${JSON.stringify(method)} is not a known method${guess}`;
      problems.push({ path: ['routes', at, 'match', 'methods', index], message, severity: 'warning' });
    }
  }
  return problems;
}
