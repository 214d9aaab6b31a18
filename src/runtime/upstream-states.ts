// What a worker tells of its upstreams: gauges into its metric cells now and then, and everything when admin asks.

import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { UpstreamState } from './messages.ts';

type Upstreams = Iterable<Upstream>;

/** Writes how many endpoints there are and how many may be used. */
export function writeEndpointGauges(upstreams: Upstreams, cells: Float64Array): void {
  for (const { endpoints, metricsOffset } of upstreams) {
    let available = 0;
    for (const endpoint of endpoints) if (endpoint.available) available++;
    cells[metricsOffset + UpstreamCell.endpoints] = endpoints.length;
    cells[metricsOffset + UpstreamCell.endpointsAvailable] = available;
  }
}

/** For upstreams that are no longer configured: their gauges would otherwise stay for ever. */
export function clearEndpointGauges(before: Upstreams, now: ReadonlyMap<string, Upstream>, cells: Float64Array): void {
  for (const { name, metricsOffset } of before) {
    if (now.has(name)) continue;
    cells[metricsOffset + UpstreamCell.endpoints] = 0;
    cells[metricsOffset + UpstreamCell.endpointsAvailable] = 0;
  }
}

/** Connections and requests by endpoint, as of now. */
export function upstreamStates(upstreams: Upstreams): UpstreamState[] {
  return Array.from(upstreams, ({ name, endpoints }) => ({
    name,
    endpoints: endpoints.map(({ key, weight, available, pool }) => ({ url: key, weight, available, ...pool.counts })),
  }));
}
