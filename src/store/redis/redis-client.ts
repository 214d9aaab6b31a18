// Makes the driver's client for a store: one server, a cluster, or the master that Sentinels name, with those features of the driver switched off that do harm here.

import type { Cluster, Redis } from 'ioredis';
import type { StoreSpec } from '../store-spec.ts';
import { refusalCode } from './refusal-code.ts';

export type RedisClient = Redis | Cluster;

type SentinelSpec = NonNullable<StoreSpec['sentinel']>;

const RECONNECT_MIN_MS = 20;
/** Also how far apart gateways come back; until then those that are back admit what the others still admit as their shares. */
const RECONNECT_MAX_MS = 200;
/** For a cluster: how often a client looks for slots that moved, besides what the servers report. */
const SLOTS_EVERY_MS = 5_000;

/** Milliseconds until the next attempt. Half of it is random, so that gateways do not all come back at once. */
function reconnectDelay(attempt: number): number {
  const bound = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(attempt, 10));
  return bound / 2 + (Math.random() * bound) / 2;
}

/** How often to look for the master behind a name that leads to a replica. Each look ends the connection, for readers as well. */
const LOOK_FOR_MASTER_EVERY_MS = 1_000;

/**
 * Whether to reconnect because of an error: a server that became a replica refuses writes with READONLY. Calls `onReplica` each time.
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

/** A client that is not connected yet. `onReplica` is called when a connection to a replica is given up. Loads the driver only here. */
export async function makeRedisClient(spec: StoreSpec, onReplica: () => void): Promise<RedisClient> {
  const driver = await import('ioredis');
  const { nodes, kind } = spec;
  if (kind === 'redisCluster') return new driver.Cluster([...nodes], clusterOptions(spec, onReplica));
  const [node] = nodes;
  const { host = '127.0.0.1', port = 6379 } = node ?? {};
  return new driver.Redis({
    ...connectionOptions(spec, onReplica),
    ...(spec.sentinel === undefined ? { host, port } : sentinelOptions(spec, spec.sentinel)),
    db: Number(spec.database),
    lazyConnect: true,
  });
}

/**
 * The Sentinels are asked for the master before each connection. Nothing listens for their announcements: a server that stops being the
 * master closes its connections or refuses writes, and a connection that is silent is given up; each leads to the question again.
 */
function sentinelOptions({ nodes, tls, authorities, commandTimeoutMs }: StoreSpec, sentinel: SentinelSpec) {
  const { master, username, password } = sentinel;
  return {
    sentinels: [...nodes],
    name: master,
    role: 'master' as const,
    ...(username !== '' && { sentinelUsername: username }),
    ...(password !== '' && { sentinelPassword: password }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: authorities === undefined ? {} : { ca: authorities } }),
    sentinelCommandTimeout: commandTimeoutMs,
    sentinelRetryStrategy: reconnectDelay,
  };
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
    // A command to a store that is away is rejected at once, and a decision that was sent is never sent again.
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
