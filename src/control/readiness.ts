// Whether the gateway is ready for traffic, and why not. Computed only from the supervisor's status and the metric cells.

import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { AdminView } from './admin-view.ts';

/** Returns the reasons against; empty when all workers serve the whole configuration and every upstream has an endpoint. */
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
    // Upstreams beyond the number that has metric cells of its own are judged by the configuration alone.
    const available =
      offset === undefined
        ? endpoints.length
        : Math.max(...slabs.map(cells => cells[offset + UpstreamCell.endpoints]!));
    if (available === 0) reasons.push(`upstream ${name} has no endpoint`);
  }
  return reasons;
}
