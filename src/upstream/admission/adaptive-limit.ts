// How many requests may be under way so that an upstream answers about as fast as it can: follows the gradient of latency, by trial. A
// state machine over shared cells; knows no clock and no sockets. After Netflix's concurrency-limits and Envoy's adaptive concurrency.

/** Latency that is still acceptable, as a multiple of the best recent latency. */
const TOLERANCE = 1.5;
/** A window is closed after this time when it has enough samples: at least `SAMPLES_MIN`. */
const WINDOW_MS = 100;
const SAMPLES_MIN = 20;
/**
 * A window also needs this many times the limit in samples. When latencies vary much, the best of small windows is a lucky one, and the
 * limit would shrink to fit it.
 */
const GENERATIONS = 3;
/** A window with too few samples is closed after this time all the same. */
const WINDOW_MAX_MS = 2_000;
/** Weight of a new window's latency in the smoothed latency. */
const SMOOTHING = 0.4;
/**
 * The best latency is that of the last one to two periods of this length. At the end of each, the limit is halved for a moment, so that the
 * best latency is seen again.
 */
const MEMORY_MS = 30_000;
/** Share of attempts without a response above which the limit shrinks, whatever the latency is. */
const FAILURES_MAX = 0.1;
const SHRINK = 0.8;
/** A thread that holds the lock for this long is taken to have been terminated while it closed a window. */
const CLOSER_GONE_MS = 1_000;
/** The limit is stored in sixteenths of a request. */
const PARTS = 16;

export interface AdaptiveSpec {
  readonly min: number;
  readonly max: number;
}

/** Offsets of the 32-bit cells from `at`. */
const Word = { limit: 0, samples: 1, latency: 2, failures: 3, peak: 4, lock: 5 } as const;
/** Offsets of the 64-bit cells from `timesAt`. */
const Time = { windowSince: 0, smoothed: 1, best: 2, bestBefore: 3, bestSince: 4 } as const;

export const ADAPTIVE_WORDS = 6;
export const ADAPTIVE_TIMES = 5;

export class AdaptiveLimit {
  private readonly spec: AdaptiveSpec;
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly times: Float64Array;
  private readonly timesAt: number;
  /** When this thread first found the lock taken, in milliseconds; 0 when it was free. */
  private takenSince = 0;

  /** Cells that are 0 are unused yet: the limit then starts at `min`. */
  constructor(spec: AdaptiveSpec, words: Int32Array, at: number, times: Float64Array, timesAt: number) {
    this.spec = spec;
    this.words = words;
    this.at = at;
    this.times = times;
    this.timesAt = timesAt;
  }

  get limit(): number {
    const parts = this.words[this.at + Word.limit]!;
    const { min, max } = this.spec;
    return parts === 0 ? min : Math.min(max, Math.max(min, Math.floor(parts / PARTS)));
  }

  /** Best recent latency in milliseconds; 0 when nothing is known. */
  get bestMs(): number {
    const best = this.times[this.timesAt + Time.best]!;
    const before = this.times[this.timesAt + Time.bestBefore]!;
    return best === 0 ? before : before === 0 ? best : Math.min(best, before);
  }

  /** A response began after `latencyMs`. `inFlight` is the number of requests that were under way then. */
  answered(latencyMs: number, inFlight: number, now: number): void {
    const { words, at } = this;
    Atomics.add(words, at + Word.samples, 1);
    // In tenths of a millisecond, each at most 30 seconds, so that a window's sum fits into 32 bits.
    Atomics.add(words, at + Word.latency, Math.min(300_000, Math.round(latencyMs * 10)));
    if (inFlight > words[at + Word.peak]!) words[at + Word.peak] = inFlight;
    this.closeWindow(now);
  }

  /** The attempt got no response, or not in time. */
  failed(now: number): void {
    Atomics.add(this.words, this.at + Word.failures, 1);
    this.closeWindow(now);
  }

  private closeWindow(now: number): void {
    const { words, at, times, timesAt } = this;
    const since = times[timesAt + Time.windowSince]!;
    if (since === 0) {
      times[timesAt + Time.windowSince] = now;
      times[timesAt + Time.bestSince] = now;
      return;
    }
    const samples = words[at + Word.samples]! + words[at + Word.failures]!;
    const age = now - since;
    if (age < WINDOW_MS) return;
    if (age < WINDOW_MAX_MS && samples < Math.max(SAMPLES_MIN, GENERATIONS * this.limit)) return;
    const stamp = this.takeLock(now);
    if (stamp === 0) return;
    // Another thread may have closed the window before this one got the lock.
    if (times[timesAt + Time.windowSince] === since) this.learn(now);
    Atomics.compareExchange(words, at + Word.lock, stamp, 0);
  }

  /**
   * Takes the lock and returns the stamp to release it with; 0 while another thread holds it. A lock held too long is taken over: a thread
   * that was terminated with it would freeze the limit for all workers.
   */
  private takeLock(now: number): number {
    const { words } = this;
    const lockAt = this.at + Word.lock;
    const holder = Atomics.compareExchange(words, lockAt, 0, 1);
    if (holder === 0) {
      this.takenSince = 0;
      return 1;
    }
    if (this.takenSince === 0) this.takenSince = now;
    if (now - this.takenSince < CLOSER_GONE_MS) return 0;
    this.takenSince = 0;
    const stamp = (holder % 1_000) + 1;
    return Atomics.compareExchange(words, lockAt, holder, stamp) === holder ? stamp : 0;
  }

  private learn(now: number): void {
    const { words, at, times, timesAt, spec } = this;
    const answers = Atomics.exchange(words, at + Word.samples, 0);
    const failures = Atomics.exchange(words, at + Word.failures, 0);
    const latency = Atomics.exchange(words, at + Word.latency, 0) / 10;
    const peak = Atomics.exchange(words, at + Word.peak, 0);
    times[timesAt + Time.windowSince] = now;
    const { limit } = this;
    let next: number = limit;
    if (failures > FAILURES_MAX * (answers + failures)) next = limit * SHRINK;
    else if (answers > 0) next = this.byGradient(Math.max(0.1, latency / answers), limit, peak);
    if (now - times[timesAt + Time.bestSince]! >= MEMORY_MS) {
      times[timesAt + Time.bestBefore] = times[timesAt + Time.best]!;
      times[timesAt + Time.best] = 0;
      times[timesAt + Time.bestSince] = now;
      // The smoothed value predates the halved limit; the next window is to count alone.
      times[timesAt + Time.smoothed] = 0;
      next = limit / 2;
    }
    words[at + Word.limit] = Math.round(Math.min(spec.max, Math.max(spec.min, next)) * PARTS);
  }

  private byGradient(meanMs: number, limit: number, peak: number): number {
    const { times, timesAt } = this;
    const before = times[timesAt + Time.smoothed]!;
    const smoothed = before === 0 ? meanMs : before + (meanMs - before) * SMOOTHING;
    times[timesAt + Time.smoothed] = smoothed;
    const best = times[timesAt + Time.best]!;
    if (best === 0 || smoothed < best) times[timesAt + Time.best] = smoothed;
    const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * this.bestMs) / smoothed));
    // When callers use less than half of the limit, good latency does not show that a higher limit would work.
    if (gradient === 1 && peak * 2 < limit) return limit;
    return limit * gradient + Math.sqrt(limit);
  }
}
