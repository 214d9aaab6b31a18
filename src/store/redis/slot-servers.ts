// Which server of a cluster holds which slot, as the driver knows it. A single server holds all slots.

import type { Cluster, Redis } from 'ioredis';
import type { RedisClient } from './redis-client.ts';

/** Name of a server that stands alone. */
const ALONE = '';

/** What the driver of a cluster knows of its slots, but does not declare in its types. */
interface SlotMap {
  /** Names of the servers of each slot, master first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  /** Slots with the same number may share a pipeline; a slot that has just moved has none for a moment, whatever its servers are. */
  readonly _groupsBySlot: readonly (number | undefined)[];
}

/** Splits the calls to one server into pipelines that the driver accepts. */
export function pipelinesOf<Call extends { readonly slot: number }>(
  client: RedisClient | null,
  calls: readonly Call[],
): Iterable<readonly Call[]> {
  if (client === null || !client.isCluster || calls.length === 1) return [calls];
  const { _groupsBySlot: groups } = client as unknown as SlotMap; // Because: see SlotMap
  const pipelines = new Map<number | undefined, Call[]>();
  for (const call of calls) {
    const group = groups[call.slot];
    const pipeline = pipelines.get(group);
    if (pipeline === undefined) pipelines.set(group, [call]);
    else pipeline.push(call);
  }
  return pipelines.values();
}

/** The server that holds this slot now, as `host:port`; empty for a server that stands alone, and when not known. */
export function serverOf(client: RedisClient | null, slot: number): string {
  if (client === null || !client.isCluster) return ALONE;
  const { slots } = client as unknown as SlotMap; // Because: see SlotMap
  return slots[slot]?.[0] ?? ALONE;
}

/** The connection to the server of this name; null when there is no such server any more. */
export function serverNamed(client: Cluster, name: string): Redis | null {
  for (const node of client.nodes('all')) if (`${node.options.host}:${node.options.port}` === name) return node;
  return null;
}
