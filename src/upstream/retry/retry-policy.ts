// When a request may be tried again: the compiled form of `retry`. Decides by what went wrong; whether the exchange still can is known in
// src/exchange/retry.ts.

import type { Fault } from '../../base/fault.ts';

/** See `RetryConfig` in src/config/resilience-config.ts, to which this is structurally equal. */
export interface RetrySpec {
  /** Tries after the first. */
  readonly attempts: number;
  readonly on: readonly (RetryCause | number)[];
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Retries for each request, 0 to 1. */
  readonly budget: number;
  /** From the request's last byte to the answer's first, and for getting a connection; 0 is no limit of its own. */
  readonly perTryTimeoutMs: number;
  /** Null for those that are idempotent. */
  readonly methods: readonly string[] | null;
  /** Of a body that is remembered to be sent again. */
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

  /** Whether an answer with this status is a reason. */
  retriesStatus(status: number): boolean {
    return status >= this.statusMin && this.causes.includes(status);
  }

  /** Whether this fault of an attempt is a reason. */
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

/** Null for faults that no other endpoint would mend. */
export function causeOf({ code }: Fault): RetryCause | null {
  switch (code) {
    case 'upstream_connect_failed':
    case 'upstream_connect_timeout':
    case 'upstream_tls_failed':
      return 'connect';
    case 'upstream_reset':
    case 'upstream_stream_refused':
    // Nothing of an answer that cannot be read was passed on.
    case 'upstream_malformed_response':
      return 'reset';
    case 'upstream_response_timeout':
    case 'upstream_idle_timeout':
      return 'timeout';
    default:
      return null;
  }
}
