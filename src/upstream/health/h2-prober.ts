// The health check that requests a path over HTTP/2: for upstreams that speak HTTP/2 only, and for those with `protocol: auto`, which may
// choose either.

import type { ClientContext } from '../../net/tls/client-tls.ts';
import { askH2 } from './h2-question.ts';
import { probeHttp } from './http-prober.ts';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';

export async function probeH2(target: ProbeTarget, spec: ProbeSpec, tls: ClientContext | null): Promise<ProbeOutcome> {
  const { path, expect, body: wanted } = spec;
  const isExpected = (status: number) => expect.some(({ from, to }) => status >= from && status <= to);
  const { outcome, body } = await askH2(target, spec, tls, {
    method: 'GET',
    path,
    fields: [],
    body: null,
    isEnough: given => wanted === null || !isExpected(given),
  });
  const { reason, status } = outcome;
  if (reason !== ProbeReason.passed) return outcome;
  if (!isExpected(status)) return { reason: ProbeReason.status, status };
  return { reason: wanted === null || body.includes(wanted) ? ProbeReason.passed : ProbeReason.body, status };
}

/**
 * Checks over HTTP/2, or over HTTP/1.1 when the endpoint does not accept HTTP/2 (`protocol: auto`). Both together stay within the timeout.
 */
export async function probeEither(
  target: ProbeTarget,
  spec: ProbeSpec,
  tls: ClientContext | null,
): Promise<ProbeOutcome> {
  if (!target.tls) return probeHttp(target, spec, tls);
  // Because: checks run in the supervisor, not where requests are served; the same holds below.
  const beganAt = performance.now();
  const outcome = await probeH2(target, spec, tls);
  if (outcome.reason !== ProbeReason.noConnection && outcome.reason !== ProbeReason.tlsFailed) return outcome;
  // Because: as above.
  const leftMs = spec.timeoutMs - (performance.now() - beganAt);
  return leftMs < 1 ? outcome : probeHttp(target, { ...spec, timeoutMs: leftMs }, tls);
}
