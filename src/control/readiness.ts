// Whether the gateway is ready for traffic, and why not. Computed only from the supervisor's status and the metric cells.

import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { AdminView } from './admin-view.ts';

/** Reasons against; empty when it is ready: the whole configuration on all workers, an endpoint for every upstream. */
export function reasonsAgainstReady({ status, metrics }: Pick<AdminView, 'status' | 'metrics'>): string[] {
  const { phase, config, workersServing, workersWanted } = status;
  if (phase === 'draining') return ['draining: no new requests are taken'];
  if (phase === 'starting' || config === null) return ['starting: the configuration is not in use yet'];
  const reasons: string[] = [];
  if (workersServing < workersWanted) reasons.push(`${workersServing} of ${workersWanted} workers serve`);
  const offsets = metrics?.blocks('upstream');
  const slabs = metrics?.allCells() ?? [];
  for (const { name, endpoints } of config.upstreams) {
    const offset = offsets?.get(name);
    // Beyond the number of upstreams with cells of their own, only the configuration tells.
    const available =
      offset === undefined
        ? endpoints.length
        : Math.max(...slabs.map(cells => cells[offset + UpstreamCell.endpoints]!));
    if (available === 0) reasons.push(`upstream ${name} has no endpoint`);
  }
  return reasons;
}
