// `limits`: what a client may cost. Each limit has its own status or reason when it is exceeded.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { sizeBetween } from '../../base/schema/size.ts';
import type { LimitsConfig } from '../config.ts';
import { bytesPerSecond, sizeOrNone } from './size-field.ts';

const kib = 1024;
const countMax = 1_000_000_000;

/** A route's `limits`. */
export const routeLimitsSchema = z
  .strictObject({
    body: sizeOrNone.describe('Body of a request, in place of that of `limits`, larger or smaller. 0 is no limit.'),
  })
  .transform(({ body }) => ({ bodyBytesMax: body }))
  .describe('Limits of this route in place of those of all routes.');

/** The default of `limits.connections`: a bound that is not meant to be reached. */
export const CONNECTIONS_DEFAULT = 50_000;

export const limitsSchema = z
  .strictObject({
    requestLine: sizeBetween(64, 1024 * kib)
      .prefault('8KiB')
      .describe('Longest request line; beyond it 414.'),
    headerBytes: sizeBetween(256, 16_384 * kib)
      .prefault('32KiB')
      .describe('All of a request’s head; beyond it 431.'),
    headerCount: z.int().min(1).max(10_000).default(100).describe('Header fields in a head; beyond it 431.'),
    body: sizeOrNone.prefault(0).describe('Body of a request; beyond it 413. 0 is no limit.'),
    headerTimeout: duration.prefault('10s').describe('From the first byte of a head to the last; beyond it 408.'),
    bodyTimeout: duration.prefault('30s').describe('Between two pieces of a request’s body; beyond it 408.'),
    minimumRate: bytesPerSecond
      .prefault(100)
      .describe(
        'Slowest average, in bytes per second, at which a client may send a body or read a response; 0 is no limit.',
      ),
    // Load balancers in front close their idle connections after 60 s: a request must not cross with our close.
    keepAliveTimeout: duration.prefault('75s').describe('How long a connection may stay without a request.'),
    writeTimeout: duration.prefault('30s').describe('How long a client may read no byte of its response.'),
    requestsPerConnection: z
      .int()
      .min(0)
      .max(countMax)
      .default(0)
      .describe('Requests on one connection before it is closed; 0 is no limit.'),
    connections: z
      .int()
      .min(1)
      .max(countMax)
      .default(CONNECTIONS_DEFAULT)
      .describe('Open client connections per worker; beyond it new ones are closed at once.'),
    matchBody: sizeBetween(0, 64 * 1024 * kib)
      .prefault('64KiB')
      .describe(
        'Largest body that is held in memory to match on it; larger ones do not match. All of them together take 64 MiB in a worker, or four times this size; beyond that, the request whose body has been arriving longest gets 503 `overloaded`.',
      ),
  })
  .prefault({})
  .transform(
    (limits): LimitsConfig => ({
      requestLineBytesMax: limits.requestLine,
      headerBytesMax: limits.headerBytes,
      headerCountMax: limits.headerCount,
      bodyBytesMax: limits.body,
      headerTimeoutMs: limits.headerTimeout,
      bodyTimeoutMs: limits.bodyTimeout,
      minimumRateBytesPerSecond: limits.minimumRate,
      keepAliveTimeoutMs: limits.keepAliveTimeout,
      writeTimeoutMs: limits.writeTimeout,
      requestsPerConnectionMax: limits.requestsPerConnection,
      connectionsMax: limits.connections,
      matchBodyBytesMax: limits.matchBody,
    }),
  )
  .describe('What a client’s message or connection may cost before it is refused.');
