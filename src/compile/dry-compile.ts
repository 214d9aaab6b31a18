// Compiles a Config only to check that it can be compiled. Runs the same code as workers, but opens and keeps nothing.

import type { Config } from '../config/config.ts';
import { ThreadIo } from '../net/io.ts';
import { ClientTlsBook } from '../net/tls/client-tls-book.ts';
import { OTHER_LABEL } from '../telemetry/metric-registry.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { type CompileResult, compileSnapshot } from './compile-snapshot.ts';
import { dryServices } from './dry-services.ts';
import { collectNeeds } from './filter-needs.ts';

/** Its `problems` are all that cannot be compiled, each with its path in the document: conflicts, regexes, paths, rewrites, filters. */
export function dryCompile(config: Config, definitions: FilterDefinitions): CompileResult {
  const nowhere = new Map([[OTHER_LABEL, 0]]);
  const { tables } = collectNeeds(config, definitions);
  const clientTls = new ClientTlsBook(() => {});
  const steps = compileSnapshot(config, null, {
    definitions,
    worker: dryServices(new Map(tables.map(({ name, bytes }) => [name, bytes]))),
    eventMetricOffsets: nowhere,
    limitMetricOffsets: nowhere,
    // Pools open connections on demand, and here nothing requests one.
    pools: { io: new ThreadIo(), headLimits: config.limits, cells: new Float64Array(0), clientTls },
    routeMetricOffsets: nowhere,
    upstreamMetricOffsets: nowhere,
    canaryMetricOffsets: nowhere,
    mirrorMetricOffsets: nowhere,
  });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
