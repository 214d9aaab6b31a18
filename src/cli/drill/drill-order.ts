// What a drill is asked to do, the same for every drill that runs one gateway.

import type { Config, UpstreamConfig } from '../../config/config.ts';

export interface DrillOrder {
  readonly file: string;
  readonly config: Config;
  /** The upstreams that were asked for, or all, without endpoints that are out of use by their weight. */
  readonly upstreams: readonly UpstreamConfig[];
  /** How long each failure, step or overload lasts. */
  readonly holdMs: number;
  /** How long a stand-in takes per request. */
  readonly serviceMs: number;
  /** Whether the report is for programs. */
  readonly json: boolean;
}
