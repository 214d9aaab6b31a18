// An upstream's `pool`: limits of the connections to one endpoint from one worker.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import type { PoolConfig } from '../config.ts';

const countMax = 1_000_000;

export const poolSchema = z
  .strictObject({
    maxConnections: z.int().min(0).max(countMax).default(100).describe('Connections to one endpoint; 0 is no limit.'),
    maxPending: z
      .int()
      .min(0)
      .max(countMax)
      .default(500)
      .describe('Requests that may wait for a connection; beyond it 503 `upstream_queue_full`, at once.'),
    maxRequestsPerConnection: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(0)
      .describe('Requests on one connection before it is closed; 0 is no limit.'),
    maxStreams: z.int().min(1).max(countMax).default(100).describe('Streams on one HTTP/2 connection.'),
    idleTimeout: duration
      .prefault('60s')
      .describe(
        'How long a connection without a request is kept; at most three quarters of the time that the endpoint announces (`Keep-Alive: timeout=5`).',
      ),
    connectTimeout: duration.prefault('2s').describe('How long opening a connection may take.'),
  })
  .prefault({})
  .transform(
    ({ idleTimeout, connectTimeout, ...counts }): PoolConfig => ({
      ...counts,
      idleTimeoutMs: idleTimeout,
      connectTimeoutMs: connectTimeout,
    }),
  )
  .describe('Connections to one endpoint from one worker.');
