// The feeds of the process, run in the supervisor: starts the sources that a configuration needs, keeps those that are still
// needed, and sends what they publish to every worker. What is being watched, and how, is the business of each source.

import { type FeedNeed, type FeedOutlet, type FeedSource, feedKey, type RunningFeed } from '../../store/feed.ts';
import type { LogFields, LogLevel } from '../../telemetry/operator-log.ts';

/** How long a rollout waits for the first value of a new feed: an unavailable source must not keep the gateway from starting. */
const FIRST_VALUE_WAIT_MS = 2_000;

/** Loaders of the sources by kind of feed; called when the kind is first needed. */
export type FeedSources = ReadonlyMap<string, () => Promise<FeedSource<unknown>>>;

export interface FeedDeskOptions {
  readonly sources: FeedSources;
  /** Sends a value to all workers; undefined takes back the values that were sent before. */
  readonly send: (key: string, value: unknown) => void;
  readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  /** Memory shared with filters, by name; undefined when no filter needs the table. */
  readonly sharedTable: (name: string) => SharedArrayBuffer | undefined;
}

/** A feed that is not up to date, and why. */
export interface FeedTrouble {
  readonly kind: string;
  readonly trouble: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

interface DeskEntry {
  readonly kind: string;
  /** See `FeedSource.originOf`; null for a source without it. */
  readonly origin: string | null;
  readonly running: RunningFeed;
  readonly staleAfterStop: boolean;
  value: unknown;
  hasValue: boolean;
  trouble: FeedTrouble | null;
  stopped: boolean;
}

export class FeedDesk {
  private readonly options: FeedDeskOptions;
  private readonly entries = new Map<string, DeskEntry>();
  /** Feeds that were stopped after they had sent values, which workers still hold and which are out of date. */
  private readonly ended = new Set<string>();

  constructor(options: FeedDeskOptions) {
    this.options = options;
  }

  /** Starts feeds that do not run yet, and waits up to FIRST_VALUE_WAIT_MS for their first try. Throws for a kind without a source. */
  async open(needs: readonly FeedNeed[]): Promise<void> {
    const missing = needs.filter(need => !this.entries.has(feedKey(need)));
    if (missing.length === 0) return;
    const sources = await Promise.all(missing.map(({ kind }) => this.source(kind)));
    const first: Promise<void>[] = [];
    for (const [index, need] of missing.entries()) {
      const key = feedKey(need);
      if (this.entries.has(key)) continue;
      if (this.ended.delete(key)) this.options.send(key, undefined);
      const entry = this.start(key, need, sources[index]!);
      this.entries.set(key, entry);
      first.push(entry.running.ready);
    }
    const wait = new AbortController();
    const tooLong = new Promise<void>(resolve => {
      const timer = setTimeout(resolve, FIRST_VALUE_WAIT_MS);
      wait.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    await Promise.race([Promise.allSettled(first), tooLong]);
    wait.abort();
  }

  /** Stops every feed that is not in `needs`. */
  keepOnly(needs: readonly FeedNeed[]): void {
    const kept = new Set(needs.map(feedKey));
    for (const [key, entry] of this.entries) {
      if (kept.has(key)) continue;
      this.entries.delete(key);
      entry.stopped = true;
      if (entry.hasValue && entry.staleAfterStop) this.ended.add(key);
      entry.running.stop();
    }
  }

  /** Sends a worker that has just started the current value of every feed. Sent all at once, so that later values arrive after these. */
  async tell(send: (key: string, value: unknown) => Promise<unknown>): Promise<void> {
    const known = Array.from(this.entries).filter(([, { hasValue }]) => hasValue);
    await Promise.all(known.map(([key, { value }]) => send(key, value)));
  }

  get troubles(): readonly FeedTrouble[] {
    return Array.from(this.entries.values()).flatMap(({ trouble }) => (trouble === null ? [] : [trouble]));
  }

  /** What the source of a feed reports about itself; null when the source reports nothing or the feed does not run. */
  describe(need: FeedNeed): Readonly<Record<string, string | number | null>> | null {
    return this.entries.get(feedKey(need))?.running.describe?.() ?? null;
  }

  nudge(key: string, hint: string): void {
    this.entries.get(key)?.running.nudge(hint);
  }

  stop(): void {
    this.keepOnly([]);
  }

  private async source(kind: string): Promise<FeedSource<unknown>> {
    const load = this.options.sources.get(kind);
    if (load === undefined) throw new Error(`there is no source for the feed "${kind}"`);
    return await load();
  }

  private start(key: string, { kind, spec }: FeedNeed, source: FeedSource<unknown>): DeskEntry {
    const { log, send, sharedTable } = this.options;
    // Because: a source may publish before `start` returns, and then there is no entry yet to keep the value in.
    const early: { value: unknown; hasValue: boolean; trouble: FeedTrouble | null } = {
      value: undefined,
      hasValue: false,
      trouble: null,
    };
    let entry: DeskEntry | null = null;
    const origin = source.originOf?.(spec) ?? null;
    const outlet: FeedOutlet<unknown> = {
      publish(value) {
        if (entry?.stopped) return;
        const place = entry ?? early;
        place.value = value;
        place.hasValue = true;
        send(key, value);
      },
      report(trouble) {
        if (entry?.stopped) return;
        const place = entry ?? early;
        const { trouble: told = null, since = Date.now() } = place.trouble ?? {};
        if (told === trouble) return;
        place.trouble = trouble === null ? null : { kind, trouble, since };
        if (trouble === null) log('info', 'feed is up to date again', { kind });
        else log('warn', 'feed is not up to date', { kind, reason: trouble });
      },
      log,
      sharedTable(name) {
        const table = sharedTable(name);
        if (table === undefined) throw new Error(`no filter said that it needs the shared table "${name}"`);
        return table;
      },
    };
    const running = source.start(spec, outlet, this.runningOf(kind, origin));
    entry = { kind, origin, running, staleAfterStop: source.staleAfterStop === true, stopped: false, ...early };
    return entry;
  }

  /** The running feed of this origin that has a value, if there is one. */
  private runningOf(kind: string, origin: string | null): RunningFeed | undefined {
    if (origin === null) return undefined;
    const entries = Array.from(this.entries.values());
    return entries.findLast(each => each.kind === kind && each.origin === origin && each.hasValue)?.running;
  }
}
