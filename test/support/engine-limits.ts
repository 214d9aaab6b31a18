// The limits of an engine in a test: those of the configuration, where they hinder no test.

import type { Limits } from '../../src/exchange/snapshot.ts';

export const engineLimits: Limits = {
  requestLineBytesMax: 8_192,
  headerBytesMax: 65_536,
  headerCountMax: 100,
  bodyBytesMax: 0,
  headerTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  minimumRateBytesPerSecond: 0,
  keepAliveTimeoutMs: 30_000,
  writeTimeoutMs: 10_000,
  requestsPerConnectionMax: 0,
  connectionsMax: 10_000,
  matchBodyBytesMax: 65_536,
};
