// What the supervisor reports about the gateway, for the admin pages and the ready line. Shapes only.

import type { Config } from '../config/config.ts';
import type { UpstreamState } from './messages.ts';
import type { ReloadFailure } from './reload.ts';

export type Phase = 'starting' | 'serving' | 'draining';

export interface GatewayStatus {
  readonly phase: Phase;
  /** Null until the first configuration serves. */
  readonly config: Config | null;
  /** When the configuration was put to use, in milliseconds since 1970; 0 before. */
  readonly loadedAt: number;
  /** Why the last reload changed nothing; null when it succeeded. */
  readonly lastFailure: ReloadFailure | null;
  /** Real addresses in the order of the configuration, such as `http://127.0.0.1:40123`. */
  readonly listeners: readonly string[];
  readonly workersWanted: number;
  readonly workersServing: number;
  readonly startedAt: number;
}

/** Endpoint states, combined over all workers. */
export interface UpstreamsReport {
  readonly upstreams: readonly UpstreamState[];
  /** Workers that answered in time. */
  readonly workers: number;
}
