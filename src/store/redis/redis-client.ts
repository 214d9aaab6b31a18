// Makes the driver's client for a store: one server or a cluster, with what the driver must not do for us switched off.

import type { Cluster, Redis } from 'ioredis';
import type { StoreSpec } from '../store-spec.ts';
import { refusalCode } from './refusal-code.ts';

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

/** How often the master is looked for behind a name that leads to a replica. Each time the connection ends, also for those who only read. */
const LOOK_FOR_MASTER_EVERY_MS = 1_000;

/**
 * Whether to connect anew for what a server said: one that became a replica says so in answer to a write. `onReplica` hears of it.
 */
function looksForMaster(onReplica: () => void): (error: Error) => boolean {
  let lookedAt = -Infinity;
  return error => {
    if (refusalCode(error) !== 'READONLY') return false;
    const now = performance.now();
    if (now - lookedAt < LOOK_FOR_MASTER_EVERY_MS) return false;
    lookedAt = now;
    onReplica();
    return true;
  };
}

/** Not connected yet. `onReplica` hears when a connection is given up because it leads to a replica. The driver is loaded here: a gateway without Redis pays nothing for it. */
export async function makeRedisClient(spec: StoreSpec, onReplica: () => void): Promise<RedisClient> {
  const driver = await import('ioredis');
  const { nodes, kind } = spec;
  if (kind === 'redisCluster') return new driver.Cluster([...nodes], clusterOptions(spec, onReplica));
  const [node] = nodes;
  const { host = '127.0.0.1', port = 6379 } = node ?? {};
  return new driver.Redis({
    ...connectionOptions(spec, onReplica),
    host,
    port,
    db: Number(spec.database),
    lazyConnect: true,
  });
}

function connectionOptions(spec: StoreSpec, onReplica: () => void) {
  const { username, password, tls, authorities, connectTimeoutMs } = spec;
  return {
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(tls && { tls: authorities === undefined ? {} : { ca: authorities } }),
    connectTimeout: connectTimeoutMs,
    connectionName: 'cardea',
    retryStrategy: reconnectDelay,
    // Whoever asks a store that is away is told so at once, and a decision that was sent is never sent again.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: looksForMaster(onReplica),
  };
}

function clusterOptions(spec: StoreSpec, onReplica: () => void) {
  const { retryStrategy: _own, enableOfflineQueue: _alone, ...redisOptions } = connectionOptions(spec, onReplica);
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
