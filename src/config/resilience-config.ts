// What a document says of upstreams that fail, as later stages see it. Shapes only; the schemas are in files of their own. All of it may be absent.

import type { ReplyConfig } from './config.ts';

export interface ResilienceConfig {
  readonly healthCheck?: HealthCheckConfig | undefined;
  readonly outlier?: OutlierConfig | undefined;
  readonly breaker?: BreakerConfig | undefined;
  readonly retry?: RetryConfig | undefined;
  /** Share of usable endpoints below which all are used, 0 to 1. */
  readonly panicThreshold?: number | undefined;
  readonly slowStartMs?: number | undefined;
}

export interface RouteResilienceConfig {
  /** Takes the place of the upstream's. */
  readonly retry?: RetryConfig | undefined;
  readonly fallback?: FallbackConfig | undefined;
  readonly hedge?: HedgeConfig | undefined;
}

export interface HealthCheckConfig {
  readonly kind: 'http' | 'tcp' | 'grpc';
  readonly path: string;
  /** Null takes the endpoint's. */
  readonly host: string | null;
  readonly port: number | null;
  readonly expect: readonly { readonly from: number; readonly to: number }[];
  /** What the body has to hold; null for anything. */
  readonly body: string | null;
  /** Of `kind: grpc`; empty for the server as a whole. */
  readonly service: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** Counts are 0 where they are switched off. */
export interface OutlierConfig {
  readonly consecutiveErrors: number;
  readonly consecutiveResets: number;
  readonly intervalMs: number;
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
  readonly maxEjected: number;
  readonly successRateDeviations: number;
  readonly latencyFactor: number;
  readonly minimum: number;
}

export interface BreakerConfig {
  readonly failures: number;
  readonly failureRate: number;
  readonly minimum: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly halfOpen: number;
  readonly per: 'upstream' | 'endpoint';
}

export interface RetryConfig {
  /** Tries after the first; 0 for none. */
  readonly attempts: number;
  readonly on: readonly ('connect' | 'reset' | 'timeout' | number)[];
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly budget: number;
  /** 0 is no limit of its own. */
  readonly perTryTimeoutMs: number;
  /** Null for the idempotent ones. */
  readonly methods: readonly string[] | null;
  readonly bodyBytesMax: number;
}

/** `kind` is what is given where no answer is kept; nothing refuses. */
export type FallbackConfig = (
  | { readonly kind: 'reply'; readonly reply: ReplyConfig }
  | { readonly kind: 'upstream'; readonly upstream: string }
  | { readonly kind: 'nothing' }
) & { readonly cache?: KeptAnswersConfig };

/** The last good answers, for when the upstream has none. */
export interface KeptAnswersConfig {
  readonly keepMs: number;
  readonly answerBytesMax: number;
  readonly memoryBytes: number;
  readonly by: 'everyone' | 'consumer';
  readonly ignoredHeaders: readonly string[];
}

export interface HedgeConfig {
  /** 0 takes the 95th percentile of the answers before. */
  readonly afterMs: number;
}
