// When a request may be retried: the compiled form of `retry`. Decides by what went wrong; src/exchange/retry.ts knows whether the exchange
// can still be retried.

import type { Fault } from '../../base/fault.ts';

/** See `RetryConfig` in src/config/resilience-config.ts, to which this is structurally equal. */
export interface RetrySpec {
  /** Attempts after the first. */
  readonly attempts: number;
  readonly on: readonly (RetryCause | number)[];
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Retries that the upstream may get for each request, 0 to 1. */
  readonly budget: number;
  /**
   * Limit for getting a connection, and again from the request's last byte to the first byte of the response; 0 for no limit of its own.
   */
  readonly perTryTimeoutMs: number;
  /** Methods that may be retried; null for the idempotent ones. */
  readonly methods: readonly string[] | null;
  /** Size in bytes up to which a body is kept to be sent again. */
  readonly bodyBytesMax: number;
}

export type RetryCause = 'connect' | 'reset' | 'timeout';

/** Methods that may be repeated without harm (RFC 9110 section 9.2.2). */
export function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'PUT' || method === 'DELETE' || method === 'OPTIONS';
}

export class RetryPolicy {
  readonly spec: RetrySpec;
  private readonly causes: readonly (RetryCause | number)[];
  private readonly statusMin: number;

  constructor(spec: RetrySpec) {
    this.spec = spec;
    this.causes = spec.attempts === 0 ? [] : spec.on;
    const statuses = this.causes.filter(cause => typeof cause === 'number');
    this.statusMin = Math.min(Infinity, ...statuses);
  }

  /** Whether a response with this status is a reason to retry. */
  retriesStatus(status: number): boolean {
    return status >= this.statusMin && this.causes.includes(status);
  }

  /** Whether this fault of an attempt is a reason to retry. */
  retriesFault(fault: Fault): boolean {
    const cause = causeOf(fault);
    return cause !== null && this.causes.includes(cause);
  }

  /** Whether a request with this method may be sent twice. `hasKey` says that it carries an `Idempotency-Key`. */
  repeats(method: string, hasKey: boolean): boolean {
    const { methods } = this.spec;
    return hasKey || (methods === null ? isIdempotent(method) : methods.includes(method));
  }
}

/** The reason to retry that a fault amounts to; null for faults that another endpoint would not avoid. */
export function causeOf({ code }: Fault): RetryCause | null {
  switch (code) {
    case 'upstream_connect_failed':
    case 'upstream_connect_timeout':
    case 'upstream_tls_failed':
      return 'connect';
    case 'upstream_reset':
    case 'upstream_stream_refused':
    // Nothing of a response that cannot be parsed was passed on to the client.
    case 'upstream_malformed_response':
      return 'reset';
    case 'upstream_response_timeout':
    case 'upstream_idle_timeout':
      return 'timeout';
    default:
      return null;
  }
}
