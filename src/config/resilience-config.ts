// Settings for upstreams that fail, as later stages see them. Shapes only; the schemas are in their own files. Each may be absent.

import type { ReplyConfig } from './config.ts';

export interface ResilienceConfig {
  readonly healthCheck?: HealthCheckConfig | undefined;
  readonly outlier?: OutlierConfig | undefined;
  readonly breaker?: BreakerConfig | undefined;
  readonly retry?: RetryConfig | undefined;
  /** Share of usable endpoints, 0 to 1, below which all endpoints are used. */
  readonly panicThreshold?: number | undefined;
  readonly slowStartMs?: number | undefined;
}

export interface RouteResilienceConfig {
  /** Replaces the upstream's `retry`. */
  readonly retry?: RetryConfig | undefined;
  readonly fallback?: FallbackConfig | undefined;
  readonly hedge?: HedgeConfig | undefined;
}

export interface HealthCheckConfig {
  readonly kind: 'http' | 'tcp' | 'grpc';
  readonly path: string;
  /** Null takes the host of the endpoint; `port` likewise. */
  readonly host: string | null;
  readonly port: number | null;
  readonly expect: readonly { readonly from: number; readonly to: number }[];
  /** Text that the body has to contain; null accepts any body. */
  readonly body: string | null;
  /** The service to ask with `kind: grpc`; empty for the server as a whole. */
  readonly service: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** A limit of 0 is switched off. */
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
  /** Attempts after the first; 0 for none. */
  readonly attempts: number;
  readonly on: readonly ('connect' | 'reset' | 'timeout' | number)[];
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly budget: number;
  /** How long one attempt may wait for a connection, and then for the first byte of the response; 0 is no separate limit. */
  readonly perTryTimeoutMs: number;
  /** Methods that may be sent twice; null for GET, HEAD, OPTIONS, PUT and DELETE. */
  readonly methods: readonly string[] | null;
  readonly bodyBytesMax: number;
}

/** `kind` is what callers get when no response is kept; with `nothing` they are refused. */
export type FallbackConfig = (
  | { readonly kind: 'reply'; readonly reply: ReplyConfig }
  | { readonly kind: 'upstream'; readonly upstream: string }
  | { readonly kind: 'nothing' }
) & { readonly cache?: KeptAnswersConfig };

/** The last good responses, kept for the time when the upstream gives none. */
export interface KeptAnswersConfig {
  readonly keepMs: number;
  readonly answerBytesMax: number;
  readonly memoryBytes: number;
  readonly by: 'everyone' | 'consumer';
  readonly ignoredHeaders: readonly string[];
}

export interface HedgeConfig {
  /** Milliseconds until the second attempt; 0 takes the 95th percentile of recent responses. */
  readonly afterMs: number;
}
