// Redis, Valkey, or a cluster of them, as filters and feed sources use it: commands that never wait for a server that is away, and
// subscriptions that are restored automatically. How limits are counted in Redis is in the files beside this one.

import type { Cluster, Redis } from 'ioredis';
import { Holds } from '../holds.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';
import { guardConnections } from './connection-guard.ts';
import { makeRedisClient, type RedisClient } from './redis-client.ts';
import { refusalCode } from './refusal-code.ts';
import { type ReturnWatch, watchForReturn } from './return-watch.ts';
import { SilentServers } from './silent-servers.ts';
import { type ListeningListener, type MessageListener, Subscriptions } from './subscriptions.ts';

type Argument = string | number | Buffer;

/** Some 64 MB/s, which a network and a busy server achieve at least. */
const SLOWEST_BYTES_A_MS = 64 * 1024;

const SILENT = 'it does not answer';

export class RedisStore {
  readonly kind = 'redis';
  readonly spec: StoreSpec;
  readonly holds = new Holds();
  private opening: Promise<void> | null = null;
  private client: RedisClient | null = null;
  private up = false;
  private closed = false;
  private why = '';
  private readonly closing = new Set<() => Promise<void>>();
  private watch: ReturnWatch | null = null;
  private silent: SilentServers | null = null; // of a cluster
  private readonly availabilityListeners = new Set<(available: boolean) => void>();
  private readonly subscriptions = new Subscriptions(() => this.made());

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /** Connects, and waits for the first try, at most `connectTimeoutMs`. Never rejects: a store that is away keeps trying to connect. */
  open(): Promise<void> {
    this.opening ??= this.connect();
    return this.opening;
  }

  /** Whether a command sent now is likely to be answered; of a cluster, whether any of its servers is connected. */
  get available(): boolean {
    return this.up;
  }

  /** Why the store is away, as far as it is known: a code such as `WRONGPASS`, without an address. Empty when nothing is wrong. */
  get trouble(): string {
    return this.why;
  }

  /** Calls the listener on each change of `available`, until the returned function is called. */
  onAvailability(listener: (available: boolean) => void): () => void {
    this.availabilityListeners.add(listener);
    return () => this.availabilityListeners.delete(listener);
  }

  /** For the counting of limits, beside this file: the driver's client, connected or not; null before `open`. */
  get driver(): RedisClient | null {
    return this.client;
  }

  /** Whether a command with this key, sent now, is likely to be answered: in a cluster, by the server that has the key. */
  answersFor(key: string): boolean {
    return this.up && this.silent?.has(key) !== true;
  }

  /** Notes that the server of this key did not answer: from now on it counts as away, in a cluster it alone, until it answers again. */
  noteSilence(key: string | Buffer | undefined): void {
    if (this.silent === null) this.trip();
    else if (key !== undefined) this.silent.note(key);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** The full name of a key in Redis, with the store's prefix. */
  key(name: string): string {
    return this.spec.keyPrefix + name;
  }

  /**
   * Sends a command; its keys must be made by `key`. Rejects with `StoreAway` at once when its server is away, and when no answer comes
   * within `commandTimeoutMs`; rejects with Redis's own message when Redis refuses. Opens the store when it is not open yet.
   */
  async command(name: string, ...args: readonly Argument[]): Promise<unknown> {
    const client = await this.connected(name, args);
    return await this.inTime(client.call(name, ...args), 0, [name, args]);
  }

  /** As `command`, for binary values of up to `bytesMax` bytes: the timeout grows with them, since a large value may take longer. */
  async commandForBytes(bytesMax: number, name: string, ...args: readonly Argument[]): Promise<unknown> {
    const client = await this.connected(name, args);
    return await this.inTime(client.callBuffer(name, ...args), bytesMax / SLOWEST_BYTES_A_MS, [name, args]);
  }

  /**
   * Passes on what is published on a channel (its name as in Redis), over a separate connection that is restored when it is lost. Messages
   * in between are missed: read the state again whenever `onListening` is called with null, at first and after each loss.
   * `onAvailability` is no substitute, since this connection may return later than that of the commands. While Redis refuses the channel,
   * `onListening` is called with the code (`NOPERM`), and Redis is asked again and again. The returned function ends the subscription.
   */
  subscribe(channel: string, listener: MessageListener, onListening?: ListeningListener): () => void {
    return this.subscriptions.add(channel, listener, onListening);
  }

  /** Registers what has to be sent before the connections end. */
  onClose(last: () => Promise<void>): void {
    this.closing.add(last);
  }

  /** Ends all connections; pending commands are rejected with `StoreAway`. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.closing].map(last => last()));
    this.closed = true;
    this.become(false);
    this.watch?.stop();
    this.silent?.stop();
    this.client?.disconnect();
    this.client = null;
    await this.subscriptions.close();
  }

  private async connected(name: string, args: readonly Argument[]): Promise<RedisClient> {
    if (this.client === null) await this.open();
    const { client } = this;
    if (client === null || !this.up) throw this.away(this.closed ? 'it was closed' : this.why || 'no connection');
    if (this.silent?.hasFor(name, args)) throw this.away(SILENT);
    return client;
  }

  private async connect(): Promise<void> {
    if (this.closed) return;
    const { Command } = await import('ioredis');
    const client = await this.made();
    if (client === null) return;
    this.client = client;
    // Because: `isCluster` tells the two clients apart, which their types do not.
    if (client.isCluster) this.silent = new SilentServers(client as Cluster, Command);
    client.on('ready', () => this.become(true));
    for (const event of ['close', 'end'] as const) client.on(event, () => this.become(false));
    let waited: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>(resolve => {
      waited = setTimeout(resolve, this.spec.connectTimeoutMs);
    });
    await Promise.race([client.connect().catch(() => {}), tooLong]);
    clearTimeout(waited);
    // Because: for a cluster, the driver emits `ready` a moment after the connection was made.
    if (client.status === 'ready') this.become(true);
  }

  /** A guarded client, not connected yet; null when the store was closed meanwhile. */
  private async made(): Promise<RedisClient | null> {
    const hear = (trouble: string) => {
      this.why = trouble;
    };
    const client = await makeRedisClient(this.spec, () => hear('READONLY'));
    guardConnections(client, this.spec.connectTimeoutMs, hear);
    if (!this.closed) return client;
    client.disconnect();
    return null;
  }

  /** The answer, or `StoreAway` after `commandTimeoutMs` and `bytesMs`, from when on the server counts as away. */
  private inTime(answer: Promise<unknown>, bytesMs: number, asked: [string, readonly Argument[]]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.noteSilence(this.silent?.firstKeyOf(...asked));
        reject(this.away(SILENT));
      }, this.spec.commandTimeoutMs + bytesMs);
      answer.then(
        value => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(refusalCode(error) === null ? this.away(this.why || 'the connection ended') : error);
        },
      );
    });
  }

  /** A server that stands alone does not answer: commands are rejected at once until it answers again. */
  private trip(): void {
    if (this.closed || !this.up) return;
    this.why = SILENT;
    this.become(false);
    this.watch ??= watchForReturn(
      () => this.client as Redis | null, // Because: a cluster has `silent` instead
      () => {
        this.watch = null;
        this.become(this.client !== null && this.client.status === 'ready');
      },
    );
  }

  private become(available: boolean): void {
    if (available && this.closed) return;
    if (available) {
      this.why = '';
      this.watch?.stop();
      this.watch = null;
    }
    if (this.up === available) return;
    this.up = available;
    for (const listener of this.availabilityListeners) listener(available);
  }

  private away(reason: string): StoreAway {
    return new StoreAway(this.spec.name, reason);
  }
}
