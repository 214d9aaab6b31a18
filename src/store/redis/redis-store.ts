// Redis, Valkey, or a cluster of them, as filters and feed sources use it: commands that never wait for a server that is away,
// and subscriptions that come back by themselves. How limits are counted in it is in the files beside this one.

import type { Cluster, Redis } from 'ioredis';
import { Holds } from '../holds.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';
import { guardConnections } from './connection-guard.ts';
import { makeRedisClient, type RedisClient } from './redis-client.ts';
import { refusalCode } from './refusal-code.ts';
import { type ReturnWatch, watchForReturn } from './return-watch.ts';

type Argument = string | number | Buffer;

/** Some 64 MB/s: what a network and a busy server do at least. */
const SLOWEST_BYTES_A_MS = 64 * 1024;

/** Until a channel that was refused is asked for again. */
const LISTEN_AGAIN_MS = 1_000;

const SILENT = 'it does not answer';

export class RedisStore {
  readonly kind = 'redis';
  readonly spec: StoreSpec;
  readonly holds = new Holds();
  private opening: Promise<void> | null = null;
  private client: RedisClient | null = null;
  private subscriber: Promise<RedisClient> | null = null;
  private up = false;
  private closed = false;
  private why = '';
  private readonly closing = new Set<() => Promise<void>>();
  private watch: ReturnWatch | null = null;
  private readonly availabilityListeners = new Set<(available: boolean) => void>();
  private readonly channels = new Map<string, Set<(message: string) => void>>();
  /** By listener: whom to tell that it hears from now on. */
  private readonly listening = new Map<(message: string) => void, (refusal: string | null) => void>();

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /** Connects, and waits for the first try, at most `connectTimeout`. Never rejects: the store then is away, and tries on. */
  open(): Promise<void> {
    this.opening ??= this.connect();
    return this.opening;
  }

  /** Whether a command that is sent now is likely to be answered. */
  get available(): boolean {
    return this.up;
  }

  /** Why it is away, as far as anything is known of it: a code such as `WRONGPASS`, no address. Empty otherwise. */
  get trouble(): string {
    return this.why;
  }

  /** Hears of each change of `available`. Call what it returns to stop. */
  onAvailability(listener: (available: boolean) => void): () => void {
    this.availabilityListeners.add(listener);
    return () => this.availabilityListeners.delete(listener);
  }

  /** For what counts limits, beside this file: the client as it is, connected or not; null before `open`. */
  get driver(): RedisClient | null {
    return this.client;
  }

  /** A server that can be asked whether it is there; null when none is known. */
  get anyNode(): Redis | null {
    const { client } = this;
    // Because: `isCluster` tells the two clients apart, which their types do not say.
    return client?.isCluster ? ((client as Cluster).nodes('master')[0] ?? null) : (client as Redis | null);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** The name that a key has in Redis. */
  key(name: string): string {
    return this.spec.keyPrefix + name;
  }

  /**
   * Sends a command; keys are to be made by `key`. Rejects with `StoreAway` at once when the store is away, and when no answer comes
   * within `commandTimeout`; what Redis itself refuses rejects with its message. Opens the store when it is not open yet.
   */
  async command(name: string, ...args: readonly Argument[]): Promise<unknown> {
    const client = await this.connected();
    return await this.inTime(client.call(name, ...args), 0);
  }

  /** As `command`, for values that are bytes, and up to so many of them: what takes long for its size is no sign that the store is away. */
  async commandForBytes(bytesMax: number, name: string, ...args: readonly Argument[]): Promise<unknown> {
    const client = await this.connected();
    return await this.inTime(client.callBuffer(name, ...args), bytesMax / SLOWEST_BYTES_A_MS);
  }

  /**
   * Hears what is published on a channel (its name as in Redis), on a connection of its own that is made again when it is lost. What is
   * published meanwhile is missed: read the state again whenever `onListening` is called, at first and after each loss. It is not enough
   * that the store is available again, since this connection may come back later than that of the commands. Where Redis refuses the
   * channel it is called with the code (`NOPERM`), and null when it no longer does: Redis is asked again and again.
   */
  subscribe(
    channel: string,
    listener: (message: string) => void,
    onListening?: (refusal: string | null) => void,
  ): () => void {
    let listeners = this.channels.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.channels.set(channel, listeners);
      void this.subscription().then(
        client => this.listenTo(client, [channel]),
        () => {},
      );
    }
    const heard = listeners;
    heard.add(listener);
    if (onListening !== undefined) this.listening.set(listener, onListening);
    return () => {
      heard.delete(listener);
      this.listening.delete(listener);
      if (heard.size > 0 || this.channels.get(channel) !== heard) return;
      this.channels.delete(channel);
      void this.subscriber?.then(
        client => client.unsubscribe(channel).catch(() => {}),
        () => {},
      );
    };
  }

  /** What is to be told before the connections end. */
  onClose(last: () => Promise<void>): void {
    this.closing.add(last);
  }

  /** Ends all connections; what waits for an answer is told that the store is away. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.closing].map(last => last()));
    this.closed = true;
    this.become(false);
    this.watch?.stop();
    this.client?.disconnect();
    const { subscriber } = this;
    this.client = null;
    this.subscriber = null;
    this.channels.clear();
    // Because: one that is still being made finds the store closed, and there is none to end. Nobody waits for what is rejected here.
    const client = await subscriber?.catch(() => null);
    client?.disconnect();
  }

  private async connected(): Promise<RedisClient> {
    if (this.client === null) await this.open();
    const { client } = this;
    if (client === null || !this.up) throw this.away(this.closed ? 'it was closed' : this.why || 'no connection');
    return client;
  }

  private async connect(): Promise<void> {
    if (this.closed) return;
    const client = await this.made();
    if (client === null) return;
    this.client = client;
    client.on('ready', () => this.become(true));
    for (const event of ['close', 'end'] as const) client.on(event, () => this.become(false));
    let waited: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>(resolve => {
      waited = setTimeout(resolve, this.spec.connectTimeoutMs);
    });
    await Promise.race([client.connect().catch(() => {}), tooLong]);
    clearTimeout(waited);
    // Because: of a cluster the driver says so a moment after the connection was made.
    if (client.status === 'ready') this.become(true);
  }

  /** A client whose errors are no surprise; null when the store was closed meanwhile. */
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

  private subscription(): Promise<RedisClient> {
    this.subscriber ??= (async () => {
      const client = await this.made();
      if (client === null) throw this.away('it was closed');
      client.on('message', (channel: string, message: string) => {
        for (const listener of this.channels.get(channel) ?? []) listener(message);
      });
      // Because: the driver subscribes again to what it had, and knows nothing of what could not be sent.
      client.on('ready', () => {
        const names = [...this.channels.keys()];
        if (names.length > 0) void this.listenTo(client, names);
      });
      await client.connect().catch(() => {});
      return client;
    })();
    return this.subscriber;
  }

  private async listenTo(client: RedisClient, channels: readonly string[]): Promise<void> {
    try {
      await client.subscribe(...channels);
    } catch (error) {
      const code = refusalCode(error);
      // Where there is no answer it is tried again when the connection is back.
      if (code !== null) this.listenLater(client, channels, code);
      return;
    }
    this.tellListening(channels, null);
  }

  private listenLater(client: RedisClient, channels: readonly string[], code: string): void {
    this.tellListening(channels, code);
    const again = () => {
      const wanted = channels.filter(channel => this.channels.has(channel));
      if (wanted.length > 0 && client.status === 'ready') void this.listenTo(client, wanted);
    };
    setTimeout(again, LISTEN_AGAIN_MS).unref();
  }

  private tellListening(channels: readonly string[], refusal: string | null): void {
    for (const channel of channels) {
      for (const listener of this.channels.get(channel) ?? []) this.listening.get(listener)?.(refusal);
    }
  }

  /** The answer, or `StoreAway` after `commandTimeout` and what its bytes take: the store counts as away from then on. */
  private inTime(answer: Promise<unknown>, bytesMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.trip();
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

  /** The server does not answer: nobody waits for it until it does. */
  private trip(): void {
    if (this.closed || !this.up) return;
    this.why = SILENT;
    this.become(false);
    this.watch ??= watchForReturn(
      () => this.anyNode,
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
