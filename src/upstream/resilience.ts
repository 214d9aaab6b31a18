// Protects callers from an upstream's failures: builds availability, breaker and outlier watch from the upstream's settings. Each is in a
// file of its own; what is not configured is null.

import { Availability } from './availability.ts';
import { Breaker, type BreakerSpec } from './breaker/breaker.ts';
import type { Endpoint } from './endpoint.ts';
import { Guard, type GuardParts } from './guard.ts';
import { type OutlierSpec, OutlierWatch } from './outlier/outlier-watch.ts';
import type { StateBlock } from './state/shared-states.ts';

/** The part of `ResilienceConfig` in src/config/resilience-config.ts that is needed here; the whole is passed in as it is. */
export interface ResilienceSpec {
  /** Any value but null says that the endpoints are health-checked; the checks themselves run elsewhere. */
  readonly healthCheck?: object | null | undefined;
  readonly outlier?: OutlierSpec | null | undefined;
  readonly breaker?: BreakerSpec | null | undefined;
  readonly panicThreshold?: number | undefined;
  readonly slowStartMs?: number | undefined;
}

/** Share of usable endpoints. With up to ten endpoints this means: only when none is usable. */
const PANIC_THRESHOLD = 0.1;

export interface ResilienceParts extends Pick<GuardParts, 'upstreamName' | 'cells' | 'metricsOffset' | 'log'> {
  readonly endpoints: readonly Endpoint[];
  readonly block: StateBlock;
}

export class Resilience {
  /** Null when every endpoint is always available. */
  readonly availability: Availability | null;
  /** Null when neither a breaker nor outlier detection is configured. */
  readonly guard: Guard | null;
  /** The breaker of the upstream as a whole; null when there is none, or when each endpoint has its own. */
  readonly breaker: Breaker | null;

  constructor(spec: ResilienceSpec, parts: ResilienceParts) {
    const { endpoints, block, upstreamName, log } = parts;
    const healthCheck = spec.healthCheck ?? null;
    const outlier = spec.outlier ?? null;
    const breaker = spec.breaker ?? null;
    const perEndpoint = breaker?.per === 'endpoint';
    for (const endpoint of endpoints) endpoint.breaker = perEndpoint ? new Breaker(breaker, endpoint.block) : null;
    this.breaker = breaker === null || perEndpoint ? null : new Breaker(breaker, block);
    const changes = healthCheck !== null || outlier !== null || perEndpoint;
    const settings = { panicThreshold: spec.panicThreshold ?? PANIC_THRESHOLD, slowStartMs: spec.slowStartMs ?? 0 };
    this.availability = changes
      ? new Availability(settings, endpoints, block, back =>
          log('info', 'endpoint is used again', { upstream: upstreamName, endpoint: back.key }),
        )
      : null;
    const watch =
      outlier === null
        ? null
        : new OutlierWatch(
            outlier,
            // Endpoints of weight 0 get no requests: they cannot take over from ejected ones, so no share is taken of them.
            endpoints.filter(({ weight }) => weight > 0).map(endpoint => endpoint.block),
          );
    this.guard =
      breaker === null && watch === null
        ? null
        : new Guard({ ...parts, breaker: this.breaker, outlier: watch, availability: this.availability });
  }
}
