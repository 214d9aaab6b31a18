// The servers of a cluster that left a question without an answer. Each is away by itself: the others go on being asked.

import type { Cluster, Command } from 'ioredis';
import { serverOfKey, watchKeyForReturn } from './key-return-watch.ts';
import type { ReturnWatch } from './return-watch.ts';

type Argument = string | number | Buffer;

export class SilentServers {
  private readonly client: Cluster;
  private readonly commandType: typeof Command;
  /** By the server's name. */
  private readonly watches = new Map<string, ReturnWatch>();
  private isStopped = false;

  /** Takes the driver's class of commands, since the driver is loaded only where there is a Redis. */
  constructor(client: Cluster, commandType: typeof Command) {
    this.client = client;
    this.commandType = commandType;
  }

  /** Whether the server of this key is silent, as far as is known. */
  has(key: string | Buffer): boolean {
    return this.watches.size > 0 && this.watches.has(serverOfKey(this.client, key));
  }

  /** As `has`, for the server that a command is for. */
  hasFor(name: string, args: readonly Argument[]): boolean {
    if (this.watches.size === 0) return false;
    const key = this.firstKeyOf(name, args);
    return key !== undefined && this.has(key);
  }

  /** The key that decides the server of a command; undefined for a command without a key, which any server answers. */
  firstKeyOf(name: string, args: readonly Argument[]): string | Buffer | undefined {
    return new this.commandType(name, [...args]).getKeys()[0];
  }

  /** Notes that the server of this key did not answer. It is asked for this key until it does. */
  note(key: string | Buffer): void {
    const name = serverOfKey(this.client, key);
    if (this.isStopped || this.watches.has(name)) return;
    this.watches.set(
      name,
      watchKeyForReturn(this.client, key, () => this.watches.delete(name)),
    );
  }

  stop(): void {
    this.isStopped = true;
    for (const watch of this.watches.values()) watch.stop();
    this.watches.clear();
  }
}
