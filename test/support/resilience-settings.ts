// Settings of `retry`, `breaker` and `outlier` for tests of the engine, close to the defaults of the configuration.

import type { BreakerSpec } from '../../src/upstream/breaker/breaker.ts';
import type { OutlierSpec } from '../../src/upstream/outlier/outlier-watch.ts';
import type { RetrySpec } from '../../src/upstream/retry/retry-policy.ts';

export function retrySpec(changes: Partial<RetrySpec> = {}): RetrySpec {
  return {
    attempts: 2,
    on: ['connect', 'reset', 'timeout', 502, 503, 504],
    backoffMs: 1,
    maxBackoffMs: 1,
    budget: 1,
    perTryTimeoutMs: 0,
    methods: null,
    bodyBytesMax: 64 * 1024,
    ...changes,
  };
}

export function breakerSpec(changes: Partial<BreakerSpec> = {}): BreakerSpec {
  return {
    failures: 5,
    failureRate: 0,
    minimum: 20,
    windowMs: 10_000,
    openMs: 30_000,
    halfOpen: 3,
    per: 'upstream',
    ...changes,
  };
}

export function outlierSpec(changes: Partial<OutlierSpec> = {}): OutlierSpec {
  return {
    consecutiveErrors: 5,
    consecutiveResets: 3,
    intervalMs: 10_000,
    ejectionMs: 30_000,
    ejectionMaxMs: 300_000,
    maxEjected: 0.5,
    successRateDeviations: 0,
    latencyFactor: 0,
    minimum: 100,
    ...changes,
  };
}
