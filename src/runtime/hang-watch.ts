// Detects workers whose event loop no longer turns, as in an endless loop: such a thread does not exit, and its share of the connections
// would wait for ever. What to do with such a worker is decided by the owner of the watch.

/** How often each worker is asked for a sign of life. */
const EVERY_MS = 5_000;
/** Silence after which a worker counts as hung: compiling runs in slices, and a garbage collection takes a second at most. */
const SILENT_MAX_MS = 60_000;

export interface HangWatchOptions<Worker> {
  readonly workers: () => readonly Worker[];
  /** Resolves or rejects as soon as the worker has answered anything. */
  readonly ask: (worker: Worker) => Promise<unknown>;
  readonly onHang: (worker: Worker, silentMs: number) => void;
}

export class HangWatch<Worker extends object> {
  private readonly options: HangWatchOptions<Worker>;
  /** When each pending question was sent, by worker; milliseconds of the monotonic clock. No entry when no question is pending. */
  private readonly askedAt = new WeakMap<Worker, number>();
  private checkedAt = Infinity;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: HangWatchOptions<Worker>) {
    this.options = options;
  }

  start(): void {
    this.timer ??= setInterval(() => {
      // Because: a debugger pauses threads on purpose.
      if (process.getBuiltinModule('node:inspector').url() === undefined) this.checkAll(performance.now());
    }, EVERY_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** One round. `now` is in milliseconds of the monotonic clock. */
  checkAll(now: number): void {
    // A late round means that this thread was blocked too, with answers unread, or that the process was suspended: start over.
    const wasAway = now - this.checkedAt > EVERY_MS * 2;
    this.checkedAt = now;
    for (const worker of this.options.workers()) {
      const since = this.askedAt.get(worker);
      if (since === undefined) this.ask(worker, now);
      else if (wasAway) this.askedAt.set(worker, now);
      else if (now - since >= SILENT_MAX_MS) {
        this.askedAt.delete(worker);
        this.options.onHang(worker, now - since);
      }
    }
  }

  private ask(worker: Worker, now: number): void {
    this.askedAt.set(worker, now);
    const answered = () => void this.askedAt.delete(worker);
    this.options.ask(worker).then(answered, answered);
  }
}
