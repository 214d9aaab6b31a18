// What the admin server needs to know of the gateway. The supervisor implements `AdminView`; control/ knows no threads.

import type { Config, LocatedProblem } from '../config/config.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';

export interface AdminStatus {
  readonly phase: 'starting' | 'serving' | 'draining';
  /** The running configuration; null until the first one is in use. */
  readonly config: Config | null;
  /** Milliseconds since 1970; 0 until the first configuration is in use. */
  readonly loadedAt: number;
  /** Why the last reload changed nothing; null when it succeeded. */
  readonly lastFailure: {
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly reason: string;
    readonly problems: readonly LocatedProblem[];
  } | null;
  /** URLs with the ports that were actually bound, such as `http://127.0.0.1:40123`. */
  readonly listeners: readonly string[];
  readonly workersWanted: number;
  readonly workersServing: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface AdminUpstreams {
  readonly upstreams: readonly {
    readonly name: string;
    /** For each source of endpoints: what it is, how old its result is, and what is wrong with it. */
    readonly discovery?: readonly Readonly<Record<string, string | number | null>>[];
    readonly breaker?: { readonly state: string; readonly waitMs: number };
    readonly panic?: boolean;
    /** Present when the upstream has a concurrency limit: requests in progress and requests waiting, of all workers together. */
    readonly concurrency?: { readonly limit: number; readonly inFlight: number; readonly queued: number };
    readonly endpoints: readonly {
      readonly url: string;
      readonly weight: number;
      /** Used only while no other endpoint may be. */
      readonly backup?: boolean;
      readonly available: boolean;
      readonly state: string;
      readonly reason: string;
      /** Milliseconds since the endpoint entered its state; null when that is not known. */
      readonly ageMs: number | null;
      readonly inFlight: number;
      readonly active: number;
      readonly idle: number;
      readonly pending: number;
    }[];
  }[];
  /** Number of workers that replied in time. */
  readonly workers: number;
}

/** A feed of outside data, such as an issuer's keys, that is not up to date. */
export interface AdminFeedTrouble {
  readonly kind: string;
  readonly trouble: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** One of the gateway's own certificates that expires soon. */
export interface AdminCertificateWarning {
  readonly file: string;
  readonly warning: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface AdminView {
  readonly status: AdminStatus;
  upstreams(): Promise<AdminUpstreams>;
  /** Feeds that are not up to date. The gateway keeps serving with the values that it has. */
  readonly feedTroubles?: readonly AdminFeedTrouble[];
  readonly certificateWarnings?: readonly AdminCertificateWarning[];
  /** The state of each canary, by the name of its route. */
  readonly canaryReports?: ReadonlyMap<string, object>;
  /** Null until the gateway has started. */
  readonly metrics: MetricRegistry | null;
}
