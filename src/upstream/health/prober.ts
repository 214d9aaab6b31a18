// The interface of a kind of health check: one question to one endpoint. endpoint-check.ts decides how often to ask and what follows.

import type { ClientContext } from '../../net/tls/client-tls.ts';

export interface ProbeTarget {
  readonly host: string;
  /** The address that the host name was resolved to; connected to instead of the host. */
  readonly address?: string | undefined;
  readonly port: number;
  readonly tls: boolean;
}

/** The part of `HealthCheckConfig` in src/config/resilience-config.ts that one question needs; the whole is passed in as it is. */
export interface ProbeSpec {
  readonly kind: 'http' | 'tcp' | 'grpc';
  readonly path: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly expect: readonly { readonly from: number; readonly to: number }[];
  readonly body: string | null;
  /** For `kind: grpc`: the service to ask for; empty for the server as a whole. */
  readonly service: string;
  readonly timeoutMs: number;
}

export interface ProbeOutcome {
  /** A value of `ProbeReason`. */
  readonly reason: number;
  /** The HTTP status of the response, 0 without a response; with `grpcStatus` the gRPC status. */
  readonly status: number;
  /** Details for the log, when there are any beyond the reason. */
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

/** Always resolves within the timeout of `spec`; never rejects. `tls` is the same as for connections of requests; null without TLS. */
export type Prober = (target: ProbeTarget, spec: ProbeSpec, tls: ClientContext | null) => Promise<ProbeOutcome>;

/** Packs reason and status into one cell. */
export function reasonCell({ reason, status }: ProbeOutcome): number {
  return reason * 1_000 + status;
}

/** The text for a cell of `reasonCell`, for operators. */
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

/** The text for an outcome, with its cause when that is known. */
export function outcomeText(outcome: ProbeOutcome): string {
  const text = reasonText(reasonCell(outcome));
  return outcome.cause === undefined ? text : `${text}: ${outcome.cause}`;
}
