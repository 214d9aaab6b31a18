// Makes the driver's client for a store: one server or a cluster, with what the driver must not do for us switched off.

import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { StoreSpec } from '../store-spec.ts';

export type RedisClient = Redis | Cluster;

const RECONNECT_MIN_MS = 20;
/** Also by how much gateways come back apart, while those that are back admit what the others still take as their shares. */
const RECONNECT_MAX_MS = 200;
/** Of a cluster: how often a client looks for slots that moved, beside what the servers tell it. */
const SLOTS_EVERY_MS = 5_000;

/** Half of it is chance, so that gateways do not come back all at once. */
function reconnectDelay(attempt: number): number {
  const bound = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(attempt, 10));
  return bound / 2 + (Math.random() * bound) / 2;
}

/** Not connected yet. The driver is loaded here: a gateway without Redis pays nothing for it. */
export async function makeRedisClient(spec: StoreSpec): Promise<RedisClient> {
  const driver = await import('ioredis');
  const { nodes, kind } = spec;
  if (kind === 'redisCluster') return new driver.Cluster([...nodes], clusterOptions(spec));
  const [node] = nodes;
  const { host = '127.0.0.1', port = 6379 } = node ?? {};
  return new driver.Redis({ ...connectionOptions(spec), host, port, db: Number(spec.database), lazyConnect: true });
}

function connectionOptions(spec: StoreSpec) {
  const { username, password, tls, ca, connectTimeoutMs } = spec;
  return {
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(tls && { tls: ca === '' ? {} : { ca: readFileSync(ca, 'utf8') } }),
    connectTimeout: connectTimeoutMs,
    connectionName: 'cardea',
    retryStrategy: reconnectDelay,
    // Whoever asks a store that is away is told so at once, and a decision that was sent is never sent again.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A server that became a replica says so in answer to a write: look for the master again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
}

function clusterOptions(spec: StoreSpec) {
  const { retryStrategy: _own, enableOfflineQueue: _alone, ...redisOptions } = connectionOptions(spec);
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelay,
    slotsRefreshInterval: SLOTS_EVERY_MS,
    slotsRefreshTimeout: spec.connectTimeoutMs,
    maxRedirections: 3,
    retryDelayOnFailover: RECONNECT_MIN_MS,
    retryDelayOnClusterDown: RECONNECT_MIN_MS,
    retryDelayOnTryAgain: RECONNECT_MIN_MS,
    redisOptions,
  };
}
