// What a listener allows its HTTP/2 clients. Shapes and defaults; the configuration has the same in src/config/http2-schema.ts.

import type { FloodLimits } from '../../http/h2/flood-guard.ts';

export interface Http2Limits extends FloodLimits {
  readonly maxConcurrentStreams: number;
  /** Bytes of a request's body that a client may send ahead, for a stream and for all of a connection. */
  readonly initialWindow: number;
  readonly connectionWindow: number;
  /** Bytes of answers that wait here for one client that does not take them. */
  readonly maxHeldBytes: number;
  /** Without a byte from the client for this long a PING is sent; without one for as long again it is gone. */
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
