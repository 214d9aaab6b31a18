// What the supervisor tells of itself to whoever shows it: admin, and the ready line. Shapes only.

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
  /** Why the last reload changed nothing; null when it did not fail. */
  readonly lastFailure: ReloadFailure | null;
  /** Real addresses in the order of the configuration: `http://127.0.0.1:40123`. */
  readonly listeners: readonly string[];
  readonly workersWanted: number;
  readonly workersServing: number;
  readonly startedAt: number;
}

/** Endpoints as all workers together see them. */
export interface UpstreamsReport {
  readonly upstreams: readonly UpstreamState[];
  /** Workers that answered in time. */
  readonly workers: number;
}
