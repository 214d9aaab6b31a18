// What a kind of health check is: one question to one endpoint. How often it is asked and what follows is decided in endpoint-check.ts.

import type { ClientContext } from '../../net/tls/client-tls.ts';

export interface ProbeTarget {
  readonly host: string;
  /** Where a name was found; connected to instead of the host. */
  readonly address?: string | undefined;
  readonly port: number;
  readonly tls: boolean;
}

/** What one question needs of `HealthCheckConfig` in src/config/resilience-config.ts, which is passed in as it is. */
export interface ProbeSpec {
  readonly kind: 'http' | 'tcp' | 'grpc';
  readonly path: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly expect: readonly { readonly from: number; readonly to: number }[];
  readonly body: string | null;
  /** Of `kind: grpc`; empty for the server as a whole. */
  readonly service: string;
  readonly timeoutMs: number;
}

export interface ProbeOutcome {
  /** Of `ProbeReason`. */
  readonly reason: number;
  /** The status of the answer, where there was one; gRPC's own with `grpcStatus`. */
  readonly status: number;
  /** For the log, where there is more to say than the reason. */
  readonly cause?: string;
}

export const ProbeReason = {
  passed: 0,
  noConnection: 1,
  timedOut: 2,
  status: 3,
  body: 4,
  broken: 5,
  notServing: 6,
  grpcStatus: 7,
  tlsFailed: 8,
} as const;

/** Resolves within the spec's timeout, always; never rejects. `tls` as connections of requests have it. */
export type Prober = (target: ProbeTarget, spec: ProbeSpec, tls: ClientContext | null) => Promise<ProbeOutcome>;

/** Reason and status in one cell. */
export function reasonCell({ reason, status }: ProbeOutcome): number {
  return reason * 1_000 + status;
}

/** For operators. */
export function reasonText(cell: number): string {
  const status = cell % 1_000;
  switch (Math.floor(cell / 1_000)) {
    case ProbeReason.passed:
      return status === 0 ? '' : `answered ${status}`;
    case ProbeReason.noConnection:
      return 'no connection';
    case ProbeReason.timedOut:
      return 'no answer in time';
    case ProbeReason.status:
      return `answered ${status}`;
    case ProbeReason.body:
      return `answered ${status} with another body`;
    case ProbeReason.notServing:
      return 'says that it does not serve';
    case ProbeReason.grpcStatus:
      return `answered gRPC status ${status}`;
    case ProbeReason.tlsFailed:
      return 'TLS failed';
    default:
      return 'the connection broke off';
  }
}

/** The same with what more is known. */
export function outcomeText(outcome: ProbeOutcome): string {
  const text = reasonText(reasonCell(outcome));
  return outcome.cause === undefined ? text : `${text}: ${outcome.cause}`;
}
