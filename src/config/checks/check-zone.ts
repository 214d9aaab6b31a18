// Warns when no endpoint has the gateway's own zone, which is then most likely misspelt. Discovered endpoints may have any zone.

import type { Problem, UpstreamConfig } from '../config.ts';
import { suggestion } from '../problems/nearest-name.ts';

/** Returns one warning or none. */
export function zoneProblems(zone: string | undefined, upstreams: readonly (UpstreamConfig | undefined)[]): Problem[] {
  if (zone === undefined || zone === '') return [];
  const present = upstreams.filter(upstream => upstream !== undefined);
  if (present.some(({ discover }) => discover !== undefined)) return [];
  const zones = new Set(
    present.flatMap(({ endpoints }) => endpoints.map(each => each.zone)).filter(each => each !== ''),
  );
  if (zones.has(zone)) return [];
  const known = zones.size === 0 ? '; none of them says its `zone`' : suggestion(zone, zones);
  return [{ path: ['zone'], message: `no endpoint has the zone "${zone}"${known}`, severity: 'warning' }];
}
