// Which server of a cluster has which slot, as the driver knows it. With one server alone everything is its.

import type { Cluster, Redis } from 'ioredis';
import type { RedisClient } from '../redis-client.ts';

/** Name of the one server that there is. */
const ALONE = '';

/** What the driver of a cluster knows of its slots, and does not tell its types. */
interface SlotMap {
  /** Names of the servers, master first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  /** Slots that may go in one pipeline have the same number; one that has just moved has none for a moment, whatever its servers are. */
  readonly _groupsBySlot: readonly (number | undefined)[];
}

/** Of one server's calls, those that the driver takes in one pipeline. */
export function pipelinesOf<Call extends { readonly slot: number }>(
  client: RedisClient | null,
  calls: readonly Call[],
): Iterable<readonly Call[]> {
  if (client === null || !client.isCluster || calls.length === 1) return [calls];
  const { _groupsBySlot: groups } = client as unknown as SlotMap; // Because: as said there
  const pipelines = new Map<number | undefined, Call[]>();
  for (const call of calls) {
    const group = groups[call.slot];
    const pipeline = pipelines.get(group);
    if (pipeline === undefined) pipelines.set(group, [call]);
    else pipeline.push(call);
  }
  return pipelines.values();
}

/** Which server has this slot now, as `host:port`. */
export function serverOf(client: RedisClient | null, slot: number): string {
  if (client === null || !client.isCluster) return ALONE;
  const { slots } = client as unknown as SlotMap; // Because: as said there
  return slots[slot]?.[0] ?? ALONE;
}

/** Null when there is no such server any more. */
export function serverNamed(client: RedisClient, name: string): Redis | null {
  // Because: `isCluster` tells the two clients apart, which their types do not say.
  if (!client.isCluster) return client as Redis;
  for (const node of (client as Cluster).nodes('all'))
    if (`${node.options.host}:${node.options.port}` === name) return node;
  return null;
}
