// The whole audit of one loaded configuration: what the router says, and what a running gateway says when one is given.

import { filtersInUse } from '../../compile/filters-in-use.ts';
import { filterSchemas, loadLanguages } from '../../compile/languages.ts';
import type { Config } from '../../config/config.ts';
import { auditConfig } from './audit.ts';
import type { AuditReport } from './audit-report.ts';
import { keyPlacesOf } from './key-places.ts';
import { type ProbeResult, probeRoutes } from './probe.ts';

export interface ProbedGateway {
  readonly url: URL;
  readonly insecure: boolean;
}

/** Throws an Error when the configuration cannot be compiled. */
export async function auditFile(
  config: Config,
  gateway: ProbedGateway | null,
): Promise<{ readonly report: AuditReport; readonly probes: readonly ProbeResult[] }> {
  const definitions = await filtersInUse(config);
  await loadLanguages();
  const report = auditConfig(config, definitions, filterSchemas);
  const probes =
    gateway === null
      ? []
      : await probeRoutes(report.routes, {
          ...gateway,
          keyPlaces: keyPlacesOf(config, definitions),
          certificateRequired: requiresCertificate(config, gateway.url),
        });
  return { report, probes };
}

/** Whether the listener of this port, or every one where none has it, takes nobody without a client certificate. */
function requiresCertificate({ listeners }: Config, { protocol, port }: URL): boolean {
  if (protocol !== 'https:') return false;
  const there = listeners.filter(each => each.port === Number(port || 443));
  return (there.length > 0 ? there : listeners).every(({ tls }) => tls?.clientAuth?.mode === 'required');
}
