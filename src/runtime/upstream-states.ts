// What a worker reports about its upstreams: gauges into its metric cells periodically, and full states when admin asks.

import { UpstreamCell } from '../telemetry/metric-families.ts';
import { breakerReport, endpointReport } from '../upstream/endpoint-report.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { UpstreamState } from './messages.ts';

type Upstreams = Iterable<Upstream>;

/** Writes the gauges of each upstream: endpoints, usable endpoints, use of backups, breaker state, concurrency. */
export function writeEndpointGauges(upstreams: Upstreams, cells: Float64Array): void {
  for (const upstream of upstreams) {
    const { endpoints, metricsOffset, resilience, gate, nowMs } = upstream;
    const { availability, breaker } = resilience;
    // Availability is otherwise re-evaluated by requests, and this worker may have none.
    availability?.look(nowMs);
    cells[metricsOffset + UpstreamCell.endpoints] = endpoints.length;
    cells[metricsOffset + UpstreamCell.endpointsAvailable] =
      availability === null ? endpoints.length : availability.usable;
    cells[metricsOffset + UpstreamCell.backupsInUse] = upstream.usesBackups ? 1 : 0;
    cells[metricsOffset + UpstreamCell.breakerState] = breaker === null ? 0 : breaker.state;
    cells[metricsOffset + UpstreamCell.concurrencyLimit] = gate === null ? 0 : gate.limit;
    cells[metricsOffset + UpstreamCell.admitted] = gate === null ? 0 : gate.inFlight;
    cells[metricsOffset + UpstreamCell.queued] = gate === null ? 0 : gate.queued;
  }
}

/** Zeroes the gauges of upstreams that are no longer configured, which would otherwise stay for ever. */
export function clearEndpointGauges(before: Upstreams, now: ReadonlyMap<string, Upstream>, cells: Float64Array): void {
  for (const { name, metricsOffset } of before) {
    if (now.has(name)) continue;
    cells[metricsOffset + UpstreamCell.endpoints] = 0;
    cells[metricsOffset + UpstreamCell.endpointsAvailable] = 0;
    cells[metricsOffset + UpstreamCell.backupsInUse] = 0;
    cells[metricsOffset + UpstreamCell.breakerState] = 0;
    cells[metricsOffset + UpstreamCell.concurrencyLimit] = 0;
    cells[metricsOffset + UpstreamCell.admitted] = 0;
    cells[metricsOffset + UpstreamCell.queued] = 0;
  }
}

/** The current state of each upstream, with connections and requests by endpoint. */
export function upstreamStates(upstreams: Upstreams): UpstreamState[] {
  return Array.from(upstreams, ({ name, endpoints, resilience, gate, nowMs }) => {
    const { availability, breaker } = resilience;
    availability?.look(nowMs);
    return {
      name,
      ...(breaker !== null && { breaker: breakerReport(breaker, nowMs) }),
      ...(availability?.panics === true && { panic: true }),
      ...(gate !== null && { concurrency: { limit: gate.limit, inFlight: gate.inFlight, queued: gate.queued } }),
      endpoints: endpoints.map(endpoint => ({
        url: endpoint.key,
        weight: endpoint.weight,
        ...(endpoint.backup && { backup: true }),
        available: endpoint.available,
        ...endpointReport(endpoint, nowMs),
        ...endpoint.pool.counts,
      })),
    };
  });
}
