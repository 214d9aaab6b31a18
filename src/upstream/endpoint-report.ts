// What operators are told of an endpoint and of a breaker: a state in one word, the reason, and its age. Decides nothing.

import { type Breaker, BreakerState } from './breaker/breaker.ts';
import type { Endpoint } from './endpoint.ts';
import { reasonText } from './health/prober.ts';
import { ejectReasonTexts } from './outlier/ejection.ts';
import { Health, StateCell, TimeCell } from './state/state-cells.ts';

export interface EndpointReport {
  readonly state: 'used' | 'healthy' | 'unhealthy' | 'ejected' | 'open' | 'recovering';
  /** Empty when there is no reason to report. */
  readonly reason: string;
  /** Milliseconds since the endpoint entered this state; null when that is not known. */
  readonly ageMs: number | null;
  /** Requests under way to this endpoint, on all workers together. */
  readonly inFlight: number;
}

/** Describes the endpoint's state. `now` is in shared milliseconds (`SharedStates.nowMs`). */
export function endpointReport(endpoint: Endpoint, now: number): EndpointReport {
  const { block, breaker, ramp, inFlight } = endpoint;
  const { words, times, at, timesAt } = block;
  const report = (state: EndpointReport['state'], reason: string, since: number): EndpointReport => ({
    state,
    reason,
    ageMs: since === 0 ? null : Math.max(0, Math.round(now - since)),
    inFlight,
  });
  const health = words[at + StateCell.health];
  const healthReason = reasonText(words[at + StateCell.healthReason]!);
  if (words[at + StateCell.ejected] !== 0) {
    return report(
      'ejected',
      ejectReasonTexts[words[at + StateCell.ejectReason]!] ?? '',
      times[timesAt + TimeCell.ejectedAt]!,
    );
  }
  if (health === Health.unhealthy) return report('unhealthy', healthReason, times[timesAt + TimeCell.healthSince]!);
  if (breaker !== null && breaker.waitMs(now) > 0) {
    return report('open', 'its circuit breaker is open', times[timesAt + TimeCell.breakerSince]!);
  }
  if (ramp < 1) return report('recovering', 'its share grows', times[timesAt + TimeCell.recoveredAt]!);
  if (health === Health.healthy) return report('healthy', healthReason, times[timesAt + TimeCell.healthSince]!);
  return report('used', '', 0);
}

export interface BreakerReport {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Milliseconds until an attempt is let through again; 0 unless the breaker is open. */
  readonly waitMs: number;
}

export function breakerReport(breaker: Breaker, now: number): BreakerReport {
  const { state } = breaker;
  const word = state === BreakerState.closed ? 'closed' : state === BreakerState.open ? 'open' : 'half-open';
  return { state: word, waitMs: Math.round(breaker.waitMs(now)) };
}
