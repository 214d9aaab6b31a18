// Repeats a lookup: when the last result has expired, and after a failure with growing pauses. Publishes what changed, and keeps the last
// endpoints when they are no longer found. The source defines the lookup itself.

import { messageOf } from '../../base/message-of.ts';
import { Random } from '../../base/random.ts';
import type { FeedOutlet, RunningFeed } from '../../store/feed.ts';
import { type DiscoveredEndpoint, type DiscoveredSet, inOrder } from './discovery.ts';

/** Result of one lookup: at least one endpoint, and for how many milliseconds it is valid. */
export interface Look {
  readonly endpoints: readonly DiscoveredEndpoint[];
  readonly validMs: number;
  /** What could not be looked up besides, for the operator; null or left out when nothing was missing. */
  readonly trouble?: string | null;
}

/** What was found, and when, in milliseconds of the monotonic clock; 0 for never. */
export interface KnownEndpoints {
  readonly endpoints: readonly DiscoveredEndpoint[];
  readonly answeredAt: number;
}

/** Time as the loop needs it; tests pass in their own. */
export interface RefreshTime {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void;
}

export interface RefreshSettings {
  /** What is looked up, for the operator: `dns users.internal`. */
  readonly subject: string;
  /** Bounds of the time between two successful lookups. */
  readonly keptMinMs: number;
  readonly keptMaxMs: number;
  /** What is in use until the first lookup succeeds; no endpoints for nothing. */
  readonly before?: KnownEndpoints;
}

const systemTime: RefreshTime = {
  // Because: this runs in the supervisor, a few times a minute.
  now: () => performance.now(),
  after(ms, run) {
    // Because: as above.
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

const FIRST_PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 30_000;
/** Each lookup comes up to this share early, so that many gateways do not look up at the same moment. */
const JITTER = 0.1;

export class Refresh implements RunningFeed {
  readonly ready: Promise<void>;
  private readonly look: () => Promise<Look>;
  private readonly settings: RefreshSettings;
  private readonly outlet: FeedOutlet<DiscoveredSet>;
  private readonly time: RefreshTime;
  private readonly random: Random;
  private known: readonly DiscoveredEndpoint[] | null = null;
  private knownText = '';
  private answeredAt = 0;
  private triedAt = 0;
  /** When the next look is due. */
  private nextAt = Number.POSITIVE_INFINITY;
  private failures = 0;
  private trouble: string | null = null;
  private looking: Promise<void> | null = null;
  private cancel: (() => void) | null = null;
  private stopped = false;

  /** Starts the first lookup at once. `look` rejects with an error for the operator; a `keptSeconds` on it says when to ask again. */
  constructor(
    look: () => Promise<Look>,
    settings: RefreshSettings,
    outlet: FeedOutlet<DiscoveredSet>,
    time: RefreshTime = systemTime,
    random: Random = new Random(),
  ) {
    this.look = look;
    this.settings = settings;
    this.outlet = outlet;
    this.time = time;
    this.random = random;
    const { before } = settings;
    if (before !== undefined && before.endpoints.length > 0) {
      this.answeredAt = before.answeredAt;
      this.publish(inOrder(before.endpoints));
    }
    this.ready = this.lookNow();
  }

  get last(): KnownEndpoints {
    return { endpoints: this.known ?? [], answeredAt: this.answeredAt };
  }

  /** Looks again soon, but at most once in `keptMinMs`, or once a second if that is longer. */
  nudge(): void {
    if (this.stopped || this.looking !== null) return;
    const soonest = this.triedAt + Math.max(this.settings.keptMinMs, FIRST_PAUSE_MS);
    // After a failure the next look may be due sooner than that.
    if (soonest < this.nextAt) this.lookIn(Math.max(0, soonest - this.time.now()));
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  describe(): Readonly<Record<string, string | number | null>> {
    return {
      source: this.settings.subject,
      endpoints: this.known?.length ?? 0,
      ageSeconds: this.answeredAt === 0 ? null : Math.round((this.time.now() - this.answeredAt) / 1_000),
      trouble: this.trouble,
    };
  }

  private lookIn(ms: number): void {
    this.cancel?.();
    this.nextAt = this.time.now() + ms;
    this.cancel = this.time.after(ms, () => void this.lookNow());
  }

  private lookNow(): Promise<void> {
    this.triedAt = this.time.now();
    this.looking ??= this.look()
      .then(
        found => this.found(found),
        (error: unknown) => this.failed(error),
      )
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }

  private found({ endpoints, validMs, trouble = null }: Look): void {
    if (this.stopped) return;
    this.answeredAt = this.time.now();
    this.failures = 0;
    this.publish(inOrder(endpoints));
    this.trouble = trouble === null ? null : `${this.settings.subject}: ${trouble}`;
    this.outlet.report(this.trouble);
    const { keptMinMs, keptMaxMs } = this.settings;
    const kept = Math.min(keptMaxMs, Math.max(keptMinMs, validMs));
    this.lookIn(kept * (1 - JITTER * this.random.unit()));
  }

  /** Publishes endpoints that are in order, if they differ from those in use. */
  private publish(endpoints: readonly DiscoveredEndpoint[]): void {
    const text = JSON.stringify(endpoints);
    if (text === this.knownText) return;
    this.tellChange(endpoints);
    this.known = endpoints;
    this.knownText = text;
    this.outlet.publish({ endpoints });
  }

  private failed(error: unknown): void {
    if (this.stopped) return;
    const reason = messageOf(error);
    const count = this.known?.length ?? 0;
    const rest = count === 0 ? 'no endpoint is known yet' : `its last ${count} endpoint(s) stay in use`;
    this.trouble = `${this.settings.subject}: ${reason}; ${rest}`;
    this.outlet.report(this.trouble);
    const pause = Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.failures++, 10));
    const told = keptSecondsOf(error) * 1_000;
    const least = Math.min(this.settings.keptMaxMs, PAUSE_MAX_MS);
    // Half fixed, half random, so that gateways that lost the same server do not all return to it together.
    this.lookIn(Math.min(least, Math.max(pause, told)) * (0.5 + 0.5 * this.random.unit()));
  }

  private tellChange(now: readonly DiscoveredEndpoint[]): void {
    if (this.known === null) return;
    const before = new Set(this.known.map(placeOf));
    const after = new Set(now.map(placeOf));
    this.outlet.log('info', 'endpoints changed', {
      source: this.settings.subject,
      joined: [...after].filter(place => !before.has(place)).join(' '),
      left: [...before].filter(place => !after.has(place)).join(' '),
    });
  }
}

function placeOf({ address, port }: DiscoveredEndpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function keptSecondsOf(error: unknown): number {
  const kept = typeof error === 'object' && error !== null && 'keptSeconds' in error ? error.keptSeconds : undefined;
  return typeof kept === 'number' ? kept : 0;
}
