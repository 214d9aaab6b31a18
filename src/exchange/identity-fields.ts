// The fields of one request in which filters forward the caller's identity: removed if a filter is refused after all, and
// combined if there are several filters. Their content is made in identity-lines.ts.

import { CONSUMER_PREFIX } from '../base/consumer-prefix.ts';
import type { Exchange } from './exchange.ts';

/** What several credentials allow together is what `acl` sees as well. */
const SCOPES = `${CONSUMER_PREFIX}scopes`;

/** Removes them from the request and returns them: name, value, name, value. What the client sent under such names was removed before. */
export function takeIdentityFields({ request, snapshot }: Exchange): string[] {
  const { identityHeaders } = snapshot;
  return identityHeaders === null ? [] : request.headers.takeAdded(identityHeaders);
}

export function addFields({ request }: Exchange, fields: readonly string[]): void {
  request.headers.appendAllTrusted(fields);
}

/** Adds to `fields` those of `more` that are not there yet; scopes are combined. */
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

/** Those that are not `x-consumer-*`: for example those of an external service. */
export function besideConsumer(fields: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2)
    if (!fields[i]!.toLowerCase().startsWith(CONSUMER_PREFIX)) kept.push(fields[i]!, fields[i + 1]!);
  return kept;
}
