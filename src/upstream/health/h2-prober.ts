// The health check that asks for a path over HTTP/2, for upstreams that speak nothing else, and of those that choose, for both.

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

/** Over HTTP/2, or over HTTP/1.1 where the endpoint does not take that (`protocol: auto`). Both within the timeout. */
export async function probeEither(
  target: ProbeTarget,
  spec: ProbeSpec,
  tls: ClientContext | null,
): Promise<ProbeOutcome> {
  if (!target.tls) return probeHttp(target, spec, tls);
  // Because: checks run in the supervisor, off the path of requests; so below.
  const beganAt = performance.now();
  const outcome = await probeH2(target, spec, tls);
  if (outcome.reason !== ProbeReason.noConnection && outcome.reason !== ProbeReason.tlsFailed) return outcome;
  // Because: as above.
  const leftMs = spec.timeoutMs - (performance.now() - beganAt);
  return leftMs < 1 ? outcome : probeHttp(target, { ...spec, timeoutMs: leftMs }, tls);
}
