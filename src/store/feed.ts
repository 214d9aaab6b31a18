// A feed: something outside that changes while the gateway runs and that every worker reads, such as an issuer's keys or a set of
// revoked tokens. One source for the whole process keeps it up to date. Contracts only; who runs the sources is in src/runtime/feeds.

/** What can be posted between threads and compared by its text. */
export type FeedSpec = string | number | boolean | null | readonly FeedSpec[] | { readonly [key: string]: FeedSpec };

/** Names one feed: the same kind with the same spec is the same feed, on every worker and over reloads. */
export interface FeedNeed {
  /** Of the source, such as `jwks`. */
  readonly kind: string;
  readonly spec: FeedSpec;
}

/** A worker's view of a feed. */
export interface Feed<Value> {
  /** The newest value; undefined until the first one came. */
  readonly value: Value | undefined;
  /** Hears of each new value, on this thread. Held weakly by nobody: call what it returns to stop. */
  onChange(listener: (value: Value) => void): () => void;
  /**
   * Asks the source to look again, `hint` saying what was missed. Costs little, promises nothing: the source merges hints and
   * holds to its own pace.
   */
  nudge(hint: string): void;
}

/** What a running source does for the process. */
export interface RunningFeed {
  /** Resolves when the first try is over, well or not. A start of the gateway waits for it, for a short while. */
  readonly ready: Promise<void>;
  nudge(hint: string): void;
  /** For the administrator: what is followed, how old its value is, what is wrong. Nothing secret. */
  describe?(): Readonly<Record<string, string | number | null>>;
  /** Ends timers and connections. Nothing is published afterwards. */
  stop(): void;
}

/** Where a source puts what it found. */
export interface FeedOutlet<Value> {
  /** Every worker gets it, also those that start later. Structured-cloneable. */
  publish(value: Value): void;
  /** Memory that the workers' filters share, by a name that a need gives. Throws when none does. */
  sharedTable(name: string): SharedArrayBuffer;
  /**
   * What keeps the feed from being up to date, for `/health/ready` and the operator; null when nothing does. Names no secret.
   */
  report(trouble: string | null): void;
  log(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields?: Readonly<Record<string, string | number | boolean>>,
  ): void;
}

/** A kind of feed. Runs in the supervisor's thread, one a distinct spec. */
export interface FeedSource<Value> {
  readonly kind: string;
  /** Must not throw: what goes wrong is reported. */
  start(spec: FeedSpec, outlet: FeedOutlet<Value>): RunningFeed;
}

/** Identity of a feed. */
export function feedKey({ kind, spec }: FeedNeed): string {
  return `${kind} ${JSON.stringify(spec)}`;
}
