// What the admin server needs of the gateway. The supervisor has this shape; control/ knows no threads.

import type { Config, LocatedProblem } from '../config/config.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';

export interface AdminStatus {
  readonly phase: 'starting' | 'serving' | 'draining';
  /** Null until the first configuration serves. */
  readonly config: Config | null;
  /** Milliseconds since 1970; 0 before the first configuration serves. */
  readonly loadedAt: number;
  /** Why the last reload changed nothing; null when it did not fail. */
  readonly lastFailure: {
    readonly at: number;
    readonly reason: string;
    readonly problems: readonly LocatedProblem[];
  } | null;
  /** `http://127.0.0.1:40123`, with the real ports. */
  readonly listeners: readonly string[];
  readonly workersWanted: number;
  readonly workersServing: number;
  readonly startedAt: number;
}

export interface AdminUpstreams {
  readonly upstreams: readonly {
    readonly name: string;
    /** Where endpoints were found, how old that is and what is wrong with it. */
    readonly discovery?: readonly Readonly<Record<string, string | number | null>>[];
    readonly breaker?: { readonly state: string; readonly waitMs: number };
    readonly panic?: boolean;
    /** If there is a limit: requests in progress of all workers, and those that wait. */
    readonly concurrency?: { readonly limit: number; readonly inFlight: number; readonly queued: number };
    readonly endpoints: readonly {
      readonly url: string;
      readonly weight: number;
      readonly available: boolean;
      readonly state: string;
      readonly reason: string;
      /** Milliseconds. */
      readonly ageMs: number | null;
      readonly inFlight: number;
      readonly active: number;
      readonly idle: number;
      readonly pending: number;
    }[];
  }[];
  /** Workers that replied in time. */
  readonly workers: number;
}

/** What keeps something that the gateway follows outside from being up to date. */
export interface AdminFeedTrouble {
  readonly kind: string;
  readonly trouble: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A certificate of the gateway's own that will expire soon. */
export interface AdminCertificateWarning {
  readonly file: string;
  readonly warning: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface AdminView {
  readonly status: AdminStatus;
  upstreams(): Promise<AdminUpstreams>;
  /** The gateway serves all the same, with what it has. */
  readonly feedTroubles?: readonly AdminFeedTrouble[];
  readonly certificateWarnings?: readonly AdminCertificateWarning[];
  /** Where each canary is, by its route's name. */
  readonly canaryReports?: ReadonlyMap<string, object>;
  /** Null before the start. */
  readonly metrics: MetricRegistry | null;
}
