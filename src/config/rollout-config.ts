// A route's canary, mirror and deferral of slow responses, as later stages see them. Shapes only; the schemas are in their own files.

import type { NamedMatch } from './config.ts';

export interface RouteRolloutConfig {
  readonly canary?: CanaryConfig | undefined;
  readonly mirror?: MirrorConfig | undefined;
  readonly async?: DeferralConfig | undefined;
}

export interface DeferralConfig {
  readonly afterMs: number;
  readonly keepMs: number;
  /** Head and body of a response together. */
  readonly answerBytesMax: number;
  readonly memoryBytes: number;
  /** Name of the store that keeps the responses; memory of this process when left out. */
  readonly store?: string | undefined;
}

/** Counts apply to one worker. */
export interface MirrorConfig {
  readonly upstream: string;
  /** Share of the requests that are copied; above 0, at most 1. */
  readonly share: number;
  readonly bodyBytesMax: number;
  readonly timeoutMs: number;
  readonly concurrencyMax: number;
  readonly queueMax: number;
  /** Which parts of the responses are compared; null for none. */
  readonly compare: {
    /** Names in lower case. */
    readonly headers: readonly string[];
    readonly body: boolean;
    readonly ignore: readonly string[];
    readonly bodyBytesMax: number;
  } | null;
}

/** A new version. The stable version is where the route's `to` leads. */
export interface CanaryConfig {
  readonly upstream: string;
  /** The shares rise from above 0 to 1. */
  readonly steps: readonly { readonly share: number; readonly forMs: number }[];
  /** What the share is a share of: requests, or users, who are distinguished by this value. */
  readonly by: ShareOf;
  /** Callers who meet one of these conditions get the canary whatever its share. */
  readonly always: CanaryAlways;
  readonly errorRate: number;
  readonly p99Factor: number;
  readonly minimum: number;
  /** Name of the store that keeps the state; memory of this process when left out. */
  readonly store?: string | undefined;
}

export type ShareOf =
  | { readonly kind: 'request' | 'consumer' | 'ip' }
  | { readonly kind: 'cookie' | 'header'; readonly name: string };

export interface CanaryAlways {
  readonly headers: readonly NamedMatch[];
  readonly cookies: readonly NamedMatch[];
  readonly consumers: readonly string[];
}
