// Notices workers that come round to nothing any more, as in a loop without end: such a thread does not die, and its share of the connections
// would wait for ever. What becomes of them is its owner's business.

/** How often each is asked for a sign of life. */
const EVERY_MS = 5_000;
/** Compiling goes in slices and a collection takes a second at most: who says nothing for so long hangs. */
const SILENT_MAX_MS = 60_000;

export interface HangWatchOptions<Worker> {
  readonly workers: () => readonly Worker[];
  /** Resolves or rejects once the worker said anything. */
  readonly ask: (worker: Worker) => Promise<unknown>;
  readonly onHang: (worker: Worker, silentMs: number) => void;
}

export class HangWatch<Worker extends object> {
  private readonly options: HangWatchOptions<Worker>;
  /** Since when an answer is awaited of whom. */
  private readonly askedAt = new WeakMap<Worker, number>();
  private lookedAt = Infinity;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: HangWatchOptions<Worker>) {
    this.options = options;
  }

  start(): void {
    this.timer ??= setInterval(() => {
      // Because: a debugger holds threads up on purpose.
      if (process.getBuiltinModule('node:inspector').url() === undefined) this.look(performance.now());
    }, EVERY_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** One round, at this time of a clock that nobody sets. */
  look(now: number): void {
    // Where this thread was held up as well, answers wait to be read, or the whole process stood still.
    const wasAway = now - this.lookedAt > EVERY_MS * 2;
    this.lookedAt = now;
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
