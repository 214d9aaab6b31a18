// What an upstream learns from its attempts: passes their outcomes to the breaker and to the outlier watch, and logs when one of them
// reacts.

import type { Fault } from '../base/fault.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { Availability } from './availability.ts';
import { type Breaker, BreakerState, REFUSED } from './breaker/breaker.ts';
import type { Endpoint } from './endpoint.ts';
import { ejectReasonTexts } from './outlier/ejection.ts';
import type { OutlierWatch } from './outlier/outlier-watch.ts';
import { causeOf } from './retry/retry-policy.ts';

export interface GuardParts {
  readonly upstreamName: string;
  /** The breaker of the upstream as a whole; null when there is none, or when each endpoint has its own. */
  readonly breaker: Breaker | null;
  readonly outlier: OutlierWatch | null;
  readonly availability: Availability | null;
  readonly cells: Float64Array;
  readonly metricsOffset: number;
  readonly log: (
    level: 'info' | 'warn',
    message: string,
    fields: Readonly<Record<string, string | number | boolean>>,
  ) => void;
}

/** The pass when there is no breaker; nothing is counted for it. */
export const NO_PASS = -2;

export class Guard {
  private readonly parts: GuardParts;

  constructor(parts: GuardParts) {
    this.parts = parts;
  }

  /** Returns a pass for an attempt at this endpoint, or `REFUSED`. The caller gives each pass back by one of the calls below. */
  admit(endpoint: Endpoint, now: number): number {
    const breaker = this.breakerOf(endpoint);
    if (breaker === null) return NO_PASS;
    const pass = breaker.admit(now);
    if (pass === REFUSED) this.parts.cells[this.parts.metricsOffset + UpstreamCell.breakerRefusals]!++;
    return pass;
  }

  /** Milliseconds until the breaker of this endpoint or upstream lets an attempt through again; 0 when there is none or it is not open. */
  waitMs(endpoint: Endpoint | undefined, now: number): number {
    const breaker = this.parts.breaker ?? endpoint?.breaker ?? null;
    return breaker === null ? 0 : breaker.waitMs(now);
  }

  /**
   * The response head arrived. `closedAfter` is 0 when the connection stays open, otherwise the number of requests after which the endpoint
   * closes it.
   */
  answered(
    endpoint: Endpoint,
    pass: number,
    status: number,
    latencyMs: number,
    closedAfter: number,
    now: number,
  ): void {
    const isError = status >= 500;
    if (pass >= 0) this.judge(endpoint, pass, isError, now);
    const { outlier } = this.parts;
    if (outlier !== null)
      this.reportEjection(endpoint, outlier.answered(endpoint.block, isError, latencyMs, closedAfter, now));
  }

  /** The attempt got no usable response. Faults that the endpoint did not cause are not counted. */
  failed(endpoint: Endpoint, pass: number, fault: Fault, now: number): void {
    const { outlier } = this.parts;
    if (!isEndpointsFault(fault)) {
      this.cancelled(endpoint, pass);
      return;
    }
    if (pass >= 0) this.judge(endpoint, pass, true, now);
    if (outlier === null) return;
    this.reportEjection(endpoint, outlier.failed(endpoint.block, fault.code === 'upstream_reset', now));
  }

  /**
   * The endpoint did not process the request, which is sent again: that does not count against it, since each of its connections may end so
   * for many requests at once. That it drains is still to be noticed.
   */
  unprocessed(endpoint: Endpoint, pass: number, now: number): void {
    const { outlier } = this.parts;
    this.cancelled(endpoint, pass);
    if (outlier !== null) this.reportEjection(endpoint, outlier.drains(endpoint.block, now));
  }

  /** The attempt was abandoned: nobody waits for its outcome. */
  cancelled(endpoint: Endpoint, pass: number): void {
    if (pass >= 0) this.breakerOf(endpoint)!.cancelled(pass);
  }

  /** Whether the breaker of this endpoint or upstream is half-open, so that each attempt takes one of few places. */
  isTrying(endpoint: Endpoint): boolean {
    return this.breakerOf(endpoint)?.state === BreakerState.halfOpen;
  }

  /** Lets another attempt take the place of one that may take long; see `Breaker`. Returns the pass with which it goes on. */
  giveUpPlace(endpoint: Endpoint, pass: number): number {
    return this.breakerOf(endpoint)!.giveUpPlace(pass);
  }

  private breakerOf(endpoint: Endpoint): Breaker | null {
    return this.parts.breaker ?? endpoint.breaker;
  }

  private judge(endpoint: Endpoint, pass: number, isError: boolean, now: number): void {
    const { upstreamName, log, availability, cells, metricsOffset } = this.parts;
    const breaker = this.breakerOf(endpoint)!;
    const turned = isError ? breaker.failed(pass, now) : breaker.succeeded(pass, now);
    if (!turned) return;
    availability?.changed();
    const of =
      this.parts.breaker === null ? { upstream: upstreamName, endpoint: endpoint.key } : { upstream: upstreamName };
    if (isError) {
      cells[metricsOffset + UpstreamCell.breakerOpens]!++;
      log('warn', 'circuit breaker opened', { ...of, forMs: breaker.waitMs(now) });
    } else log('info', 'circuit breaker closed', of);
  }

  private reportEjection(endpoint: Endpoint, reason: number): void {
    if (reason === 0) return;
    const { upstreamName, log, availability, outlier, cells, metricsOffset } = this.parts;
    availability?.changed();
    cells[metricsOffset + UpstreamCell.ejections]!++;
    log('warn', 'endpoint ejected', {
      upstream: upstreamName,
      endpoint: endpoint.key,
      reason: ejectReasonTexts[reason]!,
      forMs: outlier!.lastEjectionMs,
    });
  }
}

/** Whether the fault says something about the endpoint, rather than about the client, the gateway or a full queue. */
function isEndpointsFault(fault: Fault): boolean {
  return causeOf(fault) !== null || fault.code === 'exchange_timeout' || fault.code === 'upstream_response_too_large';
}
