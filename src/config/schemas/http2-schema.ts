// `listeners[].http2`: what clients that speak HTTP/2 may do. Applies to h2 and h2c alike.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { sizeBetween } from '../../base/schema/size.ts';
import type { Http2Config } from '../config.ts';
import { rate } from './rate.ts';

const kib = 1024;

export const http2Schema = z
  .strictObject({
    maxConcurrentStreams: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Requests in progress at once on one connection; more are refused, and clients try them again.'),
    initialWindow: sizeBetween(16 * kib, 16 * kib * kib)
      .prefault('64KiB')
      .describe('Bytes of a request’s body that a client may send ahead of the upstream.'),
    connectionWindow: sizeBetween(64 * kib, 256 * kib * kib)
      .prefault('1MiB')
      .describe(
        'Bytes of all bodies of a connection that may be on their way to the gateway at once. It does not bound what waits here for upstreams, which is `initialWindow` for each of `maxConcurrentStreams` at most: one upload that waits does not hold up the others.',
      ),
    maxHeld: sizeBetween(256 * kib, 1024 * kib * kib)
      .prefault('16MiB')
      .describe(
        'Bytes of responses that wait in memory for one client connection that reads more slowly than upstreams send. Beyond it, streams that need more are reset with ENHANCE_YOUR_CALM; a single response always has room.',
      ),
    resetBurst: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(200)
      .describe(
        'Streams that a client may reset, or have reset by breaking rules, at once; beyond it the connection ends with ENHANCE_YOUR_CALM.',
      ),
    resets: rate.prefault('20/s').describe('The rate at which `resetBurst` is refilled.'),
    pingInterval: duration
      .prefault('60s')
      .describe(
        'A client with requests in progress that is silent for this long gets a PING; after as long again without a byte it counts as gone.',
      ),
  })
  .prefault({})
  .transform(
    ({ resets, pingInterval, maxHeld, ...rest }): Http2Config => ({
      ...rest,
      maxHeldBytes: maxHeld,
      resetsPerSecond: (resets.count * 1000) / resets.perMs,
      pingIntervalMs: pingInterval,
    }),
  )
  .describe('Limits for clients that speak HTTP/2.');
