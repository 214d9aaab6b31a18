// Describes the machine of the measurements, without which a figure means nothing.

import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { wrkVersion } from './load/wrk.ts';
import { canPin, loadCore, proxyCore } from './measure/pinning.ts';

/** Lines for the report. */
export function describeMachine(): string[] {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown system';
  return [
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 1e9).toFixed(1)} GB`,
    `${system}, Linux ${release()}, Node ${process.versions.node}, ${wrkVersion()}`,
    canPin
      ? `proxy pinned to core ${proxyCore}; load and backends to core ${loadCore}`
      : 'nothing is pinned: the machine has one core or no taskset, so these figures say little',
    `load average before the run: ${loadavg()
      .map(each => each.toFixed(2))
      .join(' ')}`,
  ];
}
