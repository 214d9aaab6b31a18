// What a store listens to, over one connection of its own: channels, who hears them, and asking again for those that are refused.

import { keepHearing } from './hearing.ts';
import type { RedisClient } from './redis-client.ts';
import { refusalCode } from './refusal-code.ts';

export type MessageListener = (message: string) => void;
/** Called with null when a channel is heard from now on, and with Redis's code while it is refused. */
export type ListeningListener = (refusal: string | null) => void;

/** Pause before a refused channel is requested again. */
const LISTEN_AGAIN_MS = 1_000;

export class Subscriptions {
  private readonly make: () => Promise<RedisClient | null>;
  private client: Promise<RedisClient | null> | null = null;
  private stopHearing: (() => void) | null = null;
  private readonly channels = new Map<string, Set<MessageListener>>();
  private readonly listening = new Map<MessageListener, ListeningListener>();

  /** `make` gives a client that is not connected yet; null when the store is closed. */
  constructor(make: () => Promise<RedisClient | null>) {
    this.make = make;
  }

  /** Passes on what is published on a channel until the returned function is called. */
  add(channel: string, listener: MessageListener, onListening?: ListeningListener): () => void {
    let listeners = this.channels.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.channels.set(channel, listeners);
      void this.connected().then(
        client => (client === null ? undefined : this.listenTo(client, [channel])),
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
      void this.client?.then(
        client => client?.unsubscribe(channel).catch(() => {}),
        () => {},
      );
    };
  }

  /** Ends the connection. A client that is still being made ends by itself. */
  async close(): Promise<void> {
    const { client } = this;
    this.client = null;
    this.channels.clear();
    // Because: that no client could be made concerns nobody here.
    const made = await client?.catch(() => null);
    this.stopHearing?.();
    made?.disconnect();
  }

  private connected(): Promise<RedisClient | null> {
    this.client ??= this.connect();
    return this.client;
  }

  private async connect(): Promise<RedisClient | null> {
    const client = await this.make();
    if (client === null) return null;
    client.on('message', (channel: string, message: string) => {
      for (const listener of this.channels.get(channel) ?? []) listener(message);
    });
    // Because: the driver restores the subscriptions it had, but knows nothing of those that could not be sent.
    client.on('ready', () => {
      const names = [...this.channels.keys()];
      if (names.length > 0) void this.listenTo(client, names);
    });
    this.stopHearing = keepHearing(client);
    await client.connect().catch(() => {});
    return client;
  }

  private async listenTo(client: RedisClient, channels: readonly string[]): Promise<void> {
    try {
      await client.subscribe(...channels);
    } catch (error) {
      const code = refusalCode(error);
      // Without an answer, the subscription is tried again when the connection is back.
      if (code !== null) this.listenLater(client, channels, code);
      return;
    }
    this.tell(channels, null);
  }

  private listenLater(client: RedisClient, channels: readonly string[], code: string): void {
    this.tell(channels, code);
    const again = () => {
      const wanted = channels.filter(channel => this.channels.has(channel));
      if (wanted.length > 0 && client.status === 'ready') void this.listenTo(client, wanted);
    };
    setTimeout(again, LISTEN_AGAIN_MS).unref();
  }

  private tell(channels: readonly string[], refusal: string | null): void {
    for (const channel of channels) {
      for (const listener of this.channels.get(channel) ?? []) this.listening.get(listener)?.(refusal);
    }
  }
}
