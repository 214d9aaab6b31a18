// What a route says of new versions and of copies, as later stages see it. Shapes only; the schemas are in files of their own.

import type { NamedMatch } from './config.ts';

export interface RouteRolloutConfig {
  readonly canary?: CanaryConfig | undefined;
  readonly mirror?: MirrorConfig | undefined;
  readonly async?: DeferralConfig | undefined;
}

export interface DeferralConfig {
  readonly afterMs: number;
  readonly keepMs: number;
  /** Head and body. */
  readonly answerBytesMax: number;
  readonly memoryBytes: number;
  /** Name; memory when left out. */
  readonly store?: string | undefined;
}

/** Numbers are a worker's. */
export interface MirrorConfig {
  readonly upstream: string;
  /** Above 0, up to 1. */
  readonly share: number;
  readonly bodyBytesMax: number;
  readonly timeoutMs: number;
  readonly concurrencyMax: number;
  readonly queueMax: number;
  /** Null compares nothing. */
  readonly compare: {
    /** Lower case. */
    readonly headers: readonly string[];
    readonly body: boolean;
    readonly ignore: readonly string[];
    readonly bodyBytesMax: number;
  } | null;
}

/** The stable version is where the route leads. */
export interface CanaryConfig {
  readonly upstream: string;
  /** Shares rise from above 0 to 1. */
  readonly steps: readonly { readonly share: number; readonly forMs: number }[];
  /** What the share is of: requests, or users known by this. */
  readonly by: ShareOf;
  /** Whoever meets one of these gets the canary whatever the share. */
  readonly always: CanaryAlways;
  readonly errorRate: number;
  readonly p99Factor: number;
  readonly minimum: number;
  /** Name; memory of the process when left out. */
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
