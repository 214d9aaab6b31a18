// What a listener allows its HTTP/2 clients. Types and defaults; src/config/schemas/http2-schema.ts has the same for the configuration.

import type { FloodLimits } from '../../http/h2/flood-guard.ts';

export interface Http2Limits extends FloodLimits {
  readonly maxConcurrentStreams: number;
  /** Flow-control windows in bytes: what a client may send of request bodies before they are taken, per stream and per connection. */
  readonly initialWindow: number;
  readonly connectionWindow: number;
  /** The most bytes of responses that wait here for one client that does not take them. A single response may exceed it. */
  readonly maxHeldBytes: number;
  /** After this long without a byte from the client a PING is sent; after as long again without one, the client counts as gone. */
  readonly pingIntervalMs: number;
}

export const defaultHttp2Limits: Http2Limits = {
  maxConcurrentStreams: 100,
  initialWindow: 65_536,
  connectionWindow: 1_048_576,
  maxHeldBytes: 16_777_216,
  resetBurst: 200,
  resetsPerSecond: 20,
  pingIntervalMs: 60_000,
};
