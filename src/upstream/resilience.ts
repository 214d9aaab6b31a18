// What keeps an upstream's failures from its callers, put together from its settings: availability, breaker, outlier watch. Each is in a
// file of its own; what is not configured is null.

import { Availability } from './availability.ts';
import { Breaker, type BreakerSpec } from './breaker/breaker.ts';
import type { Endpoint } from './endpoint.ts';
import { Guard, type GuardParts } from './guard.ts';
import { type OutlierSpec, OutlierWatch } from './outlier/outlier-watch.ts';
import type { StateBlock } from './state/shared-states.ts';

/** What is needed here of `ResilienceConfig` in src/config/resilience-config.ts, which is passed in as it is. */
export interface ResilienceSpec {
  /** Anything but null: somebody checks the endpoints. */
  readonly healthCheck?: object | null | undefined;
  readonly outlier?: OutlierSpec | null | undefined;
  readonly breaker?: BreakerSpec | null | undefined;
  readonly panicThreshold?: number | undefined;
  readonly slowStartMs?: number | undefined;
}

/** With up to ten endpoints: when none is left. */
const PANIC_THRESHOLD = 0.1;

export interface ResilienceParts extends Pick<GuardParts, 'upstreamName' | 'cells' | 'metricsOffset' | 'log'> {
  readonly endpoints: readonly Endpoint[];
  readonly block: StateBlock;
}

export class Resilience {
  /** Null when every endpoint is always available. */
  readonly availability: Availability | null;
  /** Null when nobody wants to know what attempts come to. */
  readonly guard: Guard | null;
  /** Of the upstream as a whole. */
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
            endpoints.map(endpoint => endpoint.block),
          );
    this.guard =
      breaker === null && watch === null
        ? null
        : new Guard({ ...parts, breaker: this.breaker, outlier: watch, availability: this.availability });
  }
}
