// The whole audit of one loaded configuration: what the router shows and, when a running gateway is given, what that gateway answers.

import { filtersInUse } from '../../compile/filters-in-use.ts';
import { filterSchemas, loadLanguages } from '../../compile/languages.ts';
import type { Config, ListenerConfig } from '../../config/config.ts';
import { auditConfig } from './audit.ts';
import type { AuditReport } from './audit-report.ts';
import { Http1Sender } from './http1-sender.ts';
import { Http2Sender } from './http2-sender.ts';
import { keyPlacesOf } from './key-places.ts';
import { type ProbeResult, probeAbsent, probeRoutes } from './probe.ts';
import { type LeftOut, probePlaces } from './probe-places.ts';
import type { ProbeSender } from './probe-sender.ts';
import { RouterOracle } from './router-oracle.ts';

export interface ProbedGateway {
  readonly url: URL;
  readonly insecure: boolean;
  /** The listener to which the URL leads; null when it was not named. */
  readonly listener: ListenerConfig | null;
}

interface Audited {
  readonly report: AuditReport;
  readonly probes: readonly ProbeResult[];
  /** Guarded routes that were not probed. */
  readonly leftOut: readonly LeftOut[];
}

/** Also probes `gateway` unless it is null. Throws an Error when the configuration cannot be compiled. */
export async function auditFile(config: Config, gateway: ProbedGateway | null): Promise<Audited> {
  const definitions = await filtersInUse(config);
  await loadLanguages();
  const report = auditConfig(config, definitions, filterSchemas);
  if (gateway === null) return { report, probes: [], leftOut: [] };
  const there = gateway.listener === null ? listenersAt(config, gateway.url) : [gateway.listener];
  const senders = sendersFor(config, gateway, there);
  const known = there.length === 1 ? there[0]! : null;
  const { routes, absent, leftOut } = probePlaces(report.routes, new RouterOracle(config, definitions), known);
  const probes = await probeRoutes(routes, keyPlacesOf(config, definitions), senders);
  return { report, probes: [...probes, ...(await probeAbsent(absent, senders))], leftOut };
}

function listenersAt({ listeners }: Config, { protocol, port }: URL): ListenerConfig[] {
  return listeners.filter(each => each.port === Number(port || (protocol === 'https:' ? 443 : 80)));
}

/** One sender per protocol that these listeners speak; HTTP/1.1 when there is none, because a proxy stands in front. */
function sendersFor(
  { listeners }: Config,
  { url, insecure }: ProbedGateway,
  there: readonly ListenerConfig[],
): ProbeSender[] {
  const isSecure = url.protocol === 'https:';
  const certificateRequired =
    isSecure && (there.length > 0 ? there : listeners).every(({ tls }) => tls?.clientAuth?.mode === 'required');
  const probed = { url, insecure, certificateRequired };
  const speaks = (protocol: ListenerConfig['protocols'][number]) =>
    there.some(({ protocols }) => protocols.includes(protocol));
  const senders: ProbeSender[] = [];
  const isHttp2Alone = there.length > 0 && !speaks('http/1.1') && !certificateRequired;
  if (!isHttp2Alone) senders.push(new Http1Sender(probed));
  // Because: a client without the required certificate is refused before any HTTP is spoken, so probing HTTP/1.1 is enough.
  if (speaks(isSecure ? 'h2' : 'h2c') && !certificateRequired) senders.push(new Http2Sender(probed));
  return senders;
}
