// Advice for the figures of a failover drill: one sentence each, with the setting to change.

import type { UpstreamConfig } from '../../config/config.ts';
import type { FailoverResult } from './failover-drill.ts';

/** Advice is given when requests took this much longer than before. */
const SLOWER_MS = 750;

/** Advice for one upstream; empty when there is nothing to improve. */
export function failoverAdvice(upstream: UpstreamConfig, results: readonly FailoverResult[]): string[] {
  const advice: string[] = [];
  const endpoints = results[0]?.endpoints ?? 0;
  if (endpoints < 2) {
    return [
      'it has only one endpoint, so nothing takes over when that fails: add a second one under `endpoints`, or a `fallback` to its routes',
    ];
  }
  const named = (chosen: readonly FailoverResult[]) => chosen.map(({ failure }) => failure).join(', ');
  const lost = results.filter(({ failed }) => failed > 0);
  if (lost.length > 0) {
    const total = lost.reduce((sum, { failed }) => sum + failed, 0);
    const retries = upstream.retry !== undefined && upstream.retry.attempts > 0;
    advice.push(
      retries
        ? `${total} requests failed (${named(lost)}) although it has \`retry\`: allow more \`attempts\` or a larger \`budget\`, or add the reason to \`on\``
        : `${total} requests failed (${named(lost)}): add \`retry: { attempts: 2, perTryTimeout: 1s }\`, so that idempotent requests are tried at another endpoint`,
    );
  }
  const stayed = results.filter(({ ejectedAfterMs, failure }) => ejectedAfterMs === null && failure !== 'slow');
  if (stayed.length > 0) {
    advice.push(
      upstream.healthCheck === undefined && upstream.outlier === undefined
        ? `the broken endpoint stayed in use (${named(stayed)}): add \`healthCheck: { path: /healthz }\` or \`outlier: {}\``
        : `the broken endpoint stayed in use (${named(stayed)}): ${upstream.outlier === undefined ? 'add `outlier: {}`, which observes live traffic' : 'lower `consecutiveErrors` or `unhealthyAfter`'}`,
    );
  }
  const slow = results.filter(({ longestMs, p99BeforeMs }) => longestMs > p99BeforeMs + SLOWER_MS);
  if (slow.length > 0) {
    const worst = Math.max(...slow.map(({ longestMs }) => longestMs));
    advice.push(
      `requests took up to ${worst} ms (${named(slow)}): ${
        (upstream.retry?.perTryTimeoutMs ?? 0) === 0
          ? 'set `retry.perTryTimeout`, the limit for one try'
          : 'shorten `retry.perTryTimeout`, or give routes a `hedge`'
      }`,
    );
  }
  const lasting = results.filter(({ backAfterMs, ejectedAfterMs }) => ejectedAfterMs !== null && backAfterMs === null);
  if (lasting.length > 0) {
    advice.push(
      `the endpoint was not in use 20 s after it had recovered (${named(lasting)}): shorten \`outlier.ejection\` or \`breaker.open\``,
    );
  }
  return advice;
}
