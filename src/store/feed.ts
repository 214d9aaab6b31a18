// Contracts of feeds. A feed is data from outside that changes while the gateway runs and that every worker reads, such as an issuer's keys
// or revoked tokens. One source per process keeps it up to date. Contracts only; src/runtime/feeds runs the sources.

/** A value that can be posted between threads and compared by its JSON text. */
export type FeedSpec = string | number | boolean | null | readonly FeedSpec[] | { readonly [key: string]: FeedSpec };

/** Identifies one feed: the same kind with the same spec is the same feed, on every worker and over reloads. */
export interface FeedNeed {
  /** The kind of the source, such as `jwks`. */
  readonly kind: string;
  readonly spec: FeedSpec;
}

/** A worker's view of a feed. */
export interface Feed<Value> {
  /** The newest value; undefined until the first one has arrived. */
  readonly value: Value | undefined;
  /** Calls the listener with each new value, on this thread. The feed holds it strongly: call the returned function to remove it. */
  onChange(listener: (value: Value) => void): () => void;
  /**
   * Asks the source to look again; `hint` says what was missing. Cheap, but guarantees nothing: the source merges hints and
   * keeps to its own pace.
   */
  nudge(hint: string): void;
}

/** What a running source does for the process. */
export interface RunningFeed {
  /** Resolves when the first try is over, successful or not. The gateway waits for it briefly when it starts. */
  readonly ready: Promise<void>;
  nudge(hint: string): void;
  /** For the administrator: what is followed, how old its value is, and what is wrong. Contains no secret. */
  describe?(): Readonly<Record<string, string | number | null>>;
  /** Ends timers and connections. Nothing is published afterwards. */
  stop(): void;
}

/** Takes what a source has found. */
export interface FeedOutlet<Value> {
  /** Sends a value to every worker, including those that start later. The value must be structured-cloneable. */
  publish(value: Value): void;
  /** The memory that the workers' filters share under this name. Throws when no filter has asked for it. */
  sharedTable(name: string): SharedArrayBuffer;
  /**
   * Tells `/health/ready` and the operator what keeps the feed from being up to date; null when nothing does. Must not name secrets.
   */
  report(trouble: string | null): void;
  log(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields?: Readonly<Record<string, string | number | boolean>>,
  ): void;
}

/** A kind of feed. Runs in the supervisor's thread, once per distinct spec. */
export interface FeedSource<Value> {
  readonly kind: string;
  /** True: what was published before the source was stopped is out of date, and workers do not use it when the source starts again. */
  readonly staleAfterStop?: boolean;
  /**
   * What a spec follows, as text, without how it does so, such as the pace. A feed of which a reload has changed that takes over what the
   * running feed of the same origin has: otherwise it would have nothing while that origin is away. Sources without this method start with
   * nothing.
   */
  originOf?(spec: FeedSpec): string;
  /**
   * Must not throw: it reports problems to the outlet. `before` is a feed of this source with the same origin that still runs, if
   * there is one.
   */
  start(spec: FeedSpec, outlet: FeedOutlet<Value>, before?: RunningFeed): RunningFeed;
}

/** Identity of a feed, as text. */
export function feedKey({ kind, spec }: FeedNeed): string {
  return `${kind} ${JSON.stringify(spec)}`;
}
