// The headers of one request in which filters forward the caller's identity: removed if a filter is refused after all, and combined if
// several filters identify the caller. Their content is made in identity-lines.ts.

import { CONSUMER_PREFIX } from '../../base/consumer-prefix.ts';
import type { Exchange } from '../exchange.ts';

/** The header whose values are combined: `acl` sees the scopes of several credentials together as well. */
const SCOPES = `${CONSUMER_PREFIX}scopes`;

/** Removes the identity headers and returns them: name, value, name, value. What the client sent under such names was removed before. */
export function takeIdentityFields({ request, snapshot }: Exchange): string[] {
  const { identityHeaders } = snapshot;
  return identityHeaders === null ? [] : request.headers.takeAdded(identityHeaders);
}

/** Removes what filters before have forwarded of an identity, and returns it. What an external service has said beside one stays. */
export function dropCallerFields({ request, snapshot }: Exchange): string[] {
  const { callerHeaders } = snapshot;
  return callerHeaders === null ? [] : request.headers.takeAdded(callerHeaders);
}

export function addFields({ request }: Exchange, fields: readonly string[]): void {
  request.headers.appendAllTrusted(fields);
}

/** Adds to `fields` those of `more` whose names are not there yet; the scopes of both are combined. */
export function mergeFields(fields: string[], more: readonly string[]): void {
  const placeOf = new Map<string, number>();
  for (let i = 0; i < fields.length; i += 2) placeOf.set(fields[i]!.toLowerCase(), i + 1);
  for (let i = 0; i < more.length; i += 2) {
    const name = more[i]!.toLowerCase();
    const place = placeOf.get(name);
    if (place === undefined) fields.push(more[i]!, more[i + 1]!);
    else if (name === SCOPES)
      fields[place] = words(fields[place]!)
        .union(words(more[i + 1]!))
        .values()
        .toArray()
        .join(' ');
  }
}

function words(scopes: string): Set<string> {
  return new Set(scopes.split(' '));
}
