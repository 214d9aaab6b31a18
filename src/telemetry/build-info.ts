// The versions of the gateway and of Node as a metric, so that a dashboard shows which instance runs which release.

import { LABEL_SEPARATOR } from './metric-families.ts';
import type { MetricRegistry } from './metric-registry.ts';

/** Sets `cardea_build_info` to 1 for this process. */
export function writeBuildInfo(registry: MetricRegistry, version: string): void {
  const label = [version, process.versions.node].join(LABEL_SEPARATOR);
  registry.own.cells[registry.block('build', label)] = 1;
}
