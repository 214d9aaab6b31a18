// The feeds as one worker has them: the newest value and the listeners of each. The sources run in the supervisor.

import { type Feed, type FeedNeed, feedKey } from '../../store/feed.ts';

class WorkerFeed implements Feed<unknown> {
  value: unknown;
  private readonly listeners = new Set<(value: unknown) => void>();
  private readonly send: (hint: string) => void;

  constructor(send: (hint: string) => void) {
    this.value = undefined;
    this.send = send;
  }

  onChange(listener: (value: unknown) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  nudge(hint: string): void {
    this.send(hint);
  }

  become(value: unknown): void {
    this.value = value;
    // Because: the feed only starts anew. Its listeners wait for what it finds.
    if (value === undefined) return;
    for (const listener of this.listeners) listener(value);
  }
}

export class WorkerFeeds {
  private readonly feeds = new Map<string, WorkerFeed>();
  private readonly send: (key: string, hint: string) => void;

  /** `send` passes a nudge to the supervisor. */
  constructor(send: (key: string, hint: string) => void) {
    this.send = send;
  }

  /** The same object for the same need; exists before the first value arrives. */
  feed<Value>(need: FeedNeed): Feed<Value> {
    // Because: what a kind of feed carries is agreed between its source and its filter, and not known here.
    return this.at(feedKey(need)) as Feed<unknown> as Feed<Value>;
  }

  /** Takes a new value, or undefined when the values so far are no longer to be used. */
  receive(key: string, value: unknown): void {
    this.at(key).become(value);
  }

  private at(key: string): WorkerFeed {
    let feed = this.feeds.get(key);
    if (feed === undefined) {
      feed = new WorkerFeed(hint => this.send(key, hint));
      this.feeds.set(key, feed);
    }
    return feed;
  }
}
